"""A process that copies until it is killed: ``copier.py FROM TO N`` dies by `kill -9` before its Nth write.

It says on standard output how many writes it made, if it comes to the end.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from continuum.portability.store_copy import copy_store
from continuum.storage import open_backend
from continuum.storage.repositories.copying import Copying

BATCH_ROWS = 20
WRITES = ("take_mark", "move_mark", "drop_mark", "drop_unused_tenant", "put", "remove")
P = ParamSpec("P")
Answer = TypeVar("Answer")


class Countdown:
    """Counts writes, and kills the process before one of them."""

    def __init__(self, last: int) -> None:
        self.made = 0
        self._last = last

    def watched(self, write: Callable[Concatenate[Copying, P], Answer]) -> Callable[Concatenate[Copying, P], Answer]:
        def counted(copying: Copying, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
            self.made += 1
            if self.made == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(copying, *args, **kwargs)

        return counted


if __name__ == "__main__":
    countdown = Countdown(int(sys.argv[3]))
    for name in WRITES:
        setattr(Copying, name, countdown.watched(getattr(Copying, name)))
    copy_store(open_backend(sys.argv[1]), open_backend(sys.argv[2]), batch_rows=BATCH_ROWS)
    print(countdown.made)
