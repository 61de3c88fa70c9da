"""A process that learns while it is interrupted: ``interrupted.py PATH SEED WAY``.

It prints each exchange that was acknowledged, and in the end how often it was interrupted. `WAY` is ``timer`` (the
main thread, by a signal) or ``threads`` (others, by an exception that is put into them).
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import threading
from types import FrameType

from continuum.storage import StorageBackend, open_backend, unit_of_work
from tests.durability.exchanges import TENANT, write_exchange

LEARNS = 300
LONGEST_SECONDS = 0.002


class Interrupted(BaseException):
    """Arrives between any two steps."""


def _interrupt(_: int, __: FrameType | None) -> None:
    raise Interrupted


def learn(backend: StorageBackend, name: str) -> None:
    write_exchange(backend, name)
    os.write(1, f"{name}\n".encode())
    with unit_of_work(backend, TENANT) as work:
        assert work.tenants.counts().messages


def interrupted_by_timer(backend: StorageBackend, rng: random.Random) -> int:
    """How often a timer stopped a learn of the main thread."""
    signal.signal(signal.SIGALRM, _interrupt)
    times = 0
    for number in range(LEARNS):
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.00005, LONGEST_SECONDS))
            learn(backend, f"timer-{number}")
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Interrupted:
            times += 1
    return times


def interrupted_in_threads(backend: StorageBackend, rng: random.Random) -> int:
    """How often an exception was put into a thread that learns, while another learns undisturbed."""
    stopped: list[object] = []
    threading.excepthook = stopped.append
    beside = threading.Thread(target=_learn_undisturbed, args=(backend,))
    beside.start()
    for number in range(LEARNS):
        began = threading.Event()
        thread = threading.Thread(target=_begin_and_learn, args=(began, backend, f"thread-{number}"))
        thread.start()
        assert began.wait(30)
        threading.Event().wait(rng.uniform(0.00005, LONGEST_SECONDS))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Interrupted))
        thread.join()
    beside.join()
    return len(stopped)


def _learn_undisturbed(backend: StorageBackend) -> None:
    for number in range(LEARNS):
        learn(backend, f"beside-{number}")


def _begin_and_learn(began: threading.Event, backend: StorageBackend, name: str) -> None:
    began.set()
    learn(backend, name)


def main(path: str, seed: str, way: str) -> None:
    backend = open_backend(path, timeout_seconds=5.0)
    run = interrupted_by_timer if way == "timer" else interrupted_in_threads
    times = run(backend, random.Random(seed))
    learn(backend, "afterwards")
    os.write(1, f"interrupted {times}\n".encode())
    sys.stdin.read()  # another process learns while this one is still there
    backend.close_all()


if __name__ == "__main__":
    main(*sys.argv[1:])
