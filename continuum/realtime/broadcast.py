"""Wakes between processes and machines: none, or through a stream in Redis.

What travels is a hash of a tenant's name and a position: no word and no name. The log in the database stays the truth:
what Redis loses, doubles or reorders costs time and nothing else, and while it is away everybody looks by themselves.
"""

from __future__ import annotations

import logging
import random
import re
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol, cast

from continuum.cache.redis_connection import open_redis, redis_errors
from continuum.domain.forking import at_fork
from continuum.storage.wakes import Pending, Subscription, Wakes

if TYPE_CHECKING:
    from redis import Redis

STREAM = "continuum:wakes"
STREAM_LENGTH = 10_000
"""About as many messages are kept; who was away for longer looks at everything anyway."""
MESSAGES_AT_ONCE = 200
WAKES_AT_ONCE = 200
"""Wakes in one message."""
PACE_SECONDS = 0.005
"""A busy sender sends no more often than this; the first wake after a rest goes at once."""
BLOCK_MS = 500
BUDGET_SECONDS = 2.0
RETRY_SECONDS_MIN, RETRY_SECONDS_MAX = 0.05, 5.0
END_SECONDS = 5.0
IDLE_SECONDS = 60.0

Heard = Callable[[str | None, int], None]
"""Hears of a tenant, by its `spoken_name`, and its newest position; None and 0: anything may have happened."""

_WORD = re.compile(r"([0-9a-f]{16}):([0-9]{1,19})")
_logger = logging.getLogger(__name__)


class Broadcaster(Protocol):
    """Carries wakes to other processes and from them. What it loses or doubles costs time, and nothing else."""

    def open(self, wakes: Wakes, heard: Heard) -> None:
        """Carry what is announced here to the others, and call `heard`, in a thread, with what they announce."""
        ...

    def close(self) -> None:
        """End threads and connections. Calling it again does nothing."""
        ...


class NoBroadcast:
    """One process, or a database that carries wakes itself."""

    def open(self, wakes: Wakes, heard: Heard) -> None:
        return None

    def close(self) -> None:
        return None


@lru_cache(maxsize=10_000)
def spoken_name(key: str) -> str:
    """How a tenant is spoken of between machines, from the name that this process's wakes give it."""
    return sha256(b"wake\0" + key.encode()).hexdigest()[:16]


def words_of(batch: Pending) -> list[str]:
    """What is sent for a batch, in pieces of a bounded length; ``*`` stands for everything."""
    if batch.everything:
        return ["*"]
    words = [f"{name}:{seq}" for name, seq in batch.positions.items()]
    return [" ".join(words[first : first + WAKES_AT_ONCE]) for first in range(0, len(words), WAKES_AT_ONCE)]


def wakes_in(text: str) -> Iterable[tuple[str | None, int]]:
    """What a message says; one that cannot be read may mean anything.

    >>> list(wakes_in("00ff00ff00ff00ff:7"))
    [('00ff00ff00ff00ff', 7)]
    >>> list(wakes_in("?"))
    [(None, 0)]
    """
    found = [_WORD.fullmatch(word) for word in text.split(" ")]
    if not all(found):
        return [(None, 0)]
    return [(each[1], int(each[2])) for each in found if each]


class RedisBroadcaster:
    """Wakes through one stream of a Redis server, cluster or sentinel group."""

    def __init__(self, url: str, *, stream: str = STREAM) -> None:
        """Nothing is connected yet. Raises ConfigurationError for a bad URL, FeatureUnavailableError."""
        self._client: Redis = open_redis(url, budget_seconds=BUDGET_SECONDS)
        self._errors = redis_errors()
        self._stream = stream
        self._own = f"{random.getrandbits(64):016x}"  # it tells processes apart and guards nothing
        self._heard: Heard = lambda name, seq: None
        self._subscription: Subscription | None = None
        self._threads: list[threading.Thread] = []
        self._begin_anew()
        at_fork(self, in_child=RedisBroadcaster._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child: the threads are the parent's, and nothing is carried until `open` is called again."""
        self._changed = threading.Condition(threading.Lock())
        self._pending = Pending()
        self._stop = threading.Event()
        self._threads = []

    def open(self, wakes: Wakes, heard: Heard) -> None:
        self._heard = heard
        self._subscription = wakes.subscribe(self._announced)
        for name, run in (("send", self._send_all), ("hear", self._hear_all)):
            thread = threading.Thread(target=run, name=f"continuum-redis-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(END_SECONDS)
        self._threads.clear()
        self._client.close()

    # -- sending

    def _announced(self, key: str | None, seq: int) -> None:
        """What was announced here, in the thread that wrote."""
        with self._changed:
            if key is None:  # connections were renewed; that concerns nobody else
                return
            self._pending.add(spoken_name(key), seq)
            self._changed.notify()

    def _send_all(self) -> None:
        failures = 0
        while not self._stop.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._stop.is_set() or bool(self._pending), IDLE_SECONDS)
                batch = self._pending.take()
            try:
                for text in words_of(batch):
                    told: dict[str, str] = {"from": self._own, "wakes": text}
                    self._client.xadd(self._stream, told, maxlen=STREAM_LENGTH, approximate=True)  # type: ignore[arg-type]  # redis-py asks for a mutable mapping of wider types
                failures = 0
                self._stop.wait(PACE_SECONDS)
            except self._errors as exc:
                failures += 1
                self._log(failures, "telling others of what is learnt", exc)
                with self._changed:
                    self._pending.put_back(batch)
                self._stop.wait(_retry_seconds(failures))

    # -- hearing

    def _hear_all(self) -> None:
        failures = 0
        last: bytes | None = None
        while not self._stop.is_set():
            try:
                if last is None:
                    last = self._newest()
                    self._heard(None, 0)  # what was sent until now was heard by nobody
                last = self._hear(last)
                failures = 0
            except self._errors as exc:
                failures += 1
                self._log(failures, "hearing of what others learn", exc)
                last = None  # a server that comes back empty counts anew
                self._stop.wait(_retry_seconds(failures))

    def _newest(self) -> bytes:
        found = cast("list[tuple[bytes, object]]", self._client.xrevrange(self._stream, count=1))
        return found[0][0] if found else b"0-0"

    def _hear(self, last: bytes) -> bytes:
        """Wait a moment for messages behind `last`; gives the last one."""
        streams = {self._stream: last}
        answer = self._client.xread(streams, count=MESSAGES_AT_ONCE, block=BLOCK_MS)  # type: ignore[arg-type]  # as above
        for _, messages in cast("list[tuple[bytes, list[tuple[bytes, dict[bytes, bytes]]]]]", answer or []):
            for own_id, told in messages:
                last = own_id
                if told.get(b"from") != self._own.encode():
                    for name, seq in wakes_in(told.get(b"wakes", b"").decode("ascii", "replace")):
                        self._heard(name, seq)
        return last

    def _log(self, failures: int, what: str, exc: Exception) -> None:
        """Once for each time that Redis is away."""
        level = logging.WARNING if failures == 1 else logging.DEBUG
        _logger.log(level, "%s through Redis failed, which makes it slower: %s", what, type(exc).__name__)


def _retry_seconds(failures: int) -> float:
    """Twice as long each time up to a bound, then spread, so that processes do not come back together."""
    longest = min(RETRY_SECONDS_MAX, RETRY_SECONDS_MIN * 2.0 ** min(failures, 16))
    return random.uniform(longest / 2, longest)  # noqa: S311  # it guards nothing
