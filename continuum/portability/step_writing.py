"""Writes entries at positions of a log, with all that follows from them: rows, words, facts, merges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from continuum.core.adjusting import adjustments_of
from continuum.core.adjustments_by_hand import apply_adjustment, refold_touched, touched_around
from continuum.core.assertions import apply_entity, apply_link
from continuum.core.facts_by_hand import apply_facts, apply_retraction, apply_supersession
from continuum.core.feedback import note_subjects
from continuum.core.graph_health import apply_prune
from continuum.core.origin_seal import put_seals
from continuum.core.quarantine_replay import replay_move
from continuum.core.rebuilding import exchange_of
from continuum.core.recording import derive, index_terms, indexed
from continuum.core.refolding import Fold
from continuum.core.retelling import Retelling
from continuum.domain.clock import Micros
from continuum.domain.ids import derived_id, uuid7
from continuum.domain.records import Extraction, LogEntry, StoredMessage, TenantRecord, Wording
from continuum.language.names import entity_key
from continuum.portability.export_lines import EntryLine
from continuum.portability.payload_checks import policy_in
from continuum.storage.repositories.erasures import Tombstone
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

Understood = tuple[Extraction, tuple[bytes, ...]]
"""What the messages of an exchange teach, and their index terms."""


class StepWriter:
    """Writes into one open unit of work; `position` is where the log ends."""

    def __init__(
        self,
        engine: Engine,
        work: UnitOfWork,
        record: TenantRecord,
        ready: Mapping[tuple[str, ...], Understood],
    ) -> None:
        self.position = record.last_seq
        self._engine, self._work, self._ready = engine, work, ready
        self._secret = record.secret
        self._adjustments = adjustments_of(work, record.adjustments)

    # -- positions -------------------------------------------------------------------------------------------------

    def take(self, seq: int, recorded_at: Micros) -> None:
        """Take a position of the log's own; those before it that nobody takes are held by empty entries."""
        held = range(self.position + 1, seq)
        self._work.tenants.advance(seq - self.position, recorded_at)
        self._work.log.append([LogEntry(at, "erased", uuid7(recorded_at), recorded_at) for at in held])
        self.position = seq

    def append(self, count: int, now: Micros) -> Micros:
        """Take the next positions; gives the moment at which they count as recorded."""
        record = self._work.tenants.advance(count, now)
        self.position = record.last_seq
        return record.last_active

    # -- entries ---------------------------------------------------------------------------------------------------

    def write(self, lines: Sequence[EntryLine], *, keeps_numbers: bool) -> None:
        """Write entries whose positions are taken; messages among them are of one exchange."""
        self._work.log.append([line.entry for line in lines])
        said = [line for line in lines if line.message is not None]
        if said:
            self._write_messages(said, keeps_numbers=keeps_numbers)
        for line in lines:
            if line.message is None:
                self._apply(line)

    def can_adjust(self, entry: LogEntry) -> bool:
        """Whether a merge, rename or undo can be made here as it was made there."""
        if entry.kind == "undo":
            at = json.loads(entry.payload)["seq"]
            return any(each.seq == at and each.undone_seq is None for each in self._work.evidence.adjustments())
        subject, other = self._named(entry)
        if entry.kind == "merge":
            return subject != other
        return other == subject or not self._work.entities.by_ids([other])

    def _write_messages(self, said: Sequence[EntryLine], *, keeps_numbers: bool) -> None:
        work = self._work
        messages = [line.message for line in said if line.message is not None]
        at = max(message.timestamp for message in messages)
        first = work.sessions.append(messages[0].session_id, len(messages), at)
        if not keeps_numbers:
            messages = [_numbered(message, first + place) for place, message in enumerate(messages)]
        work.messages.append(messages)
        put_seals(self._engine.sealer, work, messages)
        extraction, terms = self._understood(messages)
        work.messages.index([indexed(message, own) for message, own in zip(messages, terms, strict=True)])
        worded = {line.entry.seq: line.since for line in said if line.since is not None}
        derive(work, self._secret, messages, extraction, self._engine.links, self._adjustments, worded)
        work.history.put_expiries({each.entry.seq: each.expires_at for each in said if each.expires_at is not None})

    def _understood(self, messages: Sequence[StoredMessage]) -> Understood:
        known = self._ready.get(tuple(message.id for message in messages))
        if known is not None:
            return known
        extraction = self._engine.pipeline.extract(exchange_of(messages))
        return extraction, index_terms([message.text for message in messages], extraction)

    def _apply(self, line: EntryLine) -> None:
        work, secret, entry = self._work, self._secret, line.entry
        match entry.kind:
            case "entity":
                apply_entity(work, secret, entry, self._adjustments)
            case "link":
                apply_link(work, secret, entry, self._adjustments)
            case "facts":
                apply_facts(work, secret, entry)
            case "retraction":
                apply_retraction(work, secret, entry)
            case "supersession":
                apply_supersession(work, secret, entry)
            case "revision":
                self._revise(line)
            case "merge" | "rename" | "undo":
                self._adjust(entry)
            case "policy":
                work.tenants.set_policy(policy_in(json.loads(entry.payload)))
            case "quarantine" | "release":
                replay_move(self._engine, work, entry)
            case "feedback":
                note_subjects(work, entry)
                work.tenants.used()
            case "ranker":
                work.tenants.used()
            case "prune":
                apply_adjustment(work, secret, entry)
                apply_prune(work, entry)
                self._adjustments = adjustments_of(work, 1)
            case "erased":
                if line.erasure_id is not None:
                    work.erasures.bury([Tombstone(entry.entry_id, entry.seq, line.erasure_id)])
            case _:
                pass  # the log alone keeps it

    def _revise(self, line: EntryLine) -> None:
        """Give a message the words that a revision gave, as `revise` did there."""
        work, entry = self._work, line.entry
        seq = json.loads(entry.payload)["seq"]
        message = work.messages.by_seqs([seq]).get(seq)
        if line.text is None or message is None or message.text == line.text:
            return
        how = Fold(self._secret, self._adjustments, self._engine.links)
        retelling = Retelling(self._engine, work, how, [seq], "reworded")
        since = seq if line.since is None else line.since
        work.history.reword(Wording(seq, entry.seq, since, message.text), line.text)
        work.facts.close([seq], entry.seq)
        work.history.remove_vectors([seq])
        retelling.finish(entry.seq)
        put_seals(self._engine.sealer, work, list(work.messages.by_seqs([seq]).values()))

    def _adjust(self, entry: LogEntry) -> None:
        """Merge, rename or undo, and fold what it touches anew."""
        work = self._work
        how = Fold(self._secret, self._adjustments, self._engine.links)
        entities = self._touched(entry)
        before = touched_around(work, how, entities)
        apply_adjustment(work, self._secret, entry)
        refold_touched(work, how, before, entities)
        self._adjustments = adjustments_of(work, 1)

    def _named(self, entry: LogEntry) -> tuple[str, str]:
        """The two entities that a merge or rename is about; they may be one."""
        told = json.loads(entry.payload)
        names = (told["name"], told["into" if entry.kind == "merge" else "new_name"])
        first, second = (self._adjustments.entity(derived_id(self._secret, "concept", entity_key(n))) for n in names)
        return first, second

    def _touched(self, entry: LogEntry) -> set[str]:
        if entry.kind != "undo":
            return set(self._named(entry))
        at = json.loads(entry.payload)["seq"]
        made = [each for each in self._work.evidence.adjustments() if each.seq == at]
        ids = {entity_id for each in made for entity_id in (each.subject_id, each.object_id)}
        return ids | {self._adjustments.entity(each) for each in ids}


def _numbered(message: StoredMessage, number: int) -> StoredMessage:
    return replace(message, message_number=number)
