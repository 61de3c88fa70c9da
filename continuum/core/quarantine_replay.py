"""Hides and puts back again what entries of a log say was hidden and put back; used when a log is replayed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from continuum.core.quarantining import hide_seqs, show_seqs
from continuum.domain.records import LogEntry
from continuum.storage.repositories.quarantines import QuarantineRow
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine


def replay_move(engine: Engine, work: UnitOfWork, entry: LogEntry) -> None:
    """Do what an entry of kind quarantine or release says; what is not here, or was forgotten, is passed over."""
    told = json.loads(entry.payload)
    if "rule" in told:
        rule = json.dumps(told["rule"])
        work.quarantines.put(QuarantineRow(entry.seq, entry.entry_id, "hidden", rule, told["reason"]))
        return
    work.tenants.write_counts()  # merges made in this very transaction count
    row, tenant = work.quarantines.get(told["quarantine"]), work.tenants.get()
    if row is None or tenant is None:
        return
    seqs = _there(work, told["seqs"])
    hidden = work.quarantines.hidden(seqs)
    if entry.kind == "quarantine":
        fresh = [seq for seq in seqs if seq not in hidden]
        work.quarantines.hide(row.seq, fresh)
        hide_seqs(engine, work, tenant, fresh)
    else:
        own = set(work.quarantines.hidden_by(row.seq))
        show_seqs(engine, work, tenant, [seq for seq in seqs if seq in own])
        if told["last"]:
            work.quarantines.put(replace(row, state="released"))
    work.tenants.used()


def _there(work: UnitOfWork, seqs: Sequence[int]) -> list[int]:
    return [entry.seq for entry in work.history.entries(seqs) if entry.kind != "erased"]
