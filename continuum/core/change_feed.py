"""What happened to a tenant, entry by entry, wherever it was written: read from the log, followed as it grows.

The position in the log is the truth: a change is given because the log holds it, never because somebody said so.
Wakes only make a follower look earlier than its next poll, so a lost one costs time and nothing else.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field

from continuum.domain.clock import Micros
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.domain.records import LogKind
from continuum.errors import ConflictError, InvalidInputError, StorageError
from continuum.storage.base import StorageBackend
from continuum.storage.repositories.feed import FeedEntry, Said, read_feed
from continuum.storage.wakes import Subscription, Wakes

CHANGES_MAX = 1_000
"""The most changes read at once."""
POLL_SECONDS = 5.0
STOP_SECONDS = 0.5
"""A follower that waits looks this often whether it is to stop."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log, as it stands when it is read, without its words.

    An entry that was forgotten before it was read has the kind ``erased``.
    """

    seq: int
    kind: LogKind
    entry_id: str
    recorded_at: Micros
    concerns: tuple[int, ...] = ()
    """Earlier positions that it erases, revises, hides, puts back or supersedes, where it names them."""
    said: Said | None = None
    """Whose message it is; None for other kinds, and for a message that is hidden by a quarantine."""


@dataclass(slots=True, eq=False)
class _Follower:
    """One `follow` that is under way; `position` is the last change it was given."""

    position: int
    woken: threading.Event = field(default_factory=threading.Event)
    is_cut_off: bool = False
    """Whether the store was away when it last looked."""


class ChangeFeed:
    """Reads and follows the logs of any tenants of one store, from any number of threads.

    All followers of a process share one subscription, held while there are any; of a tenant that nobody follows
    nothing is kept.
    """

    def __init__(self, backend: StorageBackend, wakes: Wakes) -> None:
        self._backend = backend
        self._wakes = wakes
        self._begin_anew()
        at_fork(self, in_child=ChangeFeed._renew)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._followers: dict[str, set[_Follower]] = {}
        self._subscription: Subscription | None = None

    def _renew(self) -> None:
        """In a forked child only one follower may go on, that of the thread which forked: it comes back by itself."""
        for followers in self._followers.values():
            for follower in followers:
                follower.woken = threading.Event()
        self._begin_anew()

    def position(self, tenant_id: TenantId) -> int:
        """The newest position of the tenant's log, 0 for an unknown tenant. Raises StorageError."""
        return read_feed(self._backend, tenant_id, 0, 1).position

    def changes(self, tenant_id: TenantId, after_seq: int, *, limit: int = CHANGES_MAX) -> list[Change]:
        """The next changes after a position, oldest first, at most `limit` (1 to 1,000); empty if there are none.

        Positions ascend. Raises InvalidInputError; ConflictError if the log ends before `after_seq`, so that it
        is another one than was read before; StorageError.
        """
        if after_seq < 0:
            raise InvalidInputError("after_seq", "must be 0 or a position of the log", limit=0)
        if not 1 <= limit <= CHANGES_MAX:
            raise InvalidInputError("limit", f"must be from 1 to {CHANGES_MAX}", limit=CHANGES_MAX)
        page = read_feed(self._backend, tenant_id, after_seq, limit)
        if page.position < after_seq:
            raise ConflictError(
                f"tenant {tenant_id}: the log ends at {page.position}, before {after_seq}; it was restored from an "
                "earlier copy or is another one: read it again from 0"
            )
        return [_change(entry) for entry in page.entries]

    def follow(
        self, tenant_id: TenantId, after_seq: int, *, stop: threading.Event, poll_seconds: float = POLL_SECONDS
    ) -> Generator[Change, None, None]:
        """Each change after a position, once, in order, without a gap, as it is committed by whatever process.

        Waits for the next one until `stop` is set, and ends within half a second of it, or of the poll that is under
        way. While the store is away it waits and tries again, each `poll_seconds`. To go on later, follow from the
        `seq` of the last change. Raises as `changes` does, where trying again does not help.
        """
        if poll_seconds <= 0:
            raise InvalidInputError("poll_seconds", "must be greater than 0", limit=0)
        follower = _Follower(after_seq)
        key = self._wakes.key_of(tenant_id)
        try:
            while not stop.is_set():
                self._heed(key, follower)  # first: what is committed after the read that follows is heard of
                found = self._looked(tenant_id, follower)
                for change in found:
                    if stop.is_set():
                        return
                    follower.position = change.seq
                    yield change
                if len(found) < CHANGES_MAX:
                    _wait(follower, stop, poll_seconds)
        finally:
            self._leave(key, follower)

    def _looked(self, tenant_id: TenantId, follower: _Follower) -> list[Change]:
        follower.woken.clear()
        try:
            found = self.changes(tenant_id, follower.position)
        except StorageError as exc:
            if not exc.retryable:
                raise
            _logger.log(logging.DEBUG if follower.is_cut_off else logging.WARNING, "following %s: %s", tenant_id, exc)
            follower.is_cut_off = True
            return []
        follower.is_cut_off = False
        return found

    def _heed(self, key: str, follower: _Follower) -> None:
        """See that the follower is woken; again each time, since a fork or a closed store ends subscriptions."""
        with self._lock:
            self._followers.setdefault(key, set()).add(follower)
            if self._subscription is None or self._subscription.closed:
                self._subscription = self._wakes.subscribe(self._wake)

    def _leave(self, key: str, follower: _Follower) -> None:
        with self._lock:
            followers = self._followers.get(key, set())
            followers.discard(follower)
            if not followers:
                self._followers.pop(key, None)
            if not self._followers and self._subscription is not None:
                self._subscription.close()
                self._subscription = None

    def _wake(self, key: str | None, seq: int) -> None:
        with self._lock:
            if key is None:
                woken = [each for followers in self._followers.values() for each in followers]
            else:
                woken = [each for each in self._followers.get(key, ()) if each.position < seq]
        for follower in woken:
            follower.woken.set()


def _wait(follower: _Follower, stop: threading.Event, seconds: float) -> None:
    """Wait to be woken, at most so long; several short waits, because `stop` wakes nobody."""
    deadline = time.monotonic() + seconds
    while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
        if follower.woken.wait(min(left, STOP_SECONDS)):
            return


def _change(entry: FeedEntry) -> Change:
    return Change(entry.seq, entry.kind, entry.entry_id, entry.recorded_at, _concerned(entry), entry.said)


def _concerned(entry: FeedEntry) -> tuple[int, ...]:
    told = json.loads(entry.payload)
    if entry.kind == "revision":
        return (told["seq"],)
    return tuple(told.get("messages" if entry.kind == "supersession" else "seqs", ()))
