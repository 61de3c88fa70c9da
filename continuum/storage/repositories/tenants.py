"""The tenant's own row: its log position, its secret, its counters."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

from continuum.domain.clock import Micros
from continuum.domain.records import TenantCounts, TenantRecord
from continuum.errors import NotFoundError, QuotaExceededError
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository, TwoSteps, finished

COUNTED = ("messages", "entities", "decisions", "attention_links", "compound_concepts", "sessions", "vectors", "facts")
NOTHING_SAID = (1 << 63) - 1
"""No message was said so late: it changes nothing in the order of what was said."""
ADDED = (*COUNTED, "adjustments", "notes", "uses", "text_bytes")


NO_LIMITS = "{}"


def quotas_of(limits: str) -> dict[str, int]:
    """The quotas among a tenant's limits, by name."""
    return {name: value for name, value in json.loads(limits).items() if name.endswith("_max")}


class Tenants(Repository):
    """One tenant's row. Its counters are kept by the inserts themselves and written once, before the commit."""

    def foresee(self) -> None:
        """`get` will be asked for."""
        self._foresee("get_tenant")

    def get(self) -> TenantRecord | None:
        rows = self._rows("get_tenant")
        return self._known(rows[0]) if rows else None

    def _known(self, row: Row) -> TenantRecord:
        record = TenantRecord(*row)
        self._session.secret[:] = [record.secret]
        if record.limits != NO_LIMITS:
            self._session.quotas.update(quotas_of(record.limits))
        return record

    def secret(self) -> bytes:
        """The tenant's secret; empty for an unknown tenant."""
        if not self._session.secret:
            self.get()
        return self._session.secret[0] if self._session.secret else b""

    def ensure(self, now: Micros, secret_factory: Callable[[], bytes], extractors: int = 0) -> TenantRecord:
        """The tenant's row, created now with a new secret if there is none.

        `extractors` is the version of the extractors that will derive its rows.
        """
        known = self.get()
        if known is not None:
            return known
        self._rows("create_tenant", now=now, secret=secret_factory(), extractors=extractors)
        created = self.get()
        assert created is not None
        return created

    def advance(self, count: int, now: Micros) -> TenantRecord:
        """Take the next `count` positions of the log: those up to and including the `last_seq` returned.

        Until the transaction ends nobody else can. Raises NotFoundError before `ensure` has created the tenant.
        """
        return finished(self.advancing(count, now))

    def advancing(self, count: int, now: Micros) -> TwoSteps[TenantRecord]:
        """`advance` in two steps, for `together`."""
        answer = self._asked("advance_tenant", count=count, now=now)
        yield
        rows = answer()
        if not rows:
            raise NotFoundError(f"tenant {self._session.tenant_id}: not known yet; call tenants.ensure first")
        return self._known(rows[0])

    def note_said(self, times: Sequence[Micros]) -> None:
        """Note when new messages were said, in the order of the log."""
        self._session.said.extend(times)

    def is_in_order(self) -> bool:
        """Whether every message was said at or after all before it in the log."""
        self.write_counts()
        rows = self._rows("is_in_order")
        return bool(rows and rows[0][0])

    def position(self) -> int:
        """The newest position of the log, 0 for an unknown tenant."""
        rows = self._rows("get_position")
        return int(rows[0][0]) if rows else 0

    def counts(self) -> TenantCounts:
        """How many of each thing, including what this unit of work has added; reads one row."""
        self.write_counts()
        rows = self._rows("get_counts")
        return TenantCounts(*rows[0]) if rows else TenantCounts()

    def write_counts(self) -> None:
        """Add what was inserted since to the row. The unit of work calls this before it commits."""
        for settle in self._session.owed:
            settle()
        self._session.owed.clear()
        added, said = self._session.added, self._session.said
        grown = self._session.quotas and (added["messages"] > 0 or added["text_bytes"] > 0)
        if any(added.values()) or said:
            ascending = all(later >= earlier for earlier, later in pairwise(said))
            self._rows(
                "add_counts",
                earliest=NOTHING_SAID if not said else said[0] if ascending else min(said) - 1,
                latest=max(said, default=-NOTHING_SAID),
                **{name: added[name] for name in ADDED},
            )
        added.clear()
        said.clear()
        if grown:
            self._refuse_more_than_may_be_held()

    def _refuse_more_than_may_be_held(self) -> None:
        """Raise QuotaExceededError if the tenant would hold more than it may; nothing of the unit of work is kept."""
        held = self.counts()
        for name, count in (("messages_max", held.messages), ("bytes_max", held.text_bytes)):
            limit = self._session.quotas.get(name)
            if limit is not None and count > limit:
                raise QuotaExceededError(
                    f"tenant {self._session.tenant_id}: {name} is {limit}, and with this {count} would be held; "
                    "forget something, or ask for a larger quota"
                )

    def used(self) -> None:
        """Note that feedback was given, changed or taken away."""
        self._session.added["uses"] += 1

    def forget_derived_counts(self) -> None:
        """Set to zero what a rebuild counts again."""
        self.write_counts()
        self._rows("forget_derived_counts")

    def derived_by(self, extractors: int) -> None:
        """State which version of the extractors derived the rows."""
        self._rows("set_extractors", extractors=extractors)

    def set_metadata(self, metadata: str) -> None:
        """Keep what is noted about the tenant, a JSON object in text form."""
        self._rows("set_tenant_metadata", metadata=metadata)

    def set_limits(self, limits: str) -> None:
        """Keep what the tenant may hold and ask for, a JSON object in text form."""
        self._rows("set_limits", limits=limits)

    def set_policy(self, policy: str) -> None:
        """Keep the retention rules, a JSON object in text form."""
        self._rows("set_policy", policy=policy)
