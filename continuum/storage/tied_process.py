"""Programs that end when we do, however we end, and that may run as somebody with fewer rights.

On Linux the kernel sees to it (PR_SET_PDEATHSIG). It signals when the *thread* that started a program ends, so one
thread stays for as long as the program runs; and a change of user would clear the wish, so a short script changes
the user first, makes the wish, and becomes the program. That also spares us `preexec_fn`, which may hang a process
that has threads.

Elsewhere, or where this user may not run Python itself, a shell waits for the end of a pipe that only we hold, then
signals the program. That is a best effort: who kills the shell too leaves the program running.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO

from continuum.errors import ConfigurationError

KERNEL_TIES = sys.platform == "linux"

_TIE = """\
import ctypes, os, sys
parent, wish, uid, gid = map(int, sys.argv[1:5])
if uid >= 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(1, wish, 0, 0, 0) != 0:
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
if os.getppid() != parent:
    sys.exit("the process that wanted this is gone")
os.execv(sys.argv[5], sys.argv[5:])
"""

_WATCH = 'read -r _; kill -s "$0" "$1"'
"""Nobody ever writes: `read` comes back when the last holder of the pipe is gone."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine, by number."""

    uid: int
    gid: int


def account_without_rights() -> Account | None:
    """`nobody` if we are root, for servers that refuse to run as root; None to run as who we are.

    Raises ConfigurationError on a system without that user.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as exc:
        raise ConfigurationError("root needs a user `nobody` to run this server; run it as an ordinary user") from exc
    return Account(nobody.pw_uid, nobody.pw_gid)


@dataclass(frozen=True, slots=True)
class Tie:
    """How a program is run."""

    account: Account | None = None
    """Who it runs as; None for who we are. Only root may choose."""
    last_signal: signal.Signals = signal.SIGTERM
    """What it gets when we end."""
    environment: Mapping[str, str] = field(default_factory=lambda: {"LC_ALL": "C", "PATH": os.defpath})
    """All of its environment. Messages are in English, for the few that are read here."""
    keep_open: Sequence[int] = ()
    """Descriptors that it inherits, e.g. of a lock that should last as long as it does."""


def run_tied(command: Sequence[str | Path], tie: Tie, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end with text on its input; what it said is in `stdout`, its complaints too.

    Raises OSError if it cannot be started; a status other than 0 is the caller's to look at.
    """
    process = _open(command, tie, subprocess.PIPE, subprocess.PIPE)
    watcher = None if _by_kernel() else _watch(process.pid, tie)
    try:
        said, _ = process.communicate(given.encode())
    except BaseException:
        process.kill()
        process.communicate()
        raise
    finally:
        _dismiss(watcher)
    return subprocess.CompletedProcess(list(command), process.returncode, said.decode("utf-8", "replace"), "")


def start_tied(command: Sequence[str | Path], tie: Tie, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C in a terminal is not meant for it.

    What it says goes to `log`. Raises OSError if it cannot be started.
    """
    started: Future[subprocess.Popen[bytes]] = Future()

    def keep() -> None:
        try:
            process = _open(command, tie, subprocess.DEVNULL, log)
        except OSError as exc:
            started.set_exception(exc)
            return
        watcher = None if _by_kernel() else _watch(process.pid, tie)
        started.set_result(process)
        process.wait()
        _dismiss(watcher)

    Thread(target=keep, daemon=True, name=f"keeps {Path(command[0]).name}").start()
    return started.result()


def _by_kernel() -> bool:
    return KERNEL_TIES and os.access(sys.executable, os.X_OK)


def _open(command: Sequence[str | Path], tie: Tie, given: int, said: int | IO[bytes]) -> subprocess.Popen[bytes]:
    words = [str(word) for word in command]
    account = tie.account
    if _by_kernel():
        ids = (os.getpid(), int(tie.last_signal), account.uid if account else -1, account.gid if account else -1)
        words = [sys.executable, "-I", "-S", "-c", _TIE, *map(str, ids), *words]
        account = None
    return subprocess.Popen(  # noqa: S603 - programs that our own code names
        words,
        stdin=given,
        stdout=said,
        stderr=subprocess.STDOUT,
        cwd="/",
        env=dict(tie.environment),
        pass_fds=tuple(tie.keep_open),
        start_new_session=True,
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _watch(pid: int, tie: Tie) -> subprocess.Popen[bytes]:
    command = ["/bin/sh", "-c", _WATCH, tie.last_signal.name.removeprefix("SIG"), str(pid)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - numbers only


def _dismiss(watcher: subprocess.Popen[bytes] | None) -> None:
    if watcher is not None:
        watcher.kill()
        watcher.communicate()
