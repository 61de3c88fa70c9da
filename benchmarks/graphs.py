"""Writes a large concept graph through the repositories: learning half a million links by text would take hours."""

from __future__ import annotations

import random

from benchmarks.texts import _word
from continuum.core.assembly import Engine
from continuum.domain.ids import TenantId, derived_id
from continuum.domain.records import AttentionLink, Entity, Sources
from continuum.language.names import normalise_name

ROWS_AT_ONCE = 5_000


def write_graph(engine: Engine, tenant: TenantId, concepts: int, links: int) -> list[str]:
    """Concepts with random links, a tenth of them at the first concept; gives the names."""
    chance = random.Random(5)
    names = [f"{_word(n * 13 + 1).title()} {_word(n * 17 + 2).title()}" for n in range(concepts)]
    with engine.unit(tenant, write=True) as work:
        record = work.tenants.get()
        assert record is not None
        ids = [derived_id(record.secret, "concept", normalise_name(name)) for name in names]
        entities = [
            Entity(i, name, "concept", normalise_name(name), "", 1, 1, 1, first_seq=1, last_seq=1)
            for i, name in zip(ids, names, strict=True)
        ]
        for start in range(0, concepts, ROWS_AT_ONCE):
            work.entities.observe(entities[start : start + ROWS_AT_ONCE])
    pairs = {
        tuple(sorted((ids[0] if chance.random() < 0.01 else chance.choice(ids), chance.choice(ids))))
        for _ in range(links)
    }
    rows = [AttentionLink(a, b, "hebbian", 0.0, 1, Sources.USER, 1, 1, 1, 1) for a, b in sorted(pairs) if a != b]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        with engine.unit(tenant, write=True) as work:
            work.links.reinforce(
                rows[start : start + ROWS_AT_ONCE], initial=0.35 + 0.6 * chance.random(), rate=0.1, cap=0.29
            )
    return names
