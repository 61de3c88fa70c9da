"""Keeps derived rows true when evidence goes or changes: what it touched is folded anew, the rest is left alone.

The result equals a rebuild without what went. Where a row needs only be diminished (what went was neither its
first, nor its last, nor the only one to say something), it is, since a hub may have ten thousand sightings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from continuum.core.adjusting import Adjustments, compounds_of, entities_of, pairs_of
from continuum.core.folding import (
    FoldedLink,
    LinkKey,
    Stated,
    Wanted,
    fold,
    folded_link,
    meeting_of,
    unpruned,
)
from continuum.core.link_settings import LinkSettings
from continuum.core.stating import stated_in
from continuum.domain.clock import Micros
from continuum.domain.records import AttentionLink, CompoundConcept, Entity, Taught
from continuum.storage.repositories.entities import joined_sightings
from continuum.storage.repositories.evidence import Meeting
from continuum.storage.repositories.links import HEBBIAN
from continuum.storage.repositories.messages import NO_SEQ
from continuum.storage.unit_of_work import UnitOfWork

ENTITY_NAME_CHARS_MAX = 256
EDGE_MENTIONS = 16
"""Mentions at either end of an entity's life that are looked at before all of them are."""
_KINDS_OF_ONE_TYPE = ("session", "decision", "concept")


@dataclass(frozen=True, slots=True)
class Fold:
    """How this tenant's evidence is folded now."""

    secret: bytes
    adjustments: Adjustments
    settings: LinkSettings


@dataclass(frozen=True, slots=True)
class Touched:
    """What evidence teaches, by what it touches: everything that must be folded anew when it goes."""

    entities: dict[str, list[Entity]]
    links: dict[LinkKey, list[AttentionLink]]
    compounds: dict[str, list[CompoundConcept]]


def touched_by(how: Fold, evidence: Iterable[Taught]) -> Touched:
    """The derived things that exchanges speak of, with what they say of each."""
    touched = Touched({}, {}, {})
    for taught in evidence:
        for entity in entities_of(taught, how.adjustments):
            touched.entities.setdefault(entity.id, []).append(entity)
        for a, b, sources in pairs_of(taught, how.adjustments):
            touched.links.setdefault(LinkKey(a, b), []).append(meeting_of(taught, a, b, sources))
        for compound in compounds_of(how.secret, taught, how.adjustments):
            touched.compounds.setdefault(compound.id, []).append(compound)
    return touched


def take_away(work: UnitOfWork, how: Fold, gone: Sequence[Taught], told: Sequence[Taught] = ()) -> None:
    """Make derived rows what they are without some evidence, which has been deleted already.

    `told` is the evidence, kept already, that exchanges among those gone give instead.
    """
    before, after = touched_by(how, gone), touched_by(how, told)
    every = Touched(
        {**before.entities, **after.entities}, {**before.links, **after.links}, {**before.compounds, **after.compounds}
    )
    rest = _change_entities(work, how, before, after)
    # What merges have led together may have been sighted under many ids: only the evidence tells.
    merged = bool(how.adjustments.leads_to)
    compounds = frozenset(every.compounds) if merged else frozenset[str]()
    fold_anew(work, how, Wanted(frozenset(rest), frozenset(), compounds), every)
    for key in sorted(every.links):
        refold_link(work, how, key)
    for compound_id in sorted(every.compounds.keys() - compounds):
        refold_compound(work, how, compound_id, every.compounds[compound_id][0])


def fold_anew(work: UnitOfWork, how: Fold, wanted: Wanted, touched: Touched | None = None) -> None:
    """Fold some entities, links and compounds from all the evidence there is, and write or delete their rows.

    `touched` helps to find those whose rows no longer lead to their evidence.
    """
    evidence, stated = _evidence_for(work, how, wanted, touched)
    folded = fold(how.secret, evidence, stated, how.adjustments, how.settings, wanted)
    for key in sorted(wanted.links - folded.links.keys()):
        work.links.remove(*key)
    work.entities.write(list(folded.entities.values()))
    for key in sorted(folded.links):
        work.links.write(*folded.links[key])
    known = work.compounds.by_ids(wanted.compounds)
    for compound_id in sorted(wanted.compounds):
        if compound_id in known:
            work.compounds.remove(known[compound_id])
        if compound_id in folded.compounds:
            work.compounds.write(folded.compounds[compound_id])
    work.entities.remove(sorted(wanted.entities - folded.entities.keys()))


