"""Memory as it was: what was known, and what was true, at a moment; folded from the evidence of the present.

Two times, both half-open: `known_at` keeps to the entries of the log up to that moment (what we knew), `as_of` to
what was said to have happened, and what held, by that moment (what was true). Only who asks for the past reads it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from continuum.core.adjusting import Adjustments, adjustments_of
from continuum.core.fact_ledger import fold_statements
from continuum.core.folding import Folded, FoldedLink, LinkKey, Wanted, fold
from continuum.core.moments import Moment
from continuum.core.rebuilding import exchange_of
from continuum.core.recording import decisions_in, index_terms, indexed, taught_by
from continuum.core.refolding import Fold, link_at
from continuum.core.stating import stated_in
from continuum.domain.clock import Micros
from continuum.domain.facts import Fact
from continuum.domain.ids import derived_id
from continuum.domain.records import (
    AttentionLink,
    Decision,
    Entity,
    Extraction,
    IndexedMessage,
    Mention,
    StoredMessage,
    Taught,
    TenantRecord,
)
from continuum.retrieval.graph import Neighbourhood
from continuum.storage.repositories.links import HEBBIAN, is_confirmed
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine


SIGHTINGS_FOLDED_MAX = 256
"""An entity with more sightings is shown as of a moment by those at the edges of its life."""
NEIGHBOURS_LOOKED_AT = 4
"""Times as many neighbours are looked at as are wanted: the strongest of now need not be those of then."""


@dataclass
class Past:
    """One tenant's memory at a moment, read inside one transaction; what was read stays for the next question."""

    engine: Engine
    work: UnitOfWork
    tenant: TenantRecord
    moment: Moment
    seq: int = field(init=False)
    """The last position of the log that counts."""
    adjustments: Adjustments = field(init=False)

    def __post_init__(self) -> None:
        known_at = self.moment.known_at
        last = self.tenant.last_seq
        self.seq = last if known_at is None else self.work.history.position_at(known_at, last)
        self.adjustments = adjustments_of(self.work, self.tenant.adjustments, self.seq)
        self._former = {} if known_at is None else {w.seq: w.text for w in self.work.history.in_force(self.seq)}
        self._exchanges: dict[str, Taught] = {}
        self._retold = self._retold_exchanges()

    # -- messages ----------------------------------------------------------------------------------------------

    def message(self, message: StoredMessage) -> StoredMessage:
        """The message with the words it had then."""
        former = self._former.get(message.seq)
        return message if former is None else replace(message, text=former)

    @property
    def reworded(self) -> list[int]:
        """The messages that had other words then."""
        return sorted(self._former)

    def has_come(self, seq: int, at: Micros) -> bool:
        """Whether an entry at a position, about a moment, counts."""
        return seq <= self.seq and (self.moment.as_of is None or at <= self.moment.as_of)

    @property
    def history_from(self) -> int:
        """The position before which former wordings are no longer kept."""
        return int(json.loads(self.tenant.metadata).get("history_from", 0))

    def former_rows(self) -> list[IndexedMessage]:
        """The index rows of messages that had other words then."""
        messages = [self.message(m) for m in self.work.messages.by_seqs(self._former).values() if m.seq <= self.seq]
        return [self._row(message) for message in sorted(messages, key=lambda message: message.seq)]

    def _row(self, message: StoredMessage) -> IndexedMessage:
        extraction = self.engine.pipeline.extract(exchange_of([message]))
        return indexed(message, index_terms([message.text], extraction)[0])

    # -- evidence ----------------------------------------------------------------------------------------------

    def _retold_exchanges(self) -> dict[str, Taught]:
        """What exchanges taught then of which a message has other words now."""
        return {
            messages[0].exchange_id: taught_by(self.tenant.secret, messages, extraction)
            for messages, extraction in self._understood_then(seq for seq in self._former if seq <= self.seq)
        }

    def counts(self, taught: Taught) -> bool:
        """Whether an exchange had been learnt and said by then."""
        as_of = self.moment.as_of
        return taught.last_seq <= self.seq and (as_of is None or taught.at <= as_of)

    def _evidence(self, exchange_ids: Iterable[str]) -> list[Taught]:
        wanted = sorted(set(exchange_ids))
        missing = [each for each in wanted if each not in self._exchanges]
        for taught in self.work.evidence.of_exchanges(missing):
            self._exchanges[taught.exchange_id] = self._retold.get(taught.exchange_id, taught)
        found = [self._exchanges[each] for each in wanted if each in self._exchanges]
        return [taught for taught in found if self.counts(taught)]

    def _exchanges_of(self, entity_ids: Iterable[str]) -> set[str]:
        """The exchanges that name entities, or did in former words."""
        raw = [each for entity_id in entity_ids for each in self.adjustments.group(entity_id)]
        found = {each for ids in self.work.evidence.exchanges_of(raw, self.seq).values() for each in ids}
        wanted = set(raw)
        found |= {each for each, taught in self._retold.items() if wanted & {e.id for e in taught.entities}}
        return found

    # -- concepts, links, compounds ------------------------------------------------------------------------------

    def fold(self, wanted: Wanted) -> Folded:
        """Some entities, links and compounds as they were; of links and compounds both ends must be named too."""
        ends = {each for key in wanted.links for each in key[:2]} | wanted.entities
        evidence = self._evidence(self._exchanges_of(ends))
        subjects = [each for entity_id in sorted(ends) for each in self.adjustments.group(entity_id)]
        seqs = {seq for found in self.work.evidence.entries_of(subjects, self.seq).values() for seq in found}
        return self._folded(evidence, seqs, wanted)

    def whole(self) -> Folded:
        """Everything as it was; reads all evidence."""
        evidence = [self._retold.get(taught.exchange_id, taught) for taught in self.work.evidence.every()]
        seqs: list[int] = []
        for entries in self.work.log.pages():
            seqs += [entry.seq for entry in entries if entry.kind in ("entity", "link") and entry.seq <= self.seq]
        return self._folded([taught for taught in evidence if self.counts(taught)], seqs, None)

    def _folded(self, evidence: Sequence[Taught], seqs: Collection[int], wanted: Wanted | None) -> Folded:
        as_of = self.moment.as_of
        entries = [e for e in self.work.history.entries(seqs) if as_of is None or e.recorded_at <= as_of]
        stated = [stated_in(self.tenant.secret, entry) for entry in entries if entry.kind in ("entity", "link")]
        return fold(self.tenant.secret, evidence, stated, self.adjustments, self.engine.links, wanted)

    def entities(self, ids: Iterable[str]) -> dict[str, Entity]:
        """Entities as they were, those that were there.

        Who was not sighted since is as its row says. Of one with very many sightings, description and type are those
        that its first sightings and the last ones before the moment gave; `fold` and `whole` read all of them.
        """
        rows = self.work.entities.by_ids(ids)
        found: dict[str, Entity] = {}
        rest = set(ids) - rows.keys()
        for entity_id, row in rows.items():
            if self._is_as_then and self._is_untouched(row.last_seq, row.last_seen):
                found[entity_id] = row
            elif self._is_as_then and row.occurrences > SIGHTINGS_FOLDED_MAX:
                found |= self._by_edges(row)
            else:
                rest.add(entity_id)
        if rest:
            found |= self.fold(Wanted(frozenset(rest), frozenset(), frozenset())).entities
        return found

    @property
    def _is_as_then(self) -> bool:
        """Whether rows of the present can stand for the past: no merge and no other wording lies between."""
        return not self._former and not self.adjustments.leads_to and not self.tenant.adjustments

    def _is_untouched(self, last_seq: int, last_seen: Micros) -> bool:
        """Whether nothing happened to a row since."""
        as_of = self.moment.as_of
        return last_seq <= self.seq and (as_of is None or last_seen <= as_of)

    def _by_edges(self, row: Entity) -> dict[str, Entity]:
        near = self.work.evidence.edge_exchanges(row.id, SIGHTINGS_FOLDED_MAX // 4, self.seq)
        evidence = [each for each in self.work.evidence.of_exchanges(near, {row.id}) if self.counts(each)]
        return self._folded(evidence, (), Wanted(frozenset({row.id}), frozenset(), frozenset())).entities

    def neighbourhood(self, ids: Collection[str], per_node: int, min_strength: float) -> Neighbourhood:
        """The strongest links of nodes as they were, for a walk: of those that are strong now, or by hand."""
        steps: list[tuple[str, str, float]] = []
        degrees: dict[str, int] = {}
        for node in ids:
            near = [(link, _other(link, node)) for link in self._links_near(node, per_node)]
            near = [each for each in near if each[0].strength >= min_strength and is_confirmed(each[0].sources)]
            near.sort(key=lambda each: (-each[0].strength, each[1]))
            steps += [(node, other, link.strength) for link, other in near[:per_node]]
        degrees = self.work.entities.degrees({other for _, other, _ in steps})
        return Neighbourhood(steps, degrees)

    def _links_near(self, node: str, per_node: int) -> list[AttentionLink]:
        if not self._is_as_then:
            return [folded.link for folded in self._folded_around([node]).values()]
        now = self.work.links.neighbours([node], per_node=NEIGHBOURS_LOOKED_AT * per_node)
        return [link for link in map(self._link, now) if link is not None]

    def between(self, ids: Collection[str]) -> list[AttentionLink]:
        """The links among entities as they were, strongest first."""
        if self._is_as_then:
            found = [link for link in map(self._link, self.work.links.between(ids)) if link is not None]
        else:
            wanted = set(ids)
            every = self._folded_around(ids)
            found = [each.link for key, each in every.items() if key.a in wanted and key.b in wanted]
        return sorted(found, key=lambda link: (-link.strength, link.concept_a, link.concept_b, link.link_type))

    def _link(self, now: AttentionLink) -> AttentionLink | None:
        """A link as it was, by its row and its meetings; one that was stated by hand by its entries."""
        if self._is_untouched(now.last_seq, now.last_seen):
            return now
        key = LinkKey(now.concept_a, now.concept_b, now.link_type)
        if now.link_type != HEBBIAN:
            folded = self._folded_around([now.concept_a]).get(key)
        else:
            how = Fold(self.tenant.secret, self.adjustments, self.engine.links)
            folded = link_at(self.work, how, key, self.seq, self.moment.as_of)
        return None if folded is None else folded.link

    def _folded_around(self, ids: Collection[str]) -> dict[LinkKey, FoldedLink]:
        """Every link with an end among the entities: their exchanges hold all of its meetings."""
        evidence = self._evidence(self._exchanges_of(ids))
        raw = [each for entity_id in sorted(ids) for each in self.adjustments.group(entity_id)]
        seqs = {seq for found in self.work.evidence.entries_of(raw, self.seq).values() for seq in found}
        near = set(ids)
        folded = self._folded(evidence, seqs, None)
        return {key: link for key, link in folded.links.items() if key.a in near or key.b in near}

    # -- decisions and facts -------------------------------------------------------------------------------------

    def decisions(self, seqs: Iterable[int]) -> list[Decision]:
        """The decisions of messages in the words they had then."""
        wanted = set(seqs)
        former = wanted & self._former.keys()
        found = self.work.decisions.of_messages(sorted(wanted - former))
        for messages, extraction in self._understood_then(former):
            decided = decisions_in(self.tenant.secret, messages, extraction)
            found += [decision for decision in decided if decision.message_seq in former]
        return sorted(found, key=lambda decision: (decision.message_seq, decision.start, decision.id))

    def mentions(self, seqs: Iterable[int]) -> list[Mention]:
        """What messages name in the words they had then."""
        wanted = set(seqs)
        former = wanted & self._former.keys()
        found = self.work.mentions.of_messages(sorted(wanted - former))
        for messages, extraction in self._understood_then(former):
            for concept in extraction.concepts:
                entity_id = derived_id(self.tenant.secret, "concept", concept.key)
                named = [(messages[span.message], span) for span in concept.spans]
                found += [
                    Mention(entity_id, message.seq, span.start, span.end, message.exchange_id)
                    for message, span in named
                    if message.seq in former
                ]
        return sorted(found, key=lambda mention: (mention.message_seq, mention.start, mention.entity_id))

    def _understood_then(self, seqs: Iterable[int]) -> Iterator[tuple[list[StoredMessage], Extraction]]:
        """The exchanges of messages in the words they had then, each once, and what those teach."""
        found = self.work.messages.by_seqs(seqs)
        for exchange_id in sorted({message.exchange_id for message in found.values()}):
            together = self.work.messages.by_seqs(self.work.history.seqs_of_exchanges([exchange_id]))
            messages = [self.message(together[seq]) for seq in sorted(together)]
            yield messages, self.engine.pipeline.extract(exchange_of(messages))

    def facts(self, slot_ids: Iterable[str]) -> list[Fact]:
        """The facts of slots as they were known then."""
        found: list[Fact] = []
        for slot in slot_ids:
            found += fold_statements(self.tenant.secret, self.work.facts.statements(slot, self.seq))
        return found


def _other(link: AttentionLink, node: str) -> str:
    return link.concept_b if link.concept_a == node else link.concept_a
