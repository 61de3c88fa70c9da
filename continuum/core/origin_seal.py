"""Seals: an HMAC that binds a message's words to its origin, its instance and its tenant, under a key of the operator.

Who can write to the store without the key can put words there, but not as somebody's who is trusted.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuum.core.setting import Secret
from continuum.domain.ids import TenantId
from continuum.domain.records import StoredMessage
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

SEAL_BYTES = 16
MESSAGES_AT_ONCE = 2_000
BROKEN_NAMED_MAX = 1_000


@dataclass(frozen=True, slots=True)
class SealReport:
    """How many messages bear a seal that fits, bear none, or bear one that does not fit; of those the ids."""

    sealed: int
    unsealed: int
    broken: tuple[str, ...]
    """At most 1,000 ids."""
    broken_count: int


class Sealer:
    """Makes and checks seals of one tenant's messages."""

    def __init__(self, key: Secret) -> None:
        self._key = key.reveal().encode()

    def seal(self, tenant: str, message: StoredMessage) -> bytes:
        """The seal of a message as it is."""
        digest = hmac.new(self._key, b"continuum origin\0", hashlib.sha256)
        scope = message.scope
        parts = (
            tenant, message.id, message.role, message.origin.value, message.instance_id, message.session_id,
            message.speaker or "", scope.user_id or "", scope.agent_id or "", scope.project_id or "", message.text,
        )  # fmt: skip
        for part in parts:
            data = part.encode()
            digest.update(len(data).to_bytes(8, "little") + data)
        return digest.digest()[:SEAL_BYTES]

    def put(self, work: UnitOfWork, messages: Sequence[StoredMessage]) -> None:
        """Seal messages that were just written, or worded anew."""
        work.messages.put_seals({message.seq: self.seal(work.tenant_id, message) for message in messages})

    def broken(self, work: UnitOfWork, messages: Mapping[int, StoredMessage]) -> set[int]:
        """Those of the messages, by position, whose seal does not fit; one without a seal is not among them."""
        seals = work.messages.seals(messages)
        return {
            seq
            for seq, seal in seals.items()
            if seal is not None and not hmac.compare_digest(seal, self.seal(work.tenant_id, messages[seq]))
        }


def put_seals(sealer: Sealer | None, work: UnitOfWork, messages: Sequence[StoredMessage]) -> None:
    """Seal messages where there is a key."""
    if sealer is not None:
        sealer.put(work, messages)


def verify_seals(engine: Engine, tenant: TenantId) -> SealReport:
    """Check the seal of every message. Without a key all of them count as unsealed."""
    sealed = unsealed = count = 0
    broken: list[str] = []
    before: int | None = None
    while True:
        with engine.unit(tenant, write=False) as work:
            page = work.messages.list(limit=MESSAGES_AT_ONCE, before_seq=before)
            if not page:
                return SealReport(sealed, unsealed, tuple(broken), count)
            messages = {message.seq: message for message in page}
            without = _without_seal(work, messages)
            wrong = set[int]() if engine.sealer is None else engine.sealer.broken(work, messages)
        before = page[-1].seq
        unsealed += len(page) if engine.sealer is None else len(without)
        sealed += 0 if engine.sealer is None else len(page) - len(without) - len(wrong)
        count += len(wrong)
        broken += [messages[seq].id for seq in sorted(wrong)][: BROKEN_NAMED_MAX - len(broken)]


def _without_seal(work: UnitOfWork, seqs: Iterable[int]) -> list[int]:
    return [seq for seq, seal in work.messages.seals(seqs).items() if seal is None]
