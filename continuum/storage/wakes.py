"""Wakes: hints that a tenant's log has grown, so that whoever waits for it looks now and not at the next poll.

A wake carries no truth. It may come late, twice, for nothing, or never: what happened is what the log says.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType

from continuum.domain.forking import at_fork

Wake = Callable[[str | None, int], None]
"""Hears of a tenant, by the name that `Wakes.key_of` gives it, and of its newest position; or None and 0: look at all.

It is called in the thread that wrote or in one that listens: it returns at once, and raises nothing.
"""

PENDING_MAX = 2_000
"""Tenants that are remembered one by one until they are announced; with more of them, everything may have changed."""


class Subscription:
    """Lasts until it is closed, by its holder or by the wakes that gave it."""

    __slots__ = ("_ended", "callback", "closed")

    def __init__(self, callback: Wake, ended: Callable[[Subscription], None]) -> None:
        self.callback = callback
        self.closed = False
        self._ended = ended

    def close(self) -> None:
        """Hear no more, but for a wake that is on its way already. Closing twice is once."""
        self._ended(self)

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Wakes(ABC):
    """Carries wakes from those who write to those who wait.

    Laws:

    - `announce` never waits and never raises, and what it keeps is bounded, whatever happened to a server.
    - After a subscription has begun, each announcement of this process reaches it; those of other processes reach
      it if they can, and whenever some may have been missed it gets a wake for everything.
    - After `close`, and in a forked child, nobody is subscribed and no thread runs; both may begin anew.
    """

    @abstractmethod
    def key_of(self, tenant_id: str) -> str:
        """The name by which wakes speak of a tenant."""

    @abstractmethod
    def announce(self, tenant_id: str, seq: int) -> None:
        """Say, after the commit, that a tenant's log now reaches `seq`."""

    @abstractmethod
    def subscribe(self, callback: Wake) -> Subscription:
        """Call `callback` with each wake until the subscription is closed."""

    @abstractmethod
    def close(self) -> None:
        """End all subscriptions and threads."""


class LocalWakes(Wakes):
    """Wakes within this process; other processes find out when they poll."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._heard_by: tuple[Subscription, ...] = ()
        at_fork(self, in_child=LocalWakes._renew)

    def _renew(self) -> None:
        """In a forked child: a thread of the parent may hold the lock; those who waited are not here."""
        self._lock = threading.Lock()
        self.close()

    def key_of(self, tenant_id: str) -> str:
        return tenant_id

    def announce(self, tenant_id: str, seq: int) -> None:
        self.wake(tenant_id, seq)

    def wake(self, key: str | None, seq: int) -> None:
        """Pass on a wake to all who are subscribed now."""
        for subscription in self._heard_by:
            subscription.callback(key, seq)

    @property
    def is_heard(self) -> bool:
        """Whether anybody is subscribed."""
        return bool(self._heard_by)

    def subscribe(self, callback: Wake) -> Subscription:
        subscription = Subscription(callback, self._end)
        with self._lock:  # a new tuple each time: `wake` goes through the one it found
            self._heard_by = (*self._heard_by, subscription)
        return subscription

    def _end(self, subscription: Subscription) -> None:
        subscription.closed = True
        with self._lock:
            self._heard_by = tuple(each for each in self._heard_by if each is not subscription)

    def close(self) -> None:
        with self._lock:
            ended, self._heard_by = self._heard_by, ()
        for subscription in ended:
            subscription.closed = True


class Pending:
    """What is still to be announced: the highest position of each tenant, or once there are too many, everything.

    Not locked: its owner is.
    """

    __slots__ = ("_limit", "everything", "positions")

    def __init__(self, limit: int = PENDING_MAX) -> None:
        self._limit = limit
        self.positions: dict[str, int] = {}
        self.everything = False

    def __bool__(self) -> bool:
        return self.everything or bool(self.positions)

    def add(self, key: str, seq: int) -> None:
        """Add an announcement; a lower position than the one that is known changes nothing."""
        if self.everything:
            return
        self.positions[key] = max(seq, self.positions.get(key, 0))
        if len(self.positions) > self._limit:
            self.everything = True
            self.positions.clear()

    def take(self) -> Pending:
        """All of it; nothing is left behind."""
        taken = Pending(self._limit)
        taken.positions, self.positions = self.positions, {}
        taken.everything, self.everything = self.everything, False
        return taken

    def put_back(self, taken: Pending) -> None:
        """Add again what could not be announced."""
        if taken.everything:
            self.everything = True
            self.positions.clear()
        for key, seq in taken.positions.items():
            self.add(key, seq)
