"""The tenant's own row: its log position, its secret, its counters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from continuum.domain.clock import Micros
from continuum.domain.records import TenantCounts, TenantRecord
from continuum.errors import NotFoundError
from continuum.storage.repositories.base import Repository, TwoSteps, finished

COUNTED = ("messages", "entities", "decisions", "attention_links", "compound_concepts", "sessions", "vectors", "facts")
NOTHING_SAID = (1 << 63) - 1
"""No message was said so late: it changes nothing in the order of what was said."""
ADDED = (*COUNTED, "adjustments", "notes", "uses")


class Tenants(Repository):
    """One tenant's row. Its counters are kept by the inserts themselves and written once, before the commit."""

    def foresee(self) -> None:
        """`get` will be asked for."""
        self._foresee("get_tenant")

    def get(self) -> TenantRecord | None:
        rows = self._rows("get_tenant")
        return TenantRecord(*rows[0]) if rows else None

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
        return TenantRecord(*rows[0])

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

    def set_policy(self, policy: str) -> None:
        """Keep the retention rules, a JSON object in text form."""
        self._rows("set_policy", policy=policy)
