"""All derived rows of a tenant at once: for rebuilding them, and for comparing two states."""

from __future__ import annotations

from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository

_CLEARED = (
    "clear_message_index", "clear_entities", "clear_mentions", "clear_links", "clear_decisions",
    "clear_compounds", "clear_compound_members", "clear_evidence", "clear_entry_subjects", "clear_adjustments",
    "clear_meetings", "clear_statements", "clear_facts", "clear_superseded",
    "clear_waiting",
)  # fmt: skip
_EXPORTED = (
    "message_index", "entities", "mentions", "links", "decisions", "compounds", "compound_members", "evidence",
    "meetings", "entry_subjects", "adjustments", "statements", "facts", "superseded",
)  # fmt: skip


class Derived(Repository):
    """What can be folded again from the log."""

    def clear(self) -> None:
        """Delete every derived row; log, messages, sessions and vectors stay."""
        for name in _CLEARED:
            self._rows(name)

    def export(self) -> dict[str, list[Row]]:
        """Every derived row by table, in an order of its own: equal exports are equal states."""
        return {name: [tuple(row) for row in self._rows(f"export_{name}")] for name in _EXPORTED}
