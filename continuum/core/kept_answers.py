"""Answers of recall that are kept, in this process and beyond, and computed once for all who ask at the same time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from continuum.cache import Cache, Key, MemoryCache, SingleFlight
from continuum.core.context_codec import decode, encode
from continuum.core.message_tags import tag_pairs
from continuum.core.questions import RecallRequest
from continuum.domain.records import TenantRecord
from continuum.domain.results import MemoryContext

RENDERED_MAX = 4_096
RENDERED_BYTES_MAX = 32 << 20


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as a door wrote it, and how many memories it holds."""

    memories: int
    text: bytes


class KeptAnswers:
    """The cache of one engine, and how its keys are made.

    `ways` says all that an answer depends on beyond the tenant's log and the question: the version of this package
    and the settings of recall. Two processes share answers only if theirs are equal.
    """

    def __init__(self, cache: Cache[bytes], ways: str, life_seconds: float, wait_seconds: float) -> None:
        self.cache = cache
        self._ways = hashlib.sha256(ways.encode("utf-8", "surrogatepass")).digest()
        self._life_micros = max(1, int(life_seconds * 1_000_000))
        self._written = MemoryCache[Rendered](
            RENDERED_MAX, life_seconds, bytes_max=RENDERED_BYTES_MAX, size_of=lambda each: len(each.text)
        )
        self._flights: SingleFlight[bytes] = SingleFlight(wait_seconds)

    def key(self, tenant: TenantRecord, request: RecallRequest, *, exact_time: bool) -> Key:
        """The question's key at the tenant's present state: every write moves `last_seq` or a counter beside it.

        Keyed with the tenant's secret: who reads a shared cache cannot make one, and a tenant that was erased and made
        anew has others. `last_active` tells apart two stores that went on differently from one backup.
        """
        at = request.now if exact_time else request.now // self._life_micros
        filters = tuple(tag_pairs(request.filters))  # as JSON: 1, 1.0 and True are equal in Python
        roles = None if request.roles is None else tuple(sorted(request.roles))  # sets have no order of their own
        asked = repr((tenant, exact_time, filters, roles, replace(request, now=at, filters=(), roles=None)))
        written = self._ways + asked.encode("utf-8", "surrogatepass")
        return (tenant.tenant_id, hmac.digest(tenant.secret, b"kept answer:" + written, "sha256"))

    def answer(self, key: Key, recall: Callable[[], MemoryContext]) -> MemoryContext:
        """The kept answer, or a new one; of those who ask for it together one computes it. Nobody shares mappings."""
        if (kept := self._kept(key)) is not None:
            return kept
        own: list[MemoryContext] = []

        def compute() -> bytes:
            own.append(recall())
            written = encode(own[0])
            if self.may_keep(own[0]):
                self.cache.put(key, written)
            return written

        written = self._flights.run(key, compute)
        return own[0] if own else decode(written)

    def _kept(self, key: Key) -> MemoryContext | None:
        found = self.cache.get(key)
        if found is None:
            return None
        try:
            return decode(found)
        except ValueError:  # of another release
            return None

    @staticmethod
    def may_keep(context: MemoryContext) -> bool:
        """Whether an answer is whole: what a part was missing from may be better at the next try."""
        return all(part.part == "context" for part in context.degraded)

    def rendered(self, key: Key) -> Rendered | None:
        """The answer as a door of this process wrote it."""
        return self._written.get(key)

    def keep_rendered(self, key: Key, rendered: Rendered) -> None:
        """Keep an answer as a door wrote it; every door of a process writes alike."""
        self._written.put(key, rendered)

    def clear(self, tenant_id: str) -> None:
        """Forget what is kept for a tenant."""
        self._written.clear(tenant_id)
        self.cache.clear(tenant_id)

    def stats(self) -> dict[str, int]:
        """The figures of the cache; answers that were kept as written count among the hits."""
        written, kept = self._written.stats(), self.cache.stats()
        return {**kept, "hits": kept["hits"] + written["hits"]}

    def close(self) -> None:
        """Give threads and connections back. May be called again."""
        self.cache.close()
