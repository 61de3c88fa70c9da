"""Several processes that serve as one: whichever is asked for metrics tells those of all.

Each keeps its figures in its own memory, and writes them to a file of a common folder when one of the others asks it
to, so that counting costs nothing more and an answer is of this moment. What a process counted stays in the sums
after its end: another one takes it over. A process that was killed loses what nobody had asked for yet; the sums
that somebody saw never go down.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final, Literal

from continuum.observability.families import Family, added_up, lasting, read, written

ANSWER_SECONDS: Final = 1.0
"""How long all others together have to write their figures; of one that does not, the last ones count."""
LOCK_SECONDS: Final = 2.0
WRITE_SECONDS: Final = 2.0
"""How often figures are written where processes cannot ask each other."""
FOLLOWERS_MAX: Final = 64
DONE: Final = b"."
_State = Literal["fresh", "silent", "ended"]
"""Whether another process has just written its figures, lives but does not answer, or has ended."""
_logger = logging.getLogger(__name__)


class WorkerGroup:
    """This process among those that share `folder`, which whoever started them all makes, private, and removes.

    `own` gives the figures of this process. Raises OSError if the folder cannot be written to.
    """

    def __init__(
        self, folder: Path, own: Callable[[], list[Family]], *, asks: bool = hasattr(socket, "AF_UNIX")
    ) -> None:
        self._folder = folder
        self._own = own
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._lock = threading.Lock()
        self._inherited: list[Family] = []
        self._closing = threading.Event()
        self._listener = self._listen() if asks else None
        self._write()
        self._thread = threading.Thread(target=self._serve, name="continuum-figures", daemon=True)
        self._thread.start()

    def gather(self) -> list[Family]:
        """The figures of all processes, added up. Blocks for `ANSWER_SECONDS` and `LOCK_SECONDS` at most."""
        with self._alone() as alone:
            found = [self._write()]
            for name, state in self._others().items():
                if state == "ended" and alone:
                    found.append(self._taken_over(name))
                else:
                    figures = self._figures(name)
                    found.append(figures if state == "fresh" else lasting(figures))
        return added_up(found)

    def close(self) -> None:
        """Leave what was counted to the others. Calling it again does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._listener is not None:
            with contextlib.suppress(OSError):
                _connected(self._socket_path(self._name), ANSWER_SECONDS).close()
        self._thread.join(ANSWER_SECONDS)
        if self._listener is not None:
            self._listener.close()
            self._socket_path(self._name).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):  # the one who made the folder was faster
            self._keep(lasting(added_up([self._own(), self._inherited])))

    # -- this process

    def _write(self) -> list[Family]:
        with self._lock:
            figures = added_up([self._own(), self._inherited])
            self._keep(figures)
            return figures

    def _keep(self, figures: list[Family]) -> None:
        draft = self._folder / f"{self._name}.{threading.get_ident()}.draft"
        draft.write_bytes(written(figures))
        draft.replace(self._file_path(self._name))

    def _listen(self) -> socket.socket | None:
        """A socket that others knock at; None where there can be none, as under a very long path."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self._socket_path(self._name)))
            listener.listen(FOLLOWERS_MAX)
        except OSError as exc:
            _logger.warning("processes cannot ask each other for their figures (%s); they are told late", exc)
            listener.close()
            return None
        return listener

    def _serve(self) -> None:
        """Write when somebody asks, else every now and then, until closed."""
        while not self._closing.is_set():
            if self._listener is None:
                self._closing.wait(WRITE_SECONDS)
                self._write_quietly()
                continue
            try:
                asking, _ = self._listener.accept()
            except OSError:
                self._closing.wait(WRITE_SECONDS)  # no more files to open: the next one may get an answer
                continue
            with asking:
                if not self._closing.is_set() and self._write_quietly():
                    asking.settimeout(ANSWER_SECONDS)
                    with contextlib.suppress(OSError):
                        asking.sendall(DONE)

    def _write_quietly(self) -> bool:
        try:
            self._write()
        except OSError as exc:
            _logger.warning("figures could not be written: %s", exc)
            return False
        return True

    # -- the others

    def _others(self) -> dict[str, _State]:
        """The other processes by name. All are asked before any is waited for."""
        names = sorted(path.stem for path in self._folder.glob("*.json") if path.stem != self._name)
        states: dict[str, _State] = {}
        until = time.monotonic() + ANSWER_SECONDS
        with contextlib.ExitStack() as stack:
            waiting: dict[str, socket.socket] = {}
            for name in names:
                path = self._socket_path(name)
                if not path.exists():
                    states[name] = self._state_by_age(name)
                    continue
                try:
                    waiting[name] = stack.enter_context(_connected(path, max(0.001, until - time.monotonic())))
                except OSError as exc:
                    states[name] = "silent" if isinstance(exc, TimeoutError | BlockingIOError) else "ended"
            for name, asked in waiting.items():
                states[name] = "fresh" if _answered(asked, until) else "silent"
        return states

    def _state_by_age(self, name: str) -> _State:
        """Of a process that cannot be asked."""
        try:
            age = time.time() - self._file_path(name).stat().st_mtime
        except FileNotFoundError:
            return "ended"
        return "fresh" if age < 3 * WRITE_SECONDS else "ended"

    def _figures(self, name: str) -> list[Family]:
        try:
            return read(self._file_path(name).read_bytes())
        except (OSError, ValueError) as exc:
            _logger.warning("the figures of process %s could not be read: %s", name, exc)
            return []

    def _taken_over(self, name: str) -> list[Family]:
        """What a process that has ended counted: from now on it is counted here."""
        figures = lasting(self._figures(name))
        with self._lock:
            self._inherited = added_up([self._inherited, figures])
        self._socket_path(name).unlink(missing_ok=True)
        self._file_path(name).replace(self._file_path(name).with_suffix(".ended"))
        self._write()
        self._file_path(name).with_suffix(".ended").unlink(missing_ok=True)
        return figures

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Have no other process gather meanwhile; gives False if that could not be had in time."""
        with (self._folder / "lock").open("w") as file:
            yield _locked(file)

    def _file_path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _socket_path(self, name: str) -> Path:
        return self._folder / f"{name}.sock"


def _connected(path: Path, seconds: float) -> socket.socket:
    """Raises OSError."""
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    asking.settimeout(seconds)
    try:
        asking.connect(str(path))
    except OSError:
        asking.close()
        raise
    return asking


def _answered(asked: socket.socket, until: float) -> bool:
    """Whether a process says that it has written its figures."""
    asked.settimeout(max(0.001, until - time.monotonic()))
    try:
        return asked.recv(1) == DONE
    except OSError:
        return False


def _locked(file: IO[str]) -> bool:
    """Whether the lock was got; it is given back when the file is closed."""
    try:
        import fcntl
    except ImportError:  # Windows: two scrapes at once may see the figures of an ended process twice
        return True
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        else:
            return True
