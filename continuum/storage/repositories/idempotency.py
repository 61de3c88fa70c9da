"""Answers that were given under an idempotency key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.storage.repositories.base import Repository


@dataclass(frozen=True, slots=True)
class IdempotentAnswer:
    """What was answered under a key, and the hash of what had been asked."""

    key: str
    request_hash: bytes
    result: str
    created_at: Micros


class Idempotency(Repository):
    """Keys live in the transaction of the write they stand for, so a crash leaves both or none."""

    def foresee(self, key: str) -> None:
        """`get` will be asked for this."""
        self._foresee("get_idempotent", key=key)

    def get(self, key: str) -> IdempotentAnswer | None:
        rows = self._rows("get_idempotent", key=key)
        return IdempotentAnswer(rows[0][0], bytes(rows[0][1]), *rows[0][2:]) if rows else None

    def put(self, key: str, request_hash: bytes, result: str, now: Micros, seq: int | None = None) -> None:
        """Keep the answer (JSON text) for a key; a key kept before is overwritten.

        `seq` is the last log position of what was learnt, so that forgetting that takes the answer too.
        """
        self._rows("put_idempotent", key=key, request_hash=request_hash, result=result, now=now, seq=seq)

    def forget(self, seqs: Iterable[int]) -> None:
        """Delete the answers about entries at these positions.

        Answers of the HTTP service may quote anything: their words all go, their keys stay taken.
        """
        self._rows_in("forget_idempotent", seqs)
        self._rows("blank_answers_of_http")

    def expire(self, before: Micros) -> int:
        """Forget answers given before a moment; says how many."""
        return len(self._rows("expire_idempotent", before=before))
