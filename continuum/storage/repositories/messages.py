"""Messages and what the index needs of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS, Micros
from continuum.domain.records import IndexedMessage, Origin, Role, Scope, StoredMessage
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository

NO_SEQ = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A message that was kept already under the same `same_key`."""

    id: str
    seq: int


def message_of_row(row: Row) -> StoredMessage:
    """A message from its columns, the key by which it is known again last."""
    message_id, seq, exchange_id, session_id, instance_id, number, role, speaker, origin, text = row[:10]
    return StoredMessage(
        message_id, seq, exchange_id, session_id, instance_id, number, role, speaker, Origin(origin), text,
        timestamp=row[10], recorded_at=row[11], scope=Scope(*row[12:15]), metadata=row[15], same_key=row[16],
    )  # fmt: skip


def bytes_of(text: str) -> int:
    """What a text counts as in a tenant's quota."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _is_among(row: Row, seqs: Collection[int]) -> bool:
    return row[1] in seqs


def _message_row(message: StoredMessage) -> tuple[object, ...]:
    scope = message.scope
    return (
        message.id, message.seq, message.exchange_id, message.session_id, message.instance_id,
        message.message_number, message.role, message.speaker, message.origin.value, message.text,
        message.timestamp, message.recorded_at, scope.user_id, scope.agent_id, scope.project_id,
        message.metadata, message.same_key,
    )  # fmt: skip


class Messages(Repository):
    """What was said, verbatim, found by position, by id, by session or by time."""

    def append(self, messages: Sequence[StoredMessage]) -> None:
        """Keep new messages. ConflictError if a seq, an id or a `same_key` is already there."""
        self._put("append_messages", [_message_row(message) for message in messages])
        self._session.added["messages"] += len(messages)
        self._session.added["text_bytes"] += sum(bytes_of(message.text) for message in messages)

    def by_seqs(self, seqs: Iterable[int]) -> dict[int, StoredMessage]:
        """Those of the positions that hold a message."""
        return {row[1]: message_of_row(row) for row in self._rows_in("messages_by_seq", seqs, chosen=_is_among)}

    def by_ids(self, ids: Iterable[str]) -> dict[str, StoredMessage]:
        """Those of the ids that are this tenant's."""
        return {row[0]: message_of_row(row) for row in self._rows_in("messages_by_id", ids)}

    def foresee(self, seqs: Iterable[int]) -> None:
        """`by_seqs` will be asked for these, or some of them."""
        self._foresee_in("messages_by_seq", seqs)

    def foresee_known(self, same_keys: Iterable[bytes]) -> None:
        """`known` will be asked for exactly these."""
        self._foresee_in("known_messages", same_keys)

    def known(self, same_keys: Iterable[bytes]) -> dict[bytes, KnownMessage]:
        """Which of these keys were kept before, and as what."""
        rows = self._rows_in("known_messages", same_keys)
        return {bytes(key): KnownMessage(message_id, seq) for key, message_id, seq in rows}

    def index(self, rows: Sequence[IndexedMessage]) -> None:
        """Keep what the index needs; an earlier row of the same position is replaced."""
        self._put(
            "index_messages",
            [(row.seq, row.timestamp, row.session_id, row.role, row.speaker, row.terms, row.tags) for row in rows],
        )

    def index_after(self, seq: int = 0, limit: int = 10_000) -> list[IndexedMessage]:
        """The next indexed messages after a position, oldest first, at most `limit`."""
        return [IndexedMessage(*row) for row in self._rows("index_after", after=seq, limit=limit)]

    def put_seals(self, seals: Mapping[int, bytes]) -> None:
        """Keep what binds messages to their origin, by position."""
        self._each("put_seal", [{"seq": seq, "seal": seal} for seq, seal in sorted(seals.items())])

    def seals(self, seqs: Iterable[int]) -> dict[int, bytes | None]:
        """What binds each of these messages to its origin; None where nothing does."""
        rows = self._rows_in("seals_of", seqs)
        return {seq: None if seal is None else bytes(seal) for seq, seal in rows}

    def list(
        self,
        *,
        session_id: str | None = None,
        role: Role | None = None,
        since: Micros | None = None,
        until: Micros | None = None,
        limit: int = 100,
        before_seq: int | None = None,
    ) -> list[StoredMessage]:
        """Newest first by position; `since` counts in, `until` does not. Go on with the last `seq` as `before_seq`."""
        values = {
            "role": role,
            "since": EARLIEST_MICROS if since is None else since,
            "until": LATEST_MICROS + 1 if until is None else until,
            "limit": limit,
            "before": NO_SEQ if before_seq is None else before_seq,
        }
        if session_id is None:
            return [message_of_row(row) for row in self._rows("list_messages", **values)]
        return [message_of_row(row) for row in self._rows("list_session_messages", session_id=session_id, **values)]
