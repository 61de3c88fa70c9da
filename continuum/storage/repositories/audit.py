"""The audit log of a tenant: a chain of rows, each digest over the row and the digest before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from continuum.domain.clock import Micros
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to what, from where, and how it went. `details` is a JSON object in text form, without content."""

    number: int
    recorded_at: Micros
    actor: str
    action: str
    target: str
    source: str
    outcome: str
    request_id: str
    details: str
    digest: bytes = field(repr=False, default=b"")


class AuditRows(Repository):
    """Rows by number, from 1 without a gap. Only a transaction that writes for the tenant may ask for the head."""

    def foresee(self) -> None:
        """`head` will be asked for."""
        self._foresee("last_audit_row")

    def head(self) -> tuple[int, bytes]:
        """Number and digest of the newest row; 0 and nothing before the first."""
        rows = self._rows("last_audit_row")
        return (rows[0][0], bytes(rows[0][1])) if rows else (0, b"")

    def append(self, rows: Sequence[AuditRow]) -> None:
        """Keep rows. ConflictError if a number is taken."""
        self._put(
            "append_audit",
            [
                (
                    row.number,
                    row.recorded_at,
                    row.actor,
                    row.action,
                    row.target,
                    row.source,
                    row.outcome,
                    row.request_id,
                    row.details,
                    row.digest,
                )
                for row in rows
            ],
        )

    def list(self, *, after: int = 0, limit: int = 100) -> list[AuditRow]:
        """The next rows behind a number, oldest first."""
        return [_row_of(row) for row in self._rows("list_audit", after=after, limit=limit)]


def _row_of(row: Row) -> AuditRow:
    number, at, actor, action, target, source, outcome, request_id, details, digest = row
    return AuditRow(number, at, actor, action, target, source, outcome, request_id, details, bytes(digest))
