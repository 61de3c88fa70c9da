"""What changes or removes what was said: earlier wordings, ends, successors, and the rows that an erasure takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from continuum.domain.clock import Micros
from continuum.domain.records import LogEntry, MessageNote, Scope, Wording
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository
from continuum.storage.repositories.messages import bytes_of


class History(Repository):
    """Wordings, notes and removals of messages, by position; the log's own past, by time."""

    def reword(self, wording: Wording, text: str) -> None:
        """Give a message new words; `wording` is what it said until now."""
        self._put("add_wording", [(wording.seq, wording.until_seq, wording.since_seq, wording.text)])
        self._rows("reword_message", seq=wording.seq, content=text)
        self._session.added["text_bytes"] += bytes_of(text)
        self._session.added["notes"] += 1

    def in_force(self, known_at_seq: int) -> list[Wording]:
        """The wordings that held at a position of the log and do not any more."""
        return [Wording(*row) for row in self._rows("wordings_in_force", known=known_at_seq)]

    def wordings(self, seqs: Iterable[int]) -> list[Wording]:
        """All earlier wordings of messages, oldest first."""
        return [Wording(*row) for row in self._rows_in("wordings_of", seqs)]

    def has_wordings(self, until_seq: int) -> bool:
        """Whether there is a wording that ceased to hold at or before a position."""
        return bool(self._rows("wordings_until", until=until_seq))

    def prune(self, until_seq: int) -> int:
        """Delete wordings that ceased to hold at or before a position; says how many."""
        return self._less(self._rows("prune_wordings", until=until_seq))

    def _less(self, removed: Sequence[Row]) -> int:
        """Count texts that were removed, one in each row; says how many."""
        self._session.added["text_bytes"] -= sum(bytes_of(row[0]) for row in removed)
        return len(removed)

    def position_at(self, moment: Micros, last_seq: int) -> int:
        """The newest position recorded at or before a moment, 0 if there is none: times ascend along the log."""
        low, high = 0, last_seq
        while low < high:
            middle = (low + high + 1) // 2
            rows = self._rows("entry_at_or_before", seq=middle)
            if not rows or rows[0][1] <= moment:
                low = middle
            else:
                high = rows[0][0] - 1
        return low

    def entries(self, seqs: Iterable[int]) -> list[LogEntry]:
        """Entries at these positions."""
        return sorted((LogEntry(*row) for row in self._rows_in("log_entries", seqs)), key=lambda entry: entry.seq)

    def put_expiries(self, expires_at: Mapping[int, Micros]) -> None:
        """Give messages an end."""
        self._put("put_expiry", sorted(expires_at.items()))
        self._session.added["notes"] += len(expires_at)

    def put_superseded(self, notes: Sequence[MessageNote]) -> None:
        """Mark messages as superseded as a whole."""
        rows = [(each.seq, each.superseded_seq, each.superseded_at, each.superseded_by) for each in notes]
        self._put("put_superseded", rows)
        self._session.added["notes"] += len(notes)

    def foresee_notes(self, seqs: Iterable[int]) -> None:
        """`notes` will be asked for exactly these."""
        self._foresee_in("notes_of", seqs)

    def notes(self, seqs: Iterable[int]) -> dict[int, MessageNote]:
        """The notes of those messages that have one."""
        return {row[0]: MessageNote(*row) for row in self._rows_in("notes_of", seqs)}

    def superseded_by(self, message_ids: Iterable[str]) -> list[MessageNote]:
        """The messages that these superseded."""
        return [MessageNote(*row) for row in self._rows_in("superseded_by_messages", message_ids)]

    def unsupersede(self, seqs: Iterable[int]) -> None:
        """Take the mark from messages whose successor is gone."""
        self._rows_in("unsupersede", seqs)

    def expired(self, now: Micros, limit: int) -> list[int]:
        """Messages whose end has come, earliest end first."""
        return [row[0] for row in self._rows("expired", now=now, limit=limit)]

    def every_wording(self) -> list[Wording]:
        """All earlier wordings of all messages, of which there are few."""
        return [Wording(*row) for row in self._rows("every_wording")]

    def summaries_of(self, session_id: str) -> list[int]:
        """The positions of a session's summaries."""
        return [row[0] for row in self._rows("summaries_of_session", session_id=session_id)]

    def remove_messages(self, seqs: Sequence[int]) -> int:
        """Delete messages with their index rows, mentions, vectors, wordings and notes; says how many there were."""
        gone = self._less(self._rows_in("remove_messages", seqs))
        self._less(self._rows_in("remove_wordings", seqs))
        for name in ("remove_index_rows", "remove_mentions", "remove_notes"):
            self._rows_in(name, seqs)
        models = [row[0] for row in self._rows("models_with_vectors")]
        for model in models:
            self._session.added["vectors"] -= len(self._rows_in("remove_vectors_of_model", seqs, model=model))
        self._rows_in("forget_summaries", seqs)
        self._session.added["messages"] -= gone
        return gone

    def remove_mentions(self, seqs: Iterable[int]) -> None:
        """Delete what messages name."""
        self._rows_in("remove_mentions", seqs)

    def remove_vectors(self, seqs: Sequence[int]) -> None:
        """Delete the vectors of messages, which are computed again."""
        for (model,) in self._rows("models_with_vectors"):
            self._session.added["vectors"] -= len(self._rows_in("remove_vectors_of_model", seqs, model=model))

    def blank_entries(self, seqs: Iterable[int]) -> None:
        """Take the words from entries of the log; their places stay."""
        self._rows_in("blank_entries", seqs)

    def rewrite_entry(self, seq: int, payload: str) -> None:
        """Give an entry another payload, from which something was forgotten."""
        self._rows("rewrite_entry", seq=seq, payload=payload)

    def sessions_of(self, seqs: Iterable[int]) -> list[str]:
        """The sessions that messages belong to."""
        return sorted({row[0] for row in self._rows_in("sessions_of_seqs", seqs)})

    def settle_session(self, session_id: str) -> None:
        """Delete a session that has no message any more."""
        if not self._rows("session_has_messages", session_id=session_id):
            self._session.added["sessions"] -= len(self._rows("remove_session", session_id=session_id))

    def seqs_of_exchanges(self, exchange_ids: Iterable[str]) -> list[int]:
        """The positions of all messages of exchanges."""
        return sorted(row[0] for row in self._rows_in("messages_of_exchanges", exchange_ids))

    def seqs_of_session(self, session_id: str) -> list[int]:
        """The positions of a session's messages."""
        return [row[0] for row in self._rows("seqs_of_session", session_id=session_id)]

    def seqs_following(self, session_id: str, seq: int, limit: int) -> list[int]:
        """The positions of the next messages of a session after one."""
        return [row[0] for row in self._rows("seqs_following", session_id=session_id, after=seq, limit=limit)]

    def seqs_of_scope(self, scope: Scope) -> list[int]:
        """The positions of all messages of a scope; what the scope does not say may be anything."""
        values = {"user_id": scope.user_id, "agent_id": scope.agent_id, "project_id": scope.project_id}
        return [row[0] for row in self._rows("seqs_of_scope", **values)]

    def seqs_before(self, moment: Micros) -> list[int]:
        """The positions of messages said before a moment."""
        return [row[0] for row in self._rows("seqs_before", before=moment)]

    def seqs_naming(self, entity_ids: Iterable[str]) -> list[int]:
        """The positions of messages that name entities."""
        return sorted({row[0] for row in self._rows_in("seqs_naming", entity_ids)})

    def old_sessions(self, before: Micros, limit: int) -> list[str]:
        """Sessions last active before a moment that no summary sums up to their end, oldest first."""
        return [row[0] for row in self._rows("old_sessions", before=before, limit=limit)]

    def set_summary(self, session_id: str, seq: int) -> None:
        """Note where a session's summary stands."""
        self._rows("set_session_summary", session_id=session_id, seq=seq)
