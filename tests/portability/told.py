"""What two stores of one memory must agree on: everything but positions, and ids that hang on a store's own secret."""

from __future__ import annotations

from continuum.core.memory import ConsciousMemory

ROWS = 10_000


def told(memory: ConsciousMemory) -> dict[str, object]:
    """All that a memory knows now, by names, texts and ids of messages."""
    state = memory.state()
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        stones = {stone.entry_id for stone in work.erasures.tombstones(limit=ROWS)}
    names = {each.id: (each.entity_type, each.key) for each in state.entities}
    return {
        "messages": {m.id: (m.session_id, m.role, m.text, m.timestamp, m.scope) for m in state.messages},
        "erased": stones,
        "entities": {names[e.id]: (e.name, e.occurrences, e.description, set(e.aliases)) for e in state.entities},
        "links": {
            (*sorted((names[each.concept_a], names[each.concept_b])), each.link_type): (
                each.strength,
                each.co_occurrences,
                each.sources,
            )
            for each in state.links
        },
        "compounds": {
            frozenset(names[each] for each in compound.component_concepts): compound.co_occurrence_count
            for compound in state.compounds
        },
        "decisions": sorted((d.decision_text, d.extracted_from) for d in state.decisions),
        "facts": sorted(
            (f.subject, f.attribute, f.value, f.polarity, f.status, f.valid_from, f.valid_to or 0) for f in state.facts
        ),
    }
