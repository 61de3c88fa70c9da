"""Answers that are believed for a short time, by the hash of what was asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from continuum.domain.forking import at_fork

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """At most `size` answers, each until its time is over; the one used longest ago goes first.

    May be used from several threads; each call is O(1) but `drop`.
    """

    def __init__(self, size: int, monotonic: Callable[[], float]) -> None:
        self._size = size
        self._monotonic = monotonic
        self._answers: OrderedDict[bytes, tuple[float, Answer]] = OrderedDict()
        self._drops = 0
        self._lock = threading.Lock()
        at_fork(self, in_child=Remembered._renew)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, digest: bytes) -> bool:
        with self._lock:
            return self._entry(digest) is not None

    def get(self, digest: bytes) -> Answer | None:
        with self._lock:
            entry = self._entry(digest)
        return None if entry is None else entry[1]

    def _entry(self, digest: bytes) -> tuple[float, Answer] | None:
        entry = self._answers.get(digest)
        if entry is None:
            return None
        if entry[0] <= self._monotonic():
            del self._answers[digest]
            return None
        self._answers.move_to_end(digest)
        return entry

    def begin(self, seconds: float) -> Asking[Answer]:
        """Say that something is being asked now: its answer will be believed for `seconds` from now.

        What is dropped meanwhile, is dropped for this answer too.
        """
        return Asking(self, self._monotonic() + seconds, self._drops)

    def drop(self, is_stale: Callable[[Answer], bool]) -> None:
        """Forget answers, those that are being asked for included. Reads all of them: for rare occasions."""
        with self._lock:
            self._drops += 1
            for digest in [digest for digest, (_, answer) in self._answers.items() if is_stale(answer)]:
                del self._answers[digest]

    def _keep(self, digest: bytes, answer: Answer, until: float, drops: int) -> None:
        with self._lock:
            if drops != self._drops:
                return
            self._answers[digest] = (until, answer)
            self._answers.move_to_end(digest)
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)


class Asking(Generic[Answer]):
    """An answer that is on its way; `keep` remembers it, counted from when it was asked for."""

    __slots__ = ("_drops", "_remembered", "_until")

    def __init__(self, remembered: Remembered[Answer], until: float, drops: int) -> None:
        self._remembered = remembered
        self._until = until
        self._drops = drops

    def keep(self, digest: bytes, answer: Answer) -> None:
        self._remembered._keep(digest, answer, self._until, self._drops)
