"""The part of `ConsciousMemory` that keeps it trustworthy: what is suspect is hidden, and can be put back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from continuum.core.memory_part import MemoryPart
from continuum.core.quarantine_rule import checked_rule
from continuum.core.quarantining import QuarantineResult, quarantine, release
from continuum.core.twins import twin
from continuum.core.validation import Timestamp, checked_count, checked_label, checked_text
from continuum.domain.clock import from_micros
from continuum.domain.records import Json, Origin
from continuum.storage.repositories.messages import NO_SEQ
from continuum.storage.repositories.quarantines import QuarantineState

REASON_BYTES_MAX = 1_024
QUARANTINES_PER_PAGE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Something that was hidden; `hidden` entries still are. `seq` is its place in the log."""

    id: str
    seq: int
    state: QuarantineState
    rule: dict[str, Json]
    reason: str
    at: datetime
    hidden: int
    counts: dict[str, int]
    """What went, and of a released one what came back."""


class TrustedMemory(MemoryPart):
    """Operations on what is not to be trusted; mixed into `ConsciousMemory`."""

    def quarantine(
        self,
        reason: str,
        *,
        origin: Origin | str | None = None,
        source: str | None = None,
        instance_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
        since: Timestamp = None,
        until: Timestamp = None,
        dry_run: bool = True,
    ) -> QuarantineResult:
        """Hide everything that has all that is named, with all that only it taught, as if it had never been said.

        `source` is who is named as a fact's source: the speaker or else the role of a message, or the `source` of
        taught facts. `since` and `until` are half open and say when it came in. Only what is there now is meant, not
        what comes later. Nothing is deleted: `release` puts it back. With `dry_run`, which is the default, nothing
        changes. Raises InvalidInputError and, if the tenant needs a rebuild, ConflictError.
        """
        rule = checked_rule(
            origin=origin,
            source=source,
            instance_id=instance_id,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
            since=since,
            until=until,
        )
        why = checked_text(reason, "reason", REASON_BYTES_MAX)
        return quarantine(self._engine, self.tenant_id, rule, why, dry_run=bool(dry_run))

    def release(self, quarantine_id: str) -> QuarantineResult:
        """Put back all that a quarantine hides, with all that it teaches; what was forgotten meanwhile stays so.

        Raises NotFoundError, and ConflictError if it was released before.
        """
        return release(self._engine, self.tenant_id, checked_label(quarantine_id, "quarantine_id"))

    def quarantines(self, limit: int = 100, *, before_seq: int | None = None) -> list[Quarantine]:
        """What was quarantined, newest first, released ones too; page on with the last `seq` as `before_seq`."""
        size = checked_count(limit, "limit", 1, QUARANTINES_PER_PAGE_MAX)
        before = NO_SEQ if before_seq is None else checked_count(before_seq, "before_seq", 0, NO_SEQ)
        with self._engine.unit(self.tenant_id, write=False) as work:
            rows = work.quarantines.list(size, before)
            made = {entry.seq: entry.recorded_at for entry in work.history.entries([row.seq for row in rows])}
            hidden = {row.seq: len(work.quarantines.hidden_by(row.seq)) for row in rows if row.state != "released"}
        return [
            Quarantine(
                row.id,
                row.seq,
                row.state,
                json.loads(row.rule),
                row.reason,
                from_micros(made[row.seq]),
                hidden.get(row.seq, 0),
                json.loads(row.counts),
            )
            for row in rows
        ]

    aquarantine = twin(quarantine, "writers")
    arelease = twin(release, "writers")
    aquarantines = twin(quarantines, "readers")
