"""What the storage suite keeps and reads: a store behind either door, a row of each kind, every method by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from continuum.domain.ids import TenantId
from continuum.domain.records import (
    AttentionLink,
    CompoundConcept,
    Decision,
    Entity,
    IndexedMessage,
    LogEntry,
    Mention,
    Origin,
    Scope,
    Sources,
    StoredMessage,
    StoredVector,
)
from continuum.storage import AsyncBackend, StorageBackend, UnitOfWork, unit_of_work
from continuum.testing.lasting_rows import LASTING_READS, LASTING_WRITES, plant_lasting

Answer = TypeVar("Answer")

ALICE, BOB = TenantId("alice"), TenantId("bob")
NOW = 1_760_000_000_000_000
RATES = {"initial": 0.5, "rate": 0.1, "cap": 0.29}


@dataclass(frozen=True, slots=True)
class Store:
    """A backend behind one of its two doors."""

    backend: StorageBackend
    asynchronous: bool

    def run(self, tenant: TenantId, function: Callable[[UnitOfWork], Answer], *, write: bool) -> Answer:
        if not self.asynchronous:
            with unit_of_work(self.backend, tenant, write=write) as work:
                return function(work)
        return asyncio.run(self._run(tenant, function, write))

    async def _run(self, tenant: TenantId, function: Callable[[UnitOfWork], Answer], write: bool) -> Answer:
        return await AsyncBackend(self.backend, workers=1).run(tenant, function, write=write)

    def scrub(self) -> bool:
        if not self.asynchronous:
            return self.backend.scrub()
        return asyncio.run(AsyncBackend(self.backend, workers=1).scrub())

    def write(self, tenant: TenantId, function: Callable[[UnitOfWork], Answer]) -> Answer:
        return self.run(tenant, function, write=True)

    def read(self, tenant: TenantId, function: Callable[[UnitOfWork], Answer]) -> Answer:
        return self.run(tenant, function, write=False)


def message(seq: int, text: str = "I keep bees.", **changes: Any) -> StoredMessage:
    """A message with every field filled."""
    plain = StoredMessage(
        id=f"m{seq}",
        seq=seq,
        exchange_id=f"x{seq}",
        session_id="s1",
        instance_id="i1",
        message_number=seq,
        role="user",
        speaker="Ada",
        origin=Origin.USER,
        text=text,
        timestamp=NOW + seq,
        recorded_at=NOW + seq + 5,
        scope=Scope("u", "a", "p"),
        metadata='{"k": 1}',
        same_key=seq.to_bytes(16, "big"),
    )
    return replace(plain, **changes)


def entity(name: str, seq: int = 1, **changes: Any) -> Entity:
    """A concept met once; its id is its name."""
    plain = Entity(
        id=name,
        name=name.title(),
        entity_type="concept",
        key=name,
        description="",
        created_at=NOW + seq,
        last_seen=NOW + seq,
        occurrences=1,
        first_seq=seq,
        last_seq=seq,
    )
    return replace(plain, **changes)


def link(a: str, b: str, seq: int = 1, sources: Sources = Sources.USER, **changes: Any) -> AttentionLink:
    """A link met once."""
    plain = AttentionLink(a, b, "hebbian", 0.5, 1, sources, NOW + seq, NOW + seq, seq, seq)
    return replace(plain, **changes)


def decision(name: str, seq: int = 1) -> Decision:
    return Decision(name, "I will keep bees", "I will keep bees.", "user", "i1", NOW, f"m{seq}", seq, 0, 16)


def compound(*components: str, seq: int = 1) -> CompoundConcept:
    name = " + ".join(components)
    return CompoundConcept(name, name, components, 1, NOW + seq, seq, seq)


def plant(work: UnitOfWork, first: int = 1) -> None:
    """Keep something of every kind at positions `first` and `first` + 1."""
    work.tenants.ensure(NOW, lambda: b"s" * 32)
    seqs = (first, first + 1)
    assert work.tenants.advance(2, NOW).last_seq == first + 1
    work.log.append([LogEntry(first, "message", f"m{first}", NOW), LogEntry(first + 1, "policy", f"p{first}", NOW)])
    work.sessions.append("s1", 2, NOW)
    summary = message(first + 1, role="system", metadata='{"summary_of": "s1"}')
    work.messages.append([message(first), summary])
    work.messages.index([IndexedMessage(seq, NOW, "s1", "user", "Ada", b"terms", b"tags") for seq in seqs])
    work.entities.observe([entity("bees", first), entity("honey", first)])
    work.mentions.append([Mention("bees", first, 7, 11, "x"), Mention("honey", first + 1, 0, 5, "x")])
    work.links.reinforce([link("bees", "honey", first)], **RATES)
    work.decisions.append([decision(f"d{first}", first)])
    work.compounds.count([compound("bees", "honey", seq=first)])
    work.compounds.count([compound("bees", "honey", seq=first)])
    work.vectors.put([StoredVector(first, "small", b"\0\0\x80?")])
    work.idempotency.put(f"key{first}", b"hash", "{}", NOW, first)
    plant_lasting(work, first)


READS: dict[str, Callable[[UnitOfWork], object]] = {
    "tenants.get": lambda work: work.tenants.get(),
    "tenants.position": lambda work: work.tenants.position(),
    "tenants.counts": lambda work: work.tenants.counts(),
    "log.read": lambda work: work.log.read(),
    "messages.by_seqs": lambda work: work.messages.by_seqs(range(1, 9)),
    "messages.by_ids": lambda work: work.messages.by_ids([f"m{seq}" for seq in range(1, 9)]),
    "messages.known": lambda work: work.messages.known([seq.to_bytes(16, "big") for seq in range(1, 9)]),
    "messages.list": lambda work: work.messages.list(),
    "messages.list of a session": lambda work: work.messages.list(session_id="s1", role="user"),
    "messages.index_after": lambda work: work.messages.index_after(),
    "sessions.list": lambda work: work.sessions.list(),
    "entities.by_ids": lambda work: work.entities.by_ids(["bees", "honey", "wax"]),
    "entities.list": lambda work: work.entities.list(),
    "entities.list of a type": lambda work: work.entities.list(entity_type="concept", query="b"),
    "entities.names_after": lambda work: work.entities.names_after(),
    "entities.recent": lambda work: work.entities.recent(instance_id="i1"),
    "entities.degrees": lambda work: work.entities.degrees(["bees", "honey", "wax"]),
    "mentions.of_entity": lambda work: work.mentions.of_entity("bees"),
    "mentions.of_entities": lambda work: work.mentions.of_entities(["bees", "honey"]),
    "mentions.of_messages": lambda work: work.mentions.of_messages(range(1, 9)),
    "links.neighbours": lambda work: work.links.neighbours(["bees", "honey"]),
    "links.steps": lambda work: work.links.steps(["bees", "honey"]),
    "links.surroundings": lambda work: work.links.surroundings(["bees", "honey"]),
    "links.between": lambda work: work.links.between(["bees", "honey", "wax"]),
    "decisions.recent": lambda work: work.decisions.recent(),
    "decisions.list": lambda work: work.decisions.list(before_seq=100),
    "decisions.of_messages": lambda work: work.decisions.of_messages(range(1, 9)),
    "compounds.list": lambda work: work.compounds.list(),
    "compounds.containing": lambda work: work.compounds.containing(["bees", "wax"]),
    "vectors.after": lambda work: work.vectors.after("small"),
    "vectors.missing": lambda work: work.vectors.missing("small"),
    "vectors.count": lambda work: work.vectors.count("small"),
    "idempotency.get": lambda work: [work.idempotency.get(f"key{seq}") for seq in range(1, 9)],
    "export_derived": lambda work: work.export_derived(),
    **LASTING_READS,
}
"""Every reading method, with arguments that find what `plant` keeps."""

WRITES: dict[str, Callable[[UnitOfWork], object]] = {
    "tenants.ensure": lambda work: work.tenants.ensure(NOW + 9, lambda: b"other" * 8),
    "tenants.advance": lambda work: work.tenants.advance(5, NOW + 9),
    "log.append": lambda work: work.log.append([LogEntry(90, "message", "m90", NOW)]),
    "messages.append": lambda work: work.messages.append([message(90)]),
    "messages.index": lambda work: work.messages.index([IndexedMessage(1, 0, "s9", "tool", None, b"")]),
    "sessions.append": lambda work: work.sessions.append("s1", 7, NOW + 9),
    "entities.observe": lambda work: work.entities.observe([entity("bees", 90, aliases=("apis",)), entity("wax", 90)]),
    "mentions.append": lambda work: work.mentions.append([Mention("bees", 90, 0, 4, "x")]),
    "links.reinforce": lambda work: work.links.reinforce([link("bees", "honey", 90), link("bees", "wax")], **RATES),
    "links.set_link": lambda work: work.links.set_link(link("bees", "honey", strength=0.9)),
    "decisions.append": lambda work: work.decisions.append([decision("d90", 1)]),
    "decisions.keep": lambda work: work.decisions.keep([decision("d90", 1)]),
    "compounds.count": lambda work: work.compounds.count([compound("bees", "honey"), compound("bees", "wax")]),
    "vectors.put": lambda work: work.vectors.put([StoredVector(1, "small", b"other")]),
    "idempotency.put": lambda work: work.idempotency.put("key1", b"other", "[]", NOW),
    "idempotency.expire": lambda work: work.idempotency.expire(NOW + 1_000),
    "clear_derived": lambda work: work.clear_derived(),
    "entities.state": lambda work: work.entities.state(entity("bees", description="insects")),
    "entities.write": lambda work: work.entities.write([entity("bees", occurrences=9)]),
    "links.write": lambda work: work.links.write(link("bees", "honey", strength=0.9), 0.9),
    "compounds.write": lambda work: work.compounds.write(replace(compound("bees", "honey"), co_occurrence_count=9)),
    "compounds.remove": lambda work: work.compounds.remove(compound("bees", "honey")),
    **LASTING_WRITES,
}
"""Every writing method, with arguments that would change what `plant` keeps."""


def everything(store: Store, tenant: TenantId) -> dict[str, object]:
    """What each reading method gives."""
    return store.read(tenant, lambda work: {name: read(work) for name, read in READS.items()})
