"""Keeps derived rows true when evidence goes or changes: what it touched is folded anew, the rest is left alone.

The result equals a rebuild without what went. Where a row needs only be diminished (what went was neither its
first, nor its last, nor the only one to say something), it is, since a hub may have ten thousand sightings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from continuum.core.adjusting import Adjustments, compounds_of, entities_of, pairs_of
from continuum.core.folding import (
    LinkKey,
    LinkSettings,
    Stated,
    Wanted,
    fold,
    meeting_of,
    walkable_strength,
)
from continuum.core.stating import stated_in
from continuum.domain.records import AttentionLink, CompoundConcept, Entity, Taught
from continuum.storage.repositories.links import HEBBIAN
from continuum.storage.unit_of_work import UnitOfWork

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


def take_away(work: UnitOfWork, how: Fold, gone: Sequence[Taught], retold: Sequence[Taught] = ()) -> None:
    """Make derived rows what they are without some evidence, which has been deleted already.

    `retold` is the evidence, former and new, of exchanges that teach something else now.
    """
    touched, anew = touched_by(how, gone), touched_by(how, retold)
    rest = Touched(
        {key: seen for key, seen in touched.entities.items() if key not in anew.entities},
        {key: seen for key, seen in touched.links.items() if key not in anew.links},
        {key: seen for key, seen in touched.compounds.items() if key not in anew.compounds},
    )
    entities, links, compounds = _diminish(work, how, rest)
    wanted = Wanted(
        frozenset({*entities, *anew.entities}),
        frozenset({*links, *anew.links}),
        frozenset({*compounds, *anew.compounds}),
    )
    every = Touched(
        {**touched.entities, **anew.entities}, {**touched.links, **anew.links}, {**touched.compounds, **anew.compounds}
    )
    fold_anew(work, how, wanted, every)


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


def _diminish(work: UnitOfWork, how: Fold, touched: Touched) -> tuple[list[str], list[LinkKey], list[str]]:
    """Diminish the rows that can be; gives what is left to be folded anew."""
    rows = work.entities.by_ids(touched.entities)
    entities = []
    for entity_id, sightings in touched.entities.items():
        less = _less(rows.get(entity_id), sightings)
        if less is None:
            entities.append(entity_id)
        else:
            work.entities.write([less])
    links = [key for key, meetings in touched.links.items() if not _diminished(work, how, key, meetings)]
    return entities, links, list(touched.compounds)


def _less(row: Entity | None, sightings: Sequence[Entity]) -> Entity | None:
    """The entity without some sightings, or None if only its whole evidence tells."""
    if row is None:
        return None
    count = row.occurrences - sum(sighting.occurrences for sighting in sightings)
    for each in sightings:
        inside = row.first_seq < each.first_seq and each.last_seq < row.last_seq
        inside = inside and row.created_at < each.created_at and each.last_seen < row.last_seen
        describes = each.description and each.description == row.description
        types = each.entity_type in _KINDS_OF_ONE_TYPE or each.entity_type != row.entity_type
        if not inside or describes or each.aliases or not types:
            return None
    return replace(row, occurrences=count) if count > 0 else None


def _diminished(work: UnitOfWork, how: Fold, key: LinkKey, meetings: Sequence[AttentionLink]) -> bool:
    """Let a link have met less often, if that can be told from its row alone."""
    found = work.links.get(*key)
    if found is None:
        return False
    row = found[0]
    count = row.co_occurrences - len(meetings)
    for each in meetings:
        inside = row.first_seq < each.first_seq and each.last_seq < row.last_seq
        inside = inside and row.created_at < each.created_at and each.last_seen < row.last_seen
        if not inside or row.sources.bit_count() != 1:
            return False
    if count < 1:
        return False
    raw = _repeated(how.settings, count)
    work.links.write(replace(row, co_occurrences=count, strength=walkable_strength(raw, row.sources)), raw)
    return True


def _repeated(settings: LinkSettings, meetings: int) -> float:
    """The strength after so many meetings, by the same steps that learning takes."""
    raw = settings.initial
    for _ in range(meetings - 1):
        raw = raw + settings.rate * (1 - raw)
    return raw


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
    return work.evidence.of_exchanges(sorted(exchanges)), stated


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
