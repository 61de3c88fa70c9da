"""Words a message anew: the present is as if it had always said so, the past as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuum.core.adjusting import adjustments_of
from continuum.core.origin_seal import put_seals
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.refolding import Fold
from continuum.core.retelling import Retelling
from continuum.core.stating import append_entry
from continuum.core.validation import checked_label, checked_text
from continuum.domain.ids import TenantId
from continuum.domain.records import StoredMessage, Wording
from continuum.errors import ConflictError, InvalidInputError, NotFoundError, shown

if TYPE_CHECKING:
    from continuum.core.assembly import Engine


def revise_message(engine: Engine, tenant: TenantId, message_id: str, text: str) -> StoredMessage:
    """Give a message new words, without secrets, and derive anew what it teaches.

    Raises NotFoundError and InvalidInputError.
    """
    wanted = checked_label(message_id, "message_id")
    words = engine.redactor.redact(checked_text(text, "text", engine.config.max_text_bytes)).text
    if not words.strip():
        raise InvalidInputError("text", "holds no words; forget the message instead")
    with engine.unit(tenant, write=True) as work:
        refuse_if_outdated(work)
        message = work.messages.by_ids([wanted]).get(wanted)
        if message is None and work.quarantines.places([wanted]):
            raise NotFoundError(f"message_id: {shown(message_id)} is quarantined; release it first")
        if message is None:
            raise NotFoundError(f"message_id: {shown(message_id)} is no message of this tenant")
        if message.text == words:
            return message
        if engine.sealer is not None and engine.sealer.broken(work, {message.seq: message}):
            problem = f"message_id: the seal of {shown(message_id)} does not fit; who revises it would vouch for it"
            raise ConflictError(f"{problem}. Forget it, and learn it again")
        earlier = work.history.wordings([message.seq])
        since = earlier[-1].until_seq if earlier else message.seq
        payload = {"seq": message.seq, "message_id": message.id}
        record, entry = append_entry(work, "revision", payload, engine.clock.now())
        how = Fold(record.secret, adjustments_of(work, record.adjustments), engine.links)
        retelling = Retelling(engine, work, how, [message.seq], "reworded")
        work.history.reword(Wording(message.seq, entry.seq, since, message.text), words)
        work.facts.close([message.seq], entry.seq)
        work.history.remove_vectors([message.seq])
        retelling.finish(entry.seq)
        revised = work.messages.by_seqs([message.seq])[message.seq]
        put_seals(engine.sealer, work, [revised])
    if engine.cache is not None:
        engine.cache.clear(tenant)
    if engine.vectors is not None:
        engine.vectors.forget(tenant)
        engine.vectors.wake(tenant)
    return revised
