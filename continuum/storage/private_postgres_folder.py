"""The folder of a private PostgreSQL: who may use it now, the password, the log, data that is still being made.

In it lie ``data`` (the server's), ``password``, ``server.log`` and two locks. ``starter.lock`` is held by whoever
started the server, so that nobody else does. ``server.lock`` is inherited by every process of the server, so it is
free when the last of them is gone, whoever killed what: only then is the folder touched again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from continuum.errors import ConfigurationError, StorageUnavailableError
from continuum.storage.tied_process import Account
from continuum.storage.wal_sync import sync_folder

LOOK_AGAIN_SECONDS = 0.01


class PrivateFolder:
    """Where one private server lives. With an `account` the data belongs to that user, the rest stays ours."""

    def __init__(self, path: Path, account: Account | None, *, syncs: bool) -> None:
        self.path = path.absolute()
        self.data = self.path / "data"
        self.log = self.path / "server.log"
        self._server_lock = self.path / "server.lock"
        self._password = self.path / "password"
        self._account = account
        self._syncs = syncs
        self._starter: int | None = None

    # -- who may use it

    @contextmanager
    def alone(self, wait_seconds: float) -> Iterator[int]:
        """Become the one who starts servers here, and wait for a former server's end; gives the server's lock.

        The right stays until `release`, or until the body raises. Raises StorageUnavailableError if somebody else
        has it or a former server does not end, ConfigurationError if the server's user cannot reach the folder.
        """
        self._make()
        if self._starter is None:
            self._starter = _try_lock(self.path / "starter.lock")
        if self._starter is None:
            raise self.taken()
        server_lock = None
        try:
            server_lock = self._former_server_gone(wait_seconds)
            yield server_lock
        except BaseException:
            self.release()
            raise
        finally:
            if server_lock is not None:
                os.close(server_lock)  # only the server's processes hold it now

    def taken(self) -> StorageUnavailableError:
        return StorageUnavailableError(
            f"{self.path}: a private PostgreSQL runs in this folder already; use it, stop it or name another folder"
        )

    def release(self) -> None:
        if self._starter is not None:
            os.close(self._starter)
            self._starter = None

    def _former_server_gone(self, wait_seconds: float) -> int:
        deadline = time.monotonic() + wait_seconds
        while (lock := _try_lock(self._server_lock)) is None:
            if time.monotonic() > deadline:
                raise StorageUnavailableError(
                    f"{self.path}: processes of a former server did not end in {wait_seconds:g} s; see {self.log}"
                )
            time.sleep(LOOK_AGAIN_SECONDS)
        return lock

    def _make(self) -> None:
        """Make the folder. Root's may be passed (not read) by others, or `nobody` would not reach the data in it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700 if self._account is None else 0o711)
        except OSError as exc:
            raise StorageUnavailableError(f"{self.path}: cannot hold a private PostgreSQL: {exc}") from exc
        if self._account is not None:
            self._check_way(self._account.uid)

    def _check_way(self, uid: int) -> None:
        """Refuse a folder that the server's user cannot reach: opening the folders above is not ours to do."""
        for parent in self.path.resolve().parents:
            about = parent.stat()
            if not about.st_mode & 0o001 and about.st_uid != uid:
                raise ConfigurationError(
                    f"{self.path}: started by root, PostgreSQL runs as `nobody`, who may not pass through {parent}; "
                    f"name a folder elsewhere, e.g. below /var/lib, run as an ordinary user, or run chmod o+x {parent}"
                )

    # -- data that is being made

    def partial(self) -> Path:
        """An empty folder of the server's user; what a killed attempt left in it is removed."""
        partial = self.path / "data.partial"
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(mode=0o700)
        self._give(partial)
        return partial

    def take_over(self, partial: Path) -> None:
        """Make the ``data`` in a partial folder the server's, at once."""
        (partial / "data").rename(self.data)
        shutil.rmtree(partial)
        if self._syncs:
            sync_folder(self.path)

    def secret_for_server(self, path: Path, text: str) -> None:
        """Write a file that only the server's user reads."""
        _write_secret(path, text)
        self._give(path)

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.uid, self._account.gid)

    # -- password and log

    @property
    def password(self) -> str:
        """What is kept, or '' if nothing is."""
        try:
            return self._password.read_text().strip()
        except FileNotFoundError:
            return ""

    def keep_password(self, password: str) -> None:
        _write_secret(self._password, password)

    def rotate_log(self) -> None:
        """Begin a new log; the one before stays as ``server.log.1``."""
        if self.log.exists():
            self.log.replace(self.path / "server.log.1")

    def open_log(self) -> IO[bytes]:
        return os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    # -- the server's note

    def is_ready(self, pid: int) -> bool:
        """Whether the server with this number says in its note that it takes callers; remembers whose note it was."""
        try:
            lines = self._note.read_text().splitlines()
        except FileNotFoundError:
            return False
        if len(lines) < 8 or lines[0] != str(pid) or lines[7].strip() != "ready":
            return False
        self._server_lock.write_text("\n".join(lines[:3]) + "\n")
        return True

    def remove_stale_note(self) -> None:
        """Remove the note of the server whose end we have just seen, if it was killed and left one.

        Its number may be somebody else's by now, in a container most of all, and PostgreSQL would not start.
        """
        whose = self._server_lock.read_text()
        if whose and self._note.exists() and self._note.read_text().startswith(whose):
            self._note.unlink()

    @property
    def _note(self) -> Path:
        return self.data / "postmaster.pid"


def _try_lock(path: Path) -> int | None:
    import fcntl  # not on Windows, where no private server runs

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(descriptor)
    partial.rename(path)
