"""What is hidden: quarantines by position, and the messages and entries that each of them took out of sight.

Hidden messages are rows of a table of their own: whatever reads messages does not find them there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS, Micros
from continuum.domain.records import Role, StoredMessage
from continuum.storage.repositories.base import Repository
from continuum.storage.repositories.messages import NO_SEQ, bytes_of, message_of_row

QuarantineState = Literal["hiding", "hidden", "restoring", "released"]


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """One quarantine: `seq` and `id` are those of its log entry; rule, positions to go and counts are JSON."""

    seq: int
    id: str
    state: QuarantineState
    rule: str
    reason: str
    remaining: str = "[]"
    counts: str = "{}"


@dataclass(frozen=True, slots=True)
class HiddenFilter:
    """What messages must have to be hidden; None is anything, times are half open and say when they came in."""

    origin: str | None = None
    source: str | None = None
    instance_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    project_id: str | None = None
    since: Micros | None = None
    until: Micros | None = None


class Quarantines(Repository):
    """Quarantines by id and state; hidden entries by position; hidden messages by position, id and session."""

    # -- quarantines -------------------------------------------------------------------------------------------

    def put(self, row: QuarantineRow) -> None:
        """Keep a quarantine; of an earlier row of the same position state, rest and counts are replaced."""
        values = (row.seq, row.id, row.state, row.rule, row.reason, row.remaining, row.counts)
        self._put("put_quarantine", [values])

    def get(self, quarantine_id: str) -> QuarantineRow | None:
        rows = self._rows("get_quarantine", entry_id=quarantine_id)
        return QuarantineRow(*rows[0]) if rows else None

    def list(self, limit: int = 100, before_seq: int = NO_SEQ) -> Sequence[QuarantineRow]:
        """Quarantines, newest first; go on with the last `seq` as `before_seq`."""
        return tuple(QuarantineRow(*row) for row in self._rows("list_quarantines", before=before_seq, limit=limit))

    def at_work(self) -> Sequence[QuarantineRow]:
        """Quarantines that are being hidden or put back, oldest first."""
        return tuple(QuarantineRow(*row) for row in self._rows("quarantines_at_work"))

    def any(self) -> bool:
        """Whether anything was ever quarantined; one look at an index."""
        return bool(self._rows("any_quarantine"))

    # -- entries -----------------------------------------------------------------------------------------------

    def matching(self, wanted: HiddenFilter) -> Sequence[int]:
        """The positions of messages that a rule means and that are not hidden; reads all messages."""
        values = {name: getattr(wanted, name) for name in HiddenFilter.__dataclass_fields__}
        values["since"] = EARLIEST_MICROS if wanted.since is None else wanted.since
        values["until"] = LATEST_MICROS + 1 if wanted.until is None else wanted.until
        return tuple(row[0] for row in self._rows("messages_to_hide", **values))

    def hide(self, quarantine_seq: int, seqs: Sequence[int]) -> None:
        """Note that entries are hidden, and take the index rows of messages and the keys they are known again by."""
        keys = {seq: bytes(key) for seq, key in self._rows_in("same_keys_of", seqs)}
        self._put("hide_entries", [(seq, quarantine_seq, keys.get(seq)) for seq in seqs])
        self._rows_in("forget_same_keys", list(keys))
        self._rows_in("remove_index_rows", seqs)

    def hidden(self, seqs: Iterable[int]) -> set[int]:
        """Those of the positions that are hidden."""
        return {row[0] for row in self._rows_in("hidden_among", seqs)}

    def hidden_by(self, quarantine_seq: int) -> Sequence[int]:
        """The positions that a quarantine hides now."""
        return tuple(row[0] for row in self._rows("hidden_by", quarantine_seq=quarantine_seq))

    def drop(self, seqs: Sequence[int]) -> None:
        """Delete hidden entries and messages, which were forgotten."""
        gone = self._rows_in("drop_hidden_messages", seqs)
        self._session.added["text_bytes"] -= sum(bytes_of(row[1]) for row in gone)
        self._rows_in("unhide_entries", seqs)

    # -- messages ----------------------------------------------------------------------------------------------

    def move_out(self, seqs: Sequence[int]) -> None:
        """Take messages that are noted as hidden out of sight; what is derived from them is the caller's."""
        self._rows_in("hide_messages", seqs)
        self._session.added["messages"] -= len(self._rows_in("drop_shown_messages", seqs))
        self._rows_in("hidden_summary_forgotten", seqs)

    def move_back(self, seqs: Sequence[int]) -> None:
        """Put messages back among the others, and no longer note entries as hidden.

        A message whose key was taken meanwhile, because the same was said again, comes back without it.
        """
        keys = {row[0]: row[2] for row in self._rows_in("hidden_among", seqs)}
        self._rows_in("show_messages", seqs)
        back = [row[0] for row in self._rows_in("drop_hidden_messages", seqs)]
        self._session.added["messages"] += len(back)
        given = [{"seq": seq, "same_key": keys[seq]} for seq in sorted(back) if keys.get(seq) is not None]
        self._each("give_same_key", given)
        self._rows_in("unhide_entries", seqs)

    def put_summaries_back(self, summaries: Mapping[int, str]) -> None:
        """Let sessions be summed up again by messages that came back, given by position with their session."""
        self._each("summary_put_back", [{"seq": seq, "session_id": name} for seq, name in sorted(summaries.items())])

    def messages(self, seqs: Iterable[int]) -> dict[int, StoredMessage]:
        """Those of the positions that hold a hidden message."""
        return {row[1]: message_of_row(row) for row in self._rows_in("hidden_messages_by_seq", seqs)}

    def places(self, ids: Iterable[str]) -> dict[str, int]:
        """The positions of those of the ids that are hidden messages."""
        return {row[1]: row[0] for row in self._rows_in("hidden_messages_by_id", ids)}

    def list_messages(
        self,
        *,
        session_id: str | None = None,
        role: Role | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
        limit: int = 100,
        before_seq: int | None = None,
    ) -> Sequence[StoredMessage]:
        """Hidden messages, newest first, as `Messages.list` gives the others."""
        rows = self._rows(
            "list_hidden_messages",
            session_id=session_id,
            role=role,
            since=EARLIEST_MICROS if since is None else since,
            until=LATEST_MICROS + 1 if until is None else until,
            limit=limit,
            before=NO_SEQ if before_seq is None else before_seq,
        )
        return tuple(map(message_of_row, rows))
