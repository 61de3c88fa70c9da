"""Vectors of messages, by model."""

from __future__ import annotations

from collections.abc import Sequence

from continuum.domain.records import StoredVector
from continuum.storage.repositories.base import Repository

CHUNKS_MAX = 256


class Vectors(Repository):
    """Vectors of one model never meet those of another: every method names the model, or its rows do."""

    def put(self, vectors: Sequence[StoredVector]) -> None:
        """Keep vectors; one with the same model, message and chunk is replaced."""
        rows = {(each.model, each.message_seq, each.chunk): each.vector for each in vectors}
        known = {
            (model, *row)
            for model in {each.model for each in vectors}
            for row in self._rows_in("existing_vectors", (key[1] for key in rows if key[0] == model), model=model)
        }
        self._put("put_vectors", [(*key, rows[key]) for key in sorted(rows)])
        self._session.added["vectors"] += len(rows.keys() - known)

    def after(self, model: str, seq: int = 0, limit: int = 10_000) -> list[StoredVector]:
        """The next vectors after a message, in order, and all chunks of a message together.

        `limit` counts vectors; a message with more chunks than that is still given whole.
        """
        rows = self._rows("vectors_after", model=model, after=seq, limit=limit + CHUNKS_MAX)
        if len(rows) > limit:
            last = rows[limit - 1][0]
            cut = [row for row in rows if row[0] < last]
            rows = cut or [row for row in rows if row[0] == last]
        return [StoredVector(*row) for row in rows]

    def missing(self, model: str, limit: int = 1_000, *, after_seq: int = 0) -> list[int]:
        """Positions of indexed messages without a vector of this model, oldest first, after a position."""
        rows = self._rows("messages_without_vector", model=model, after=after_seq, limit=limit)
        return [row[0] for row in rows]

    def count(self, model: str) -> int:
        """How many vectors of this model there are; reads them all in an index."""
        return int(self._rows("count_vectors", model=model)[0][0])