def _change_entities(work: UnitOfWork, how: Fold, before: Touched, after: Touched) -> list[str]:
    """Change the entities whose rows, or the edges of whose evidence, tell enough; gives the others."""
    ids = sorted(before.entities.keys() | after.entities.keys())
    rows = work.entities.by_ids(ids)
    by_hand = work.evidence.entries_of(ids)
    rest: list[str] = []
    for entity_id in ids:
        row, new = rows.get(entity_id), after.entities.get(entity_id, [])
        less = None
        if row is not None and entity_id in before.entities:
            less = _less(row, before.entities[entity_id])
            if less is None and entity_id not in by_hand and not how.adjustments.leads_to:
                less = _less_by_edges(work, row, before.entities[entity_id], sum(each.occurrences for each in new))
        elif row is not None and entity_id not in by_hand:
            less = row
        changed = None if less is None else _with_sightings(less, new)
        if changed is None:
            rest.append(entity_id)
        elif changed.occurrences:
            work.entities.write([changed])
        else:
            work.entities.remove([entity_id])
    return rest


def _with_sightings(row: Entity, sightings: Sequence[Entity]) -> Entity | None:
    """The entity with more sightings, or None if their place among the others matters."""
    if not row.occurrences:
        return joined_sightings(sightings)[0] if sightings else row
    for each in sightings:
        if each.first_seq < row.first_seq or each.description not in ("", row.description):
            return None
    return joined_sightings([row, *sightings])[0]


def _less(row: Entity, sightings: Sequence[Entity]) -> Entity | None:
    """The entity without some sightings, or None if its row alone does not tell."""
    for each in sightings:
        inside = row.first_seq < each.first_seq and each.last_seq < row.last_seq
        inside = inside and row.created_at < each.created_at and each.last_seen < row.last_seen
        if not inside or _describes(row, each) or each.aliases or not _is_plain_type(row, each):
            return None
    return replace(row, occurrences=row.occurrences - sum(each.occurrences for each in sightings))


def _less_by_edges(work: UnitOfWork, row: Entity, sightings: Sequence[Entity], coming: int) -> Entity | None:
    """The entity without some sightings, by what its first and its last mentions say; None if they do not tell.

    `coming` sightings are kept already, and are counted by the caller.
    """
    count = row.occurrences - sum(each.occurrences for each in sightings)
    if count <= 0:
        return replace(row, occurrences=0)
    if row.entity_type == "session":
        return _session(work, row, coming)
    if row.entity_type == "decision" or count < EDGE_MENTIONS:
        return None
    near = work.evidence.of_exchanges(work.evidence.edge_exchanges(row.id, EDGE_MENTIONS), {row.id})
    seen = [entity for taught in near for entity in taught.entities]
    aliases = {alias for each in seen for alias in each.aliases}
    first_gone = min(each.first_seq for each in sightings)
    for each in sightings:
        typed = _is_plain_type(row, each) or any(other.entity_type == row.entity_type for other in seen)
        described = not _describes(row, each) or any(
            other.description == row.description and other.first_seq < first_gone for other in seen
        )
        if not (typed and described and aliases.issuperset(each.aliases)):
            return None
    first_seq, last_seq = work.evidence.edges(row.id)
    created_at, last_seen = row.created_at, row.last_seen
    if any(each.created_at <= created_at or each.last_seen >= last_seen for each in sightings):
        created_at, last_seen = _times(work, row.id, first_seq, last_seq)
    name = seen[0].name if first_gone <= row.first_seq else row.name
    return replace(
        row, name=name, occurrences=count, first_seq=first_seq, last_seq=last_seq,
        created_at=created_at, last_seen=last_seen,
    )  # fmt: skip


def _times(work: UnitOfWork, entity_id: str, first_seq: int, last_seq: int) -> tuple[Micros, Micros]:
    """When an entity was first and last spoken of; its edges tell, unless messages came in another order."""
    if not work.tenants.is_in_order():
        return work.evidence.times(entity_id)
    edges = work.messages.by_seqs([first_seq, last_seq])
    return edges[first_seq].timestamp, edges[last_seq].timestamp


def _session(work: UnitOfWork, row: Entity, coming: int) -> Entity | None:
    """A session's entity, by the messages that are left; None if its name was cut."""
    if len(row.name) >= ENTITY_NAME_CHARS_MAX:
        return None
    created_at, last_seen, first_seq, last_seq, count = work.evidence.session_extent(row.name)
    if count <= coming:
        return replace(row, occurrences=0)
    return replace(
        row,
        created_at=created_at,
        last_seen=last_seen,
        first_seq=first_seq,
        last_seq=last_seq,
        occurrences=count - coming,
    )


def _describes(row: Entity, sighting: Entity) -> bool:
    return bool(sighting.description) and sighting.description == row.description


def _is_plain_type(row: Entity, sighting: Entity) -> bool:
    """Whether the row has its type without this sighting."""
    return sighting.entity_type in _KINDS_OF_ONE_TYPE or sighting.entity_type != row.entity_type


def refold_link(work: UnitOfWork, how: Fold, key: LinkKey) -> None:
    """Write or delete the row of a hebbian link, by all its meetings."""
    folded = link_at(work, how, key)
    if folded is None:
        work.links.remove(*key)
    else:
        work.links.write(*folded)


