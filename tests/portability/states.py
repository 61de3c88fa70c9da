"""The whole state of a memory, in a form that two memories can be compared in."""

from __future__ import annotations

import io
from dataclasses import replace

from continuum.core.memory import ConsciousMemory
from continuum.domain.records import MessageNote
from continuum.portability import export_memory
from continuum.storage.base import Row
from continuum.storage.unit_of_work import UnitOfWork


def state(memory: ConsciousMemory) -> dict[str, object]:
    """Every row that tells one memory from another, by what it is."""
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        record = work.tenants.get()
        assert record is not None
        seqs = range(1, record.last_seq + 1)
        notes = work.history.notes(seqs)
        return {
            **_derived(work),
            # How many merges, notes and uses there ever were only says whether anybody has to look for them.
            "tenant": replace(record, adjustments=0, notes=0, uses=0),
            "secret": record.secret,
            "counts": work.tenants.counts(),
            "log": work.log.read(0, record.last_seq),
            "messages": sorted(work.messages.by_seqs(seqs).items()),
            "wordings": work.history.wordings(seqs),
            "notes": sorted((seq, note) for seq, note in notes.items() if note != MessageNote(seq)),
            "sessions": work.portability.sessions(),
            "receipts": work.erasures.list(0, 10_000),
            "tombstones": work.erasures.tombstones(limit=10_000),
            "vectors": [work.vectors.after(model) for model in work.portability.vector_models()],
        }


def derived_of(memory: ConsciousMemory) -> dict[str, list[Row]]:
    """All derived rows."""
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        return _derived(work)


def _derived(work: UnitOfWork) -> dict[str, list[Row]]:
    derived = work.export_derived()
    if work.erasures.last() is not None:
        # Since when others said what they say, if a message that was worded anew was forgotten later, is not told.
        derived["statements"] = [row[:-2] for row in derived["statements"] if row[-1] is None]
    return derived


def exported(memory: ConsciousMemory, **how: int) -> str:
    """The export of a memory."""
    out = io.StringIO()
    export_memory(memory, out, **how)  # type: ignore[arg-type]  # only the switches are given
    return out.getvalue()
