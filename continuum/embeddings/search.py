"""`SemanticSearch`: a tenant's messages by meaning alone, nearest first."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from continuum.domain.ids import TenantId, tenant_id
from continuum.domain.records import Json, StoredMessage
from continuum.embeddings.base import EmbeddingProvider
from continuum.embeddings.keeping import VectorKeeper
from continuum.embeddings.vectors import top_k
from continuum.errors import InvalidInputError
from continuum.storage.base import StorageBackend
from continuum.storage.factory import open_backend
from continuum.storage.unit_of_work import UnitOfWork, unit_of_work

LIMIT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SemanticHit:
    """A message near a query; `score` is the cosine of its nearest part."""

    id: str
    score: float
    text: str
    message: StoredMessage


class SemanticSearch:
    """Search by vectors, without the other signals of recall. Messages get there by `learn`; none is copied."""

    def __init__(
        self,
        storage: str | Path | StorageBackend,
        provider: EmbeddingProvider,
        tenant: str = "default",
    ) -> None:
        """Open a store (a path, a URL or a backend that is open). Raises StorageError and InvalidInputError."""
        self.tenant_id: TenantId = tenant_id(tenant)
        self._backend = open_backend(storage)
        self._owns_backend = not isinstance(storage, StorageBackend)
        self._keeper = VectorKeeper(provider, self._unit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the store, if this object opened it."""
        self._keeper.close()
        if self._owns_backend:
            self._backend.close_all()

    def index(self) -> int:
        """Compute the vectors that are missing; gives how many messages got theirs. Raises EmbeddingError."""
        return self._keeper.fill(self.tenant_id)

    def search(self, query: str, limit: int = 10, min_score: float = 0.0) -> list[SemanticHit]:
        """The nearest messages that have vectors, best first. Raises EmbeddingError and InvalidInputError."""
        if not 1 <= limit <= LIMIT_MAX:
            raise InvalidInputError("limit", f"is {limit}; it must lie between 1 and {LIMIT_MAX}", limit=LIMIT_MAX)
        vector = self._keeper.of_query(query)
        with self._unit(self.tenant_id, False) as work:
            tenant = work.tenants.get()
            if tenant is None:
                return []
            vectors, _ = self._keeper.current(work, tenant)
            best = _best_of_each(*vectors.scores(vector), limit, min_score)
            messages = work.messages.by_seqs(best)
        found = [(messages[seq], score) for seq, score in best.items() if seq in messages]
        return [SemanticHit(message.id, score, message.text, message) for message, score in found]

    def get_stats(self) -> dict[str, Json]:
        """The model, and how many vectors of it this tenant has."""
        provider = self._keeper.provider
        with self._unit(self.tenant_id, False) as work:
            count = work.vectors.count(provider.model)
        return {
            "tenant_id": self.tenant_id,
            "model": provider.model,
            "dimensions": provider.dimensions,
            "vectors": count,
        }

    def _unit(self, tenant: TenantId, write: bool) -> AbstractContextManager[UnitOfWork]:
        return unit_of_work(self._backend, tenant, write=write)


def _best_of_each(
    seqs: np.ndarray[tuple[int], np.dtype[np.int64]],
    scores: np.ndarray[tuple[int], np.dtype[np.float32]],
    limit: int,
    min_score: float,
) -> dict[int, float]:
    """The best part of each message, for the `limit` best messages, best first."""
    best: dict[int, float] = {}
    for place in top_k(scores, len(scores)):
        score = float(scores[place])
        if score < min_score or len(best) == limit:
            break
        best.setdefault(int(seqs[place]), score)
    return best
