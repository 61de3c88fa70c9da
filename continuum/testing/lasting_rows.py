"""Rows and methods of the storage suite about facts, evidence, earlier words, erasures and transfer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from continuum.domain.facts import Fact, FactMode, Statement
from continuum.domain.records import (
    Adjustment,
    CompoundSighting,
    Entity,
    MessageNote,
    Origin,
    Scope,
    Sources,
    StoredMessage,
    Taught,
    Wording,
)
from continuum.storage import UnitOfWork
from continuum.storage.repositories.api_keys import ApiKeyRow
from continuum.storage.repositories.audit import AuditRow
from continuum.storage.repositories.erasures import ErasureRow, Tombstone
from continuum.storage.repositories.instances import Joining, Place
from continuum.storage.repositories.portability import WholeSession
from continuum.storage.repositories.quarantines import HiddenFilter, QuarantineRow

NOW = 1_760_000_000_000_000
SCOPE = Scope("u", "a", "p")
SEQS = range(1, 9)
HIDDEN = 1_000
"""So far behind the others stands what `plant_hidden` hides."""
HIDDEN_SEQS = range(HIDDEN, HIDDEN + 9)
OWN = HiddenFilter(origin="user")


def taught(first: int) -> Taught:
    """Bees and honey met in one exchange."""
    met = tuple(
        Entity(name, name.title(), "concept", name, "", NOW, NOW, 1, first_seq=first, last_seq=first)
        for name in ("bees", "honey")
    )
    sighting = CompoundSighting(("bees", "honey"), "bees + honey", NOW, first)
    return Taught(f"x{first}", first, first, NOW, met, (("bees", "honey", Sources.USER),), (sighting,))


def statement(seq: int, number: int = 0, **changes: Any) -> Statement:  # Any: whatever a field takes
    """Somebody states where they live."""
    plain = Statement(
        slot_id="slot",
        seq=seq,
        number=number,
        subject="user",
        attribute="lives in",
        value="Porto",
        mode=FactMode.STATE,
        polarity=True,
        single=True,
        replaces="Lisbon",
        confidence=0.9,
        valid_from=NOW,
        valid_to=None,
        recorded_at=NOW,
        message_id=f"m{seq}",
        start=0,
        end=5,
        origin=Origin.USER,
        source="user",
        scope=SCOPE,
        since_seq=seq,
    )
    return replace(plain, **changes)


def fact(first: int, **changes: Any) -> Fact:  # Any: whatever a field takes
    """What the statement at `first` says, and another denies."""
    plain = Fact(
        id=f"f{first}",
        slot_id="slot",
        subject="user",
        attribute="lives in",
        value="Porto",
        polarity=True,
        single=True,
        status="disputed",
        confidence=0.9,
        valid_from=NOW,
        valid_to=None,
        recorded_at=NOW,
        message_id=f"m{first}",
        start=0,
        end=5,
        origin=Origin.USER,
        source="user",
        scope=SCOPE,
        first_seq=first,
        first_number=0,
        last_seq=first,
    )
    return replace(plain, **changes)


def derive_lasting(work: UnitOfWork, first: int) -> None:
    """Keep what is derived from the messages at `first` and `first` + 1, as far as it is not there."""
    work.evidence.put([taught(first)])
    work.evidence.add_entry(first, ["bees"])
    work.entities.observe([Entity("moss", "Moss", "concept", "moss", "", NOW, NOW, 1, first_seq=first, last_seq=first)])
    work.evidence.add_adjustment(Adjustment(first, f"a{first}", "merge", "wax", "bees", "Bees"))
    known = {(each.seq, each.number) for each in work.facts.every_statement("slot")}
    closed = statement(first, 1, until_seq=first + 1)
    stated = (statement(first), closed, statement(first + 1, refers_to=(first, 0)))
    work.facts.append([each for each in stated if (each.seq, each.number) not in known])
    work.facts.write([fact(first)])
    work.facts.added(1)
    work.history.put_superseded([MessageNote(first + 1, None, first, NOW, f"m{first}")])
    work.apart.wait([("faro", first + HIDDEN)])


def plant_lasting(work: UnitOfWork, first: int) -> None:
    """Keep something of every kind beside the messages at `first` and `first` + 1."""
    work.tenants.note_said([NOW + first, NOW + first + 1])
    derive_lasting(work, first)
    work.history.reword(Wording(first, first + 1, first, "I kept bees."), "I keep bees.")
    work.history.put_expiries({first: NOW + 1})
    work.history.set_summary("s1", first)
    work.erasures.put(ErasureRow(first, f"e{first}", "erased", "", "{}"))
    work.erasures.put(ErasureRow(-first, f"r{first}", "running", "[]", "{}"))
    work.erasures.bury([Tombstone(f"t{first}", first, f"e{first}")])
    plant_hidden(work, first)
    plant_service(work, first)


JOINING, LEAVING = Joining("i1", "s", 90_000, {}), Joining("i2", "s", 90_000, {})


def service_key(number: int) -> ApiKeyRow:
    """A key of a tenant."""
    return ApiKeyRow(f"key{number}", bytes(32), "member", ("memories:read",), "mine", NOW, "operator", NOW + 9)


def audit_row(number: int) -> AuditRow:
    """Somebody learnt something."""
    return AuditRow(number, NOW, "key:a", "learn", "", "127.0.0.1", "done", "r1", "{}", bytes(32))


def plant_service(work: UnitOfWork, first: int) -> None:
    """Keep a key and what was done with it."""
    work.api_keys.put(service_key(first))
    work.audit.append([audit_row(first)])
    work.instances.put(JOINING, NOW, 1)
    work.instances.put(LEAVING, NOW, 2)
    work.instances.depart(LEAVING.instance_id, "left", 1, 3)


def plant_hidden(work: UnitOfWork, first: int) -> None:
    """Hide a message far behind the others, with what it states."""
    seq = first + HIDDEN
    hidden = StoredMessage(
        f"m{seq}", seq, f"x{seq}", "s9", "i", 1, "tool", None, Origin.TOOL, "Wasps!", NOW, NOW, SCOPE, "{}", bytes(16)
    )
    work.messages.append([hidden])
    work.facts.append([statement(seq, 2, slot_id="apart", value="Faro", until_seq=seq + 1)])
    work.quarantines.put(QuarantineRow(seq, f"q{seq}", "hiding", "{}", "tool", "[]", "{}"))
    work.quarantines.hide(seq, [seq])
    work.facts.append([statement(seq + HIDDEN, 2, slot_id="apart", value="Faro", until_seq=seq + HIDDEN + 1)])
    work.apart.set_aside([seq, seq + HIDDEN])
    work.quarantines.move_out([seq])


LASTING_READS: dict[str, Callable[[UnitOfWork], object]] = {
    "tenants.is_in_order": lambda work: work.tenants.is_in_order(),
    "log.of_kind": lambda work: work.log.of_kind("policy"),
    "log.pages": lambda work: list(work.log.pages()),
    "facts.counting_since": lambda work: work.facts.counting_since(),
    "messages.seals": lambda work: work.messages.seals(SEQS),
    "links.get": lambda work: work.links.get("bees", "honey", "hebbian"),
    "compounds.by_ids": lambda work: work.compounds.by_ids(["bees + honey", "bees + wax"]),
    "links.weak": lambda work: work.links.weak(below=0.9, before=NOW + 100, limit=5),
    "links.by_strength": lambda work: work.links.by_strength(),
    "links.by_type": lambda work: work.links.by_type(),
    "entities.most_connected": lambda work: work.entities.most_connected(5),
    "entities.orphans": lambda work: work.entities.orphans(5),
    "evidence.of_exchanges": lambda work: work.evidence.of_exchanges([f"x{seq}" for seq in (*SEQS, 90)]),
    "evidence.meetings": lambda work: work.evidence.meetings("bees", "honey"),
    "evidence.edge_exchanges": lambda work: work.evidence.edge_exchanges("bees", 3),
    "evidence.edges": lambda work: work.evidence.edges("bees") if work.mentions.of_entity("bees") else None,
    "evidence.times": lambda work: work.evidence.times("bees"),
    "evidence.session_extent": lambda work: work.evidence.session_extent("s1"),
    "evidence.every": lambda work: list(work.evidence.every()),
    "evidence.exchanges_of": lambda work: work.evidence.exchanges_of(["bees", "honey", "resolve"]),
    "evidence.exchanges_of_session": lambda work: work.evidence.exchanges_of_session("s1"),
    "evidence.entries_of": lambda work: work.evidence.entries_of(["bees"]),
    "evidence.subjects_of": lambda work: work.evidence.subjects_of([*SEQS, 90]),
    "evidence.adjustments": lambda work: work.evidence.adjustments(),
    "facts.statements": lambda work: work.facts.statements("slot"),
    "facts.every_statement": lambda work: work.facts.every_statement("slot"),
    "facts.statements_at": lambda work: work.facts.statements_at([*SEQS, 90]),
    "facts.stated_at": lambda work: work.facts.stated_at(SEQS),
    "facts.every_statement_at": lambda work: work.facts.every_statement_at(SEQS),
    "facts.with_value": lambda work: work.facts.with_value("porto", 100, 10),
    "facts.replacing_after": lambda work: work.facts.replacing_after(0),
    "facts.referring_to": lambda work: work.facts.referring_to(SEQS),
    "facts.slots_changed": lambda work: work.facts.slots_changed(0, 100, 10),
    "facts.every_slot": lambda work: list(work.facts.every_slot()),
    "facts.of_slots": lambda work: work.facts.of_slots(["slot"]),
    "facts.by_ids": lambda work: work.facts.by_ids([f"f{seq}" for seq in SEQS]),
    "facts.of_attributes": lambda work: work.facts.of_attributes(["livesin"], 10),
    "facts.of_pairs": lambda work: work.facts.of_pairs([("livesin", "user")], 10),
    "facts.disputed_slots": lambda work: work.facts.disputed_slots(10),
    "facts.list": lambda work: work.facts.list(),
    "facts.list of a subject": lambda work: work.facts.list(subject_key="user", attribute_key="livesin"),
    "history.in_force": lambda work: work.history.in_force(1),
    "history.wordings": lambda work: work.history.wordings(SEQS),
    "history.has_wordings": lambda work: work.history.has_wordings(100),
    "history.position_at": lambda work: work.history.position_at(NOW, work.tenants.position()),
    "history.entries": lambda work: work.history.entries(SEQS),
    "history.notes": lambda work: work.history.notes(SEQS),
    "history.superseded_by": lambda work: work.history.superseded_by([f"m{seq}" for seq in SEQS]),
    "history.expired": lambda work: work.history.expired(NOW + 100, 10),
    "history.every_wording": lambda work: work.history.every_wording(),
    "history.summaries_of": lambda work: work.history.summaries_of("s1"),
    "history.sessions_of": lambda work: work.history.sessions_of(SEQS),
    "history.seqs_of_exchanges": lambda work: work.history.seqs_of_exchanges([f"x{seq}" for seq in SEQS]),
    "history.seqs_of_session": lambda work: work.history.seqs_of_session("s1"),
    "history.seqs_following": lambda work: work.history.seqs_following("s1", 0, 10),
    "history.seqs_of_scope": lambda work: work.history.seqs_of_scope(SCOPE),
    "history.seqs_before": lambda work: work.history.seqs_before(NOW + 100),
    "history.seqs_naming": lambda work: work.history.seqs_naming(["bees"]),
    "history.old_sessions": lambda work: work.history.old_sessions(NOW + 100, 10),
    "erasures.get": lambda work: [work.erasures.get(f"e{seq}") for seq in SEQS],
    "erasures.last": lambda work: work.erasures.last(),
    "erasures.next_running": lambda work: work.erasures.next_running(),
    "erasures.in_state": lambda work: [work.erasures.in_state("running"), work.erasures.in_state("erased")],
    "erasures.list": lambda work: work.erasures.list(),
    "erasures.tombstones": lambda work: work.erasures.tombstones(),
    "quarantines.get": lambda work: [work.quarantines.get(f"q{seq}") for seq in HIDDEN_SEQS],
    "quarantines.list": lambda work: work.quarantines.list(),
    "quarantines.at_work": lambda work: work.quarantines.at_work(),
    "quarantines.any": lambda work: work.quarantines.any(),
    "quarantines.matching": lambda work: work.quarantines.matching(OWN),
    "quarantines.hidden": lambda work: work.quarantines.hidden(HIDDEN_SEQS),
    "quarantines.hidden_by": lambda work: [work.quarantines.hidden_by(seq) for seq in HIDDEN_SEQS],
    "quarantines.messages": lambda work: work.quarantines.messages(HIDDEN_SEQS),
    "quarantines.places": lambda work: work.quarantines.places([f"m{seq}" for seq in HIDDEN_SEQS]),
    "quarantines.list_messages": lambda work: work.quarantines.list_messages(),
    "apart.kept": lambda work: work.apart.kept(),
    "apart.looking_for": lambda work: work.apart.looking_for(["faro"], 0),
    "apart.waiting": lambda work: work.apart.waiting(HIDDEN_SEQS),
    "apart.former_values": lambda work: work.apart.former_values(0),
    "sessions.list before": lambda work: work.sessions.list(5, before=(NOW + 100, "")),
    "decisions.list_before": lambda work: work.decisions.list_before((100, 0, ""), 5),
    "sessions.get": lambda work: work.sessions.get("s1"),
    "instances.get": lambda work: work.instances.get("i1"),
    "instances.changed_after": lambda work: work.instances.changed_after(0),
    "instances.newest_change": lambda work: work.instances.newest_change(),
    "instances.count_here": lambda work: work.instances.count_here(),
    "instances.list": lambda work: work.instances.list(everyone=True),
    "tenants.secret": lambda work: work.tenants.secret() and b"known",
    "api_keys.get": lambda work: [work.api_keys.get(f"key{number}") for number in SEQS],
    "api_keys.list": lambda work: work.api_keys.list(),
    "audit.head": lambda work: work.audit.head(),
    "audit.list": lambda work: work.audit.list(),
    "portability.message_places": lambda work: work.portability.message_places([f"m{seq}" for seq in SEQS]),
    "portability.tombstones": lambda work: work.portability.tombstones([f"t{seq}" for seq in SEQS]),
    "portability.entries_by_hand": lambda work: work.portability.entries_by_hand(),
    "portability.sessions": lambda work: work.portability.sessions(),
    "portability.vector_models": lambda work: work.portability.vector_models(),
}
"""Every reading method about what lasts, with arguments that find what `plant_lasting` keeps."""


def _settle_empty_session(work: UnitOfWork) -> None:
    work.history.remove_messages([1, 2])
    work.history.settle_session("s1")


LASTING_WRITES: dict[str, Callable[[UnitOfWork], object]] = {
    "tenants.note_said": lambda work: work.tenants.note_said([NOW - 9]),
    "tenants.derived_by": lambda work: work.tenants.derived_by(9),
    "tenants.used": lambda work: work.tenants.used(),
    "tenants.set_metadata": lambda work: work.tenants.set_metadata('{"a": 1}'),
    "tenants.set_policy": lambda work: work.tenants.set_policy('{"history_days": 1}'),
    "tenants.set_limits": lambda work: work.tenants.set_limits('{"messages_max": 100000}'),
    "api_keys.put": lambda work: work.api_keys.put(service_key(90)),
    "api_keys.revoke": lambda work: work.api_keys.revoke("key1", NOW),
    "api_keys.note_used": lambda work: work.api_keys.note_used("key1", NOW),
    "instances.put": lambda work: work.instances.put(JOINING, NOW, 2),
    "instances.greet": lambda work: work.instances.greet(JOINING, NOW, Place(0)),
    "instances.beat": lambda work: work.instances.beat(["i1"], NOW),
    "instances.acknowledge": lambda work: work.instances.acknowledge([("i1", Place(3, 1), {})]),
    "instances.depart": lambda work: work.instances.depart("i1", "left", 1, 4),
    "instances.forget_departed": lambda work: work.instances.forget_departed(9),
    "audit.append": lambda work: work.audit.append([audit_row(90)]),
    "tenants.forget_derived_counts": lambda work: work.tenants.forget_derived_counts(),
    "messages.put_seals": lambda work: work.messages.put_seals({1: b"seal"}),
    "links.prune": lambda work: work.links.prune(below=0.9, before=NOW + 100),
    "links.remove": lambda work: work.links.remove("bees", "honey", "hebbian"),
    "entities.remove": lambda work: work.entities.remove(["bees"]),
    "decisions.remove": lambda work: work.decisions.remove([1]),
    "idempotency.forget": lambda work: work.idempotency.forget([1]),
    "evidence.put": lambda work: work.evidence.put([taught(90)]),
    "evidence.remove": lambda work: work.evidence.remove([taught(1)]),
    "evidence.add_entry": lambda work: work.evidence.add_entry(90, ["bees"]),
    "evidence.remove_entries": lambda work: work.evidence.remove_entries([1]),
    "evidence.add_adjustment": lambda work: work.evidence.add_adjustment(
        Adjustment(90, "a90", "rename", "bees", "bees", "Hive")
    ),
    "evidence.undo_adjustment": lambda work: work.evidence.undo_adjustment(1, 90),
    "evidence.remove_adjustments": lambda work: work.evidence.remove_adjustments([1]),
    "facts.append": lambda work: work.facts.append([statement(90)]),
    "facts.close": lambda work: work.facts.close([1], 90),
    "facts.remove_statements": lambda work: work.facts.remove_statements([1]),
    "facts.remove_every_statement": lambda work: work.facts.remove_every_statement(1, 1),
    "facts.remove_statement": lambda work: work.facts.remove_statement(1, 0),
    "facts.prune": lambda work: work.facts.prune(90),
    "facts.write": lambda work: work.facts.write([fact(1, status="current")]),
    "facts.added": lambda work: work.facts.added(3),
    "facts.remove": lambda work: work.facts.remove(["f1"]),
    "history.reword": lambda work: work.history.reword(Wording(1, 90, 2, "I keep bees."), "I keep wasps."),
    "history.prune": lambda work: work.history.prune(90),
    "history.put_expiries": lambda work: work.history.put_expiries({2: NOW}),
    "history.put_superseded": lambda work: work.history.put_superseded([MessageNote(1, None, 2, NOW, "m2")]),
    "history.unsupersede": lambda work: work.history.unsupersede([2]),
    "history.remove_messages": lambda work: work.history.remove_messages([1]),
    "history.remove_mentions": lambda work: work.history.remove_mentions([1]),
    "history.remove_vectors": lambda work: work.history.remove_vectors([1]),
    "history.blank_entries": lambda work: work.history.blank_entries([1]),
    "history.rewrite_entry": lambda work: work.history.rewrite_entry(1, '{"a": 1}'),
    "history.settle_session": _settle_empty_session,
    "history.set_summary": lambda work: work.history.set_summary("s1", 2),
    "erasures.put": lambda work: work.erasures.put(ErasureRow(1, "e1", "scrubbed", "", "{}")),
    "erasures.finish": lambda work: work.erasures.finish(-1, ErasureRow(7, "r1", "erased", "", "{}")),
    "erasures.bury": lambda work: work.erasures.bury([Tombstone("t2", 2, "e1")]),
    "quarantines.put": lambda work: work.quarantines.put(QuarantineRow(1001, "q1001", "hidden", "{}", "tool")),
    "quarantines.hide": lambda work: work.quarantines.hide(1001, [1]),
    "quarantines.drop": lambda work: work.quarantines.drop([1001]),
    "quarantines.move_out": lambda work: work.quarantines.move_out([1]),
    "quarantines.move_back": lambda work: work.quarantines.move_back([1001]),
    "quarantines.put_summaries_back": lambda work: work.quarantines.put_summaries_back({2: "s1"}),
    "apart.set_aside": lambda work: work.apart.set_aside([1]),
    "apart.bring_back": lambda work: work.apart.bring_back(),
    "apart.drop": lambda work: work.apart.drop([1001]),
    "apart.drop_one": lambda work: work.apart.drop_one(1001, 2),
    "apart.prune": lambda work: work.apart.prune(2_000),
    "apart.wait": lambda work: work.apart.wait([("faro", 3)]),
    "apart.wait_no_more": lambda work: work.apart.wait_no_more([1001]),
    "portability.restore_session": lambda work: work.portability.restore_session(
        WholeSession("s1", NOW - 1, NOW + 9, 7, None)
    ),
}
"""Every writing method about what lasts, with arguments that would change what `plant_lasting` keeps."""
