"""PgBouncer in front of a server, in transaction mode: each transaction may get another connection."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from continuum.storage.private_postgres import free_port
from continuum.storage.tied_process import Account, Tie, account_without_rights, start_tied

ANSWER_SECONDS = 10.0
PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/bin"
"""Where systems keep it, besides the user's own path."""


@contextmanager
def transaction_pooler(url: str, *, connections: int = 4) -> Iterator[str]:
    """The URL of a pooler that serves everybody over so few connections to the server; same database, same login.

    Raises RuntimeError if PgBouncer is not installed or does not answer.
    """
    program = pgbouncer()
    account = account_without_rights()
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="pooler-"))
    try:
        _configure(folder, url, port, connections, account)
        with (folder / "log").open("wb") as log:
            process = start_tied([program, folder / "pgbouncer.ini"], Tie(account, signal.SIGTERM), log)
        try:
            pooled = _through(url, port)
            _wait_for(pooled, process, folder / "log")
            yield pooled
        finally:
            process.kill()
            process.wait(ANSWER_SECONDS)
    finally:
        shutil.rmtree(folder)


def pgbouncer() -> Path:
    """Where the program is. Raises RuntimeError that names the package."""
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:{PLACES}")
    if found is None:
        raise RuntimeError("PgBouncer is not installed; this needs it: apt-get install pgbouncer")
    return Path(found)


def _configure(folder: Path, url: str, port: int, connections: int, account: Account | None) -> None:
    parts = urlsplit(url)
    user, password = unquote(parts.username or "postgres"), unquote(parts.password or "")
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256" if password else "trust",
        "auth_file": folder / "users",
        "pool_mode": "transaction",
        "default_pool_size": connections,
        "max_client_conn": 1_000,
        "ignore_startup_parameters": "extra_float_digits",
    }
    lines = ["[databases]", f"* = host={parts.hostname} port={parts.port or 5432}", "[pgbouncer]"]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    _write(folder / "pgbouncer.ini", "\n".join(lines), account)
    doubled = [word.replace('"', '""') for word in (user, password)]
    _write(folder / "users", '"{}" "{}"\n'.format(*doubled), account)
    if account is not None:
        os.chown(folder, account.uid, account.gid)


def _write(path: Path, text: str, account: Account | None) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _through(url: str, port: int) -> str:
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError as exc:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer does not answer; its log: {log.read_text()[-1_500:]}") from exc
            time.sleep(0.02)
        else:
            return