def link_at(
    work: UnitOfWork, how: Fold, key: LinkKey, until_seq: int = NO_SEQ, until: Micros | None = None
) -> FoldedLink | None:
    """A hebbian link as its meetings up to a position and a moment give it; None if there is none."""
    meetings: dict[int, Meeting] = {}
    for a in how.adjustments.group(key.a):
        for b in how.adjustments.group(key.b):
            first, second = sorted((a, b))
            for each in work.evidence.meetings(first, second, until_seq):
                known = meetings.get(each.first_seq)
                meetings[each.first_seq] = (
                    each if known is None else each._replace(sources=each.sources | known.sources)
                )
    links = [
        AttentionLink(key.a, key.b, HEBBIAN, 0.0, 1, m.sources, m.at, m.at, m.first_seq, m.last_seq)
        for _, m in sorted(meetings.items())
        if m.last_seq <= until_seq and (until is None or m.at <= until)
    ]
    left = unpruned(links, how.settings, how.adjustments.prunes)
    return folded_link(left, how.settings) if left else None


def refold_compound(work: UnitOfWork, how: Fold, compound_id: str, sighting: CompoundConcept) -> None:
    """Write or delete the row of a compound whose components nobody merged, by where it was sighted."""
    meetings = work.evidence.meetings("+".join(sorted(sighting.component_concepts)))
    row = work.compounds.by_ids([compound_id]).get(compound_id)
    if not meetings:
        if row is not None:
            work.compounds.remove(row)
        return
    if row is None or row.first_seq != meetings[0].first_seq:
        message = work.messages.by_seqs([meetings[0].first_seq])[meetings[0].first_seq]
        evidence = work.evidence.of_exchanges([message.exchange_id])
        found = [c for taught in evidence for c in compounds_of(how.secret, taught, how.adjustments)]
        row = next(each for each in found if each.id == compound_id)
    work.compounds.write(
        replace(
            row,
            co_occurrence_count=len(meetings),
            last_seen=max(each.at for each in meetings),
            first_seq=meetings[0].first_seq,
            last_seq=meetings[-1].last_seq,
        )
    )


def _evidence_for(
    work: UnitOfWork, how: Fold, wanted: Wanted, touched: Touched | None
) -> tuple[list[Taught], list[Stated]]:
    """All evidence of the wanted entities, and of each link and compound that of its rarest end."""
    needed = set(wanted.entities)
    needed |= _rarest_ends(work, how, wanted, touched)
    raw = [each for entity_id in sorted(needed) for each in how.adjustments.group(entity_id)]
    exchanges = {each for found in work.evidence.exchanges_of(raw).values() for each in found}
    ends = {each for key in wanted.links for each in key[:2]}
    subjects = {each for entity_id in needed | ends for each in how.adjustments.group(entity_id)}
    entries = {seq for seqs in work.evidence.entries_of(sorted(subjects)).values() for seq in seqs}
    for session_id in _sessions_among(work, wanted.entities, touched):
        exchanges |= work.evidence.exchanges_of_session(session_id)
    stated = [
        stated_in(how.secret, entry) for entry in work.history.entries(entries) if entry.kind in ("entity", "link")
    ]
    # Links and compounds need pairs and sentences; entities alone need no more than their own sightings.
    only = None if wanted.links or wanted.compounds else {each for e in needed for each in how.adjustments.group(e)}
    return work.evidence.of_exchanges(sorted(exchanges), only), stated


def _rarest_ends(work: UnitOfWork, how: Fold, wanted: Wanted, touched: Touched | None) -> set[str]:
    """For each link and compound the end with the fewest sightings: its exchanges hold all of the meetings."""
    members: list[tuple[str, ...]] = [(key.a, key.b) for key in wanted.links if key.link_type == HEBBIAN]
    known = work.compounds.by_ids(wanted.compounds)
    for compound_id in wanted.compounds:
        if compound_id in known:
            members.append(known[compound_id].component_concepts[:2])
        elif touched is not None and compound_id in touched.compounds:
            members.append(touched.compounds[compound_id][0].component_concepts[:2])
    rows = work.entities.by_ids({each for pair in members for each in pair})
    count = {entity_id: row.occurrences for entity_id, row in rows.items()}
    return {min(pair, key=lambda each: (count.get(each, 0), each)) for pair in members}


def _sessions_among(work: UnitOfWork, entities: Iterable[str], touched: Touched | None) -> list[str]:
    """The sessions that wanted entities stand for, by name."""
    found = work.entities.by_ids(entities)
    names = [row.name for row in found.values() if row.entity_type == "session"]
    if touched is not None:
        names += [each.name for seen in touched.entities.values() for each in seen if each.entity_type == "session"]
    return sorted(set(names))
