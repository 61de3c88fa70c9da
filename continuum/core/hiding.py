"""Takes what is quarantined out of sight, and puts it back: the rows that stand for it. What is derived is not here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from continuum.core.facts_by_hand import mark_superseded_again
from continuum.core.stating import append_entry
from continuum.domain.clock import Micros
from continuum.domain.records import StoredMessage
from continuum.storage.repositories.quarantines import QuarantineRow
from continuum.storage.unit_of_work import UnitOfWork


def take_out(work: UnitOfWork, seqs: Sequence[int]) -> None:
    """Hide messages and entries that are noted as hidden, with what they state."""
    messages = work.messages.by_seqs(seqs)
    superseded = work.history.superseded_by([message.id for message in messages.values()])
    work.history.unsupersede([*messages, *(note.seq for note in superseded)])
    work.history.remove_mentions(messages)
    work.apart.set_aside(seqs)
    work.apart.wait_no_more(seqs)
    work.quarantines.move_out(list(messages))
    mark_superseded_again(work, [note.seq for note in superseded])


def put_back(work: UnitOfWork, seqs: Sequence[int]) -> None:
    """Show hidden messages and entries again, with the statements of former words."""
    work.quarantines.move_back(seqs)
    work.apart.bring_back()
    messages = work.messages.by_seqs(seqs)
    work.quarantines.put_summaries_back({seq: each.session_id for seq, each in messages.items() if is_summary(each)})
    made = [json.loads(entry.payload) for entry in work.history.entries(seqs) if entry.kind == "supersession"]
    mark_superseded_again(work, sorted({*messages, *(seq for told in made for seq in told["messages"])}))


def is_summary(message: StoredMessage) -> bool:
    """Whether a message sums up its session."""
    return message.role == "system" and '"summary_of"' in message.metadata


def moved_on(work: UnitOfWork, row: QuarantineRow, seqs: Sequence[int], rest: Sequence[int], now: Micros) -> None:
    """Write into the log which entries are hidden by a quarantine, or put back, if the log does not say so yet."""
    payload = {"quarantine": row.id, "seqs": list(seqs), "last": not rest}
    append_entry(work, "quarantine" if row.state == "hiding" else "release", payload, now)


def settle(work: UnitOfWork, now: Micros) -> None:
    """Bring to an end what is being hidden or put back, where everything is about to be derived anew."""
    for row in work.quarantines.at_work():
        seqs = json.loads(row.remaining)
        take_out(work, seqs) if row.state == "hiding" else put_back(work, seqs)
        moved_on(work, row, seqs, (), now)
        work.quarantines.put(replace(row, state="hidden" if row.state == "hiding" else "released", remaining="[]"))
        work.tenants.used()
