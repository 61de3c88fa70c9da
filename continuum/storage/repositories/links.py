"""Attention links: strengths that grow inside the statement, neighbours in the order of strength."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from continuum.domain.clock import Micros
from continuum.domain.records import AttentionLink, Sources
from continuum.storage.base import Row
from continuum.storage.repositories.base import Repository, TwoSteps, finished

HEBBIAN = "hebbian"
"""The type of links that co-occurrence makes."""
BETWEEN_MAX = 64

TIER_FLOORS = (0.3, 0.5, 0.58, 0.69, 0.83, 0.94)
"""Least strength of each tier from 2 on: about the strengths after 1, 3, 6, 12 and 24 meetings from tier 3 on.

Finer steps would order a hub's neighbours more exactly, and move links in two indexes more often: with the
strength itself in the indexes a learn of 32 known pairs writes twice the pages.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a walk over links: from a node to its neighbour, over a link of this strength."""

    node: str
    neighbour: str
    strength: float


def tier_of(strength: float) -> int:
    """The tier of a link that may be walked, 1 to 7; a stronger link is never in a lower tier.

    Tier 0 is that of links which nobody but one untrusted source says: they are in no index of neighbours.

    >>> tier_of(0.29), tier_of(0.5), tier_of(1.0)
    (1, 3, 7)
    """
    return 1 + bisect_right(TIER_FLOORS, strength)


def is_confirmed(sources: Sources | int) -> bool:
    """Whether a link with these sources may pass the cap: the user says so, or two sources do."""
    bits = int(sources)
    return bool(bits & 1) or bool(bits & (bits - 1))


def _link(row: Row) -> AttentionLink:
    a, b, link_type, strength, co_occurrences, sources, created, seen, first_seq, last_seq = row
    return AttentionLink(
        a, b, link_type, strength, co_occurrences, Sources(sources), created, seen, first_seq, last_seq
    )


def _rounds(links: Iterable[AttentionLink]) -> list[list[AttentionLink]]:
    """Split so that no round names a pair twice (a database refuses to change one row twice in a statement).

    Each round is sorted: two learners that lock the same rows in different order would deadlock.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    rounds: list[list[AttentionLink]] = []
    for link in links:
        key = (link.concept_a, link.concept_b, link.link_type)
        if seen[key] == len(rounds):
            rounds.append([])
        rounds[seen[key]].append(link)
        seen[key] += 1
    return [sorted(each, key=lambda link: (link.concept_a, link.concept_b, link.link_type)) for each in rounds]


class Links(Repository):
    """Links between entities; hebbian ones have a < b, typed ones point from a to b."""

    def reinforce(self, links: Sequence[AttentionLink], *, initial: float, rate: float, cap: float) -> int:
        """Let each link have met once more; gives how many are new.

        A new link starts at `initial`; each meeting moves its raw strength towards 1 by `rate` of what is left.
        What may be walked (`strength`) is held at or below `cap` until the user, or two different sources, say so.
        The result does not depend on the order of meetings. Of the given links only ends, type, sources, times
        and seqs count.
        """
        return finished(self.reinforcing(links, initial=initial, rate=rate, cap=cap))

    def reinforcing(self, links: Sequence[AttentionLink], *, initial: float, rate: float, cap: float) -> TwoSteps[int]:
        """`reinforce` in two steps, for `together`."""
        answers = []
        for each in _rounds(links):
            rows = [_link_row(link, initial, _first_strength(link, initial, cap)) for link in each]
            answers.append(self._putting("reinforce_links", rows, rate=rate, cap=cap))
        yield
        return sum([self._count_new(answer()) for answer in answers])

    def set_link(self, link: AttentionLink) -> bool:
        """Set a link to the strength given, whatever it was; says whether it is new."""
        return self._count_new(self._put("set_links", [_link_row(link, link.strength, link.strength)])) == 1

    def get(self, concept_a: str, concept_b: str, link_type: str) -> tuple[AttentionLink, float] | None:
        """One link and its raw strength."""
        rows = self._rows("one_link", concept_a=concept_a, concept_b=concept_b, link_type=link_type)
        return (_link(rows[0][:10]), rows[0][10]) if rows else None

    def write(self, link: AttentionLink, raw_strength: float) -> None:
        """Write a link as it was folded anew, whatever was there."""
        is_new = self.get(link.concept_a, link.concept_b, link.link_type) is None
        row = list(_link_row(link, raw_strength, link.strength))
        row[6] = link.co_occurrences
        self._put("write_link", [row])
        if is_new:
            self._add_degrees((link.concept_a, link.concept_b), 1)

    def remove(self, concept_a: str, concept_b: str, link_type: str) -> None:
        """Delete a link that nothing joins any more, if it is there."""
        if self.get(concept_a, concept_b, link_type) is not None:
            self._rows("remove_link", concept_a=concept_a, concept_b=concept_b, link_type=link_type)
            self._add_degrees((concept_a, concept_b), -1)

    def prune(self, *, below: float, before: Micros) -> int:
        """Delete the links of co-occurrence that are weaker than `below` and not seen since `before`; says how many."""
        ends: Counter[str] = Counter()
        gone = self._rows("prune_links", below=below, before=before)
        for a, b in gone:
            ends.update({a, b})
        self._change_degrees({each: -count for each, count in ends.items()})
        self._session.added["attention_links"] -= len(gone)
        return len(gone)

    def weak(self, *, below: float, before: Micros, limit: int) -> tuple[int, list[AttentionLink]]:
        """How many links `prune` would delete, and the weakest of them."""
        count = self._rows("count_weak_links", below=below, before=before)[0][0]
        return int(count), [_link(row) for row in self._rows("weak_links", below=below, before=before, limit=limit)]

    def by_strength(self) -> dict[int, int]:
        """How many links there are of each tenth of strength, 0 to 9; reads them all."""
        return dict(self._rows("links_by_strength"))

    def by_type(self) -> dict[str, int]:
        """How many links there are of each type; reads them all."""
        return dict(self._rows("links_by_type"))

    def _add_degrees(self, ends: Iterable[str], links: int) -> None:
        self._change_degrees(dict.fromkeys(ends, links))
        self._session.added["attention_links"] += links

    def _change_degrees(self, changes: Mapping[str, int]) -> None:
        ids = sorted(changes)
        if not self._session.dialect.arrays:
            self._each("add_degree", [{"id": each, "links": changes[each]} for each in ids])
        elif ids:
            self._rows("add_degrees", ids=ids, links=[changes[each] for each in ids])

    def _count_new(self, returned: Iterable[Row]) -> int:
        """Count new links at both ends, and move the others to the tiers that they have reached."""
        ends: Counter[str] = Counter()
        moved: list[dict[str, object]] = []
        new = 0
        for concept_a, concept_b, link_type, co_occurrences, strength, sources, tier in returned:
            if co_occurrences == 1:
                new += 1
                ends.update({concept_a, concept_b})
            elif tier != (right := _tier(strength, sources)):
                key = {"concept_a": concept_a, "concept_b": concept_b, "link_type": link_type}
                moved.append({**key, "tier": right})
        self._each("move_link", moved)
        self._change_degrees(ends)
        self._session.added["attention_links"] += new
        return new

    def neighbours(self, ids: Iterable[str], *, per_node: int = 20, min_strength: float = 0.0) -> list[AttentionLink]:
        """The strongest links of each node that may be walked, in both directions, strongest first, each link once.

        Of links within one tier, a node with more than `per_node` of them gives those that sort first.
        """
        found: dict[tuple[str, str, str], AttentionLink] = {}
        for node in dict.fromkeys(ids):
            values = {"id": node, "least": min_strength, "tier": tier_of(min_strength), "limit": per_node}
            both = [_link(row) for name in ("links_from", "links_to") for row in self._rows(name, **values)]
            both.sort(key=_strongest_first)
            for link in both[:per_node]:
                found[link.concept_a, link.concept_b, link.link_type] = link
        return sorted(found.values(), key=_strongest_first)

    def steps(self, ids: Iterable[str], *, per_node: int = 20, min_strength: float = 0.0) -> list[Step]:
        """The strongest neighbours of each node in both directions, as `neighbours`, with only what a walk needs."""
        steps: list[Step] = []
        for node in dict.fromkeys(ids):
            values = {"id": node, "least": min_strength, "tier": tier_of(min_strength), "limit": per_node}
            both = [row for name in ("steps_from", "steps_to") for row in self._rows(name, **values)]
            both.sort(key=lambda row: (-row[1], row[0]))
            steps += [Step(node, other, strength) for other, strength in both[:per_node]]
        return steps

    def between(self, ids: Iterable[str]) -> list[AttentionLink]:
        """The links with both ends among `ids` (of which the first 64 count), strongest first."""
        nodes = list(dict.fromkeys(ids))[:BETWEEN_MAX]
        return sorted(map(_link, self._rows_in("links_between", nodes, chosen=_is_between)), key=_strongest_first)

    def foresee_between(self, ids: Iterable[str]) -> None:
        """`between` will be asked for these, or some of them."""
        self._foresee_in("links_between", ids)

    def surroundings(
        self, ids: Iterable[str], *, per_node: int = 20, min_strength: float = 0.0
    ) -> tuple[list[Step], dict[str, int]]:
        """The steps away from nodes, and how many links touch each node that they lead to."""
        if not self._session.dialect.ahead:
            steps = self.steps(ids, per_node=per_node, min_strength=min_strength)
            reached = {step.neighbour for step in steps}
            return steps, {row[0]: row[1] for row in self._rows_in("degrees", reached)}
        rows = self._rows_in("surroundings", ids, chosen=_is_from, **_bounds(per_node, min_strength))
        steps = []
        degrees = {}
        by_node: dict[str, list[Row]] = {}
        for row in rows:
            by_node.setdefault(row[0], []).append(row)
        for node in sorted(by_node):
            nearest = sorted(by_node[node], key=lambda row: (-row[2], row[1]))[:per_node]
            steps += [Step(node, other, strength) for _, other, strength, _ in nearest]
            degrees.update({row[1]: row[3] for row in nearest if row[3] is not None})
        return steps, degrees

    def foresee_surroundings(self, ids: Iterable[str], *, per_node: int, min_strength: float) -> None:
        """`surroundings` will be asked for these, or some of them."""
        if self._session.dialect.ahead:
            self._foresee_in("surroundings", ids, **_bounds(per_node, min_strength))


def _bounds(per_node: int, min_strength: float) -> dict[str, Any]:
    return {"least": min_strength, "tier": tier_of(min_strength), "limit": per_node}


def _is_between(row: Row, ids: Collection[str]) -> bool:
    return row[0] in ids and row[1] in ids


def _is_from(row: Row, ids: Collection[str]) -> bool:
    return row[0] in ids


def _first_strength(link: AttentionLink, initial: float, cap: float) -> float:
    return initial if is_confirmed(link.sources) else min(initial, cap)


def _tier(strength: float, sources: Sources | int) -> int:
    return tier_of(strength) if is_confirmed(sources) else 0


def _link_row(link: AttentionLink, raw: float, strength: float) -> tuple[object, ...]:
    tier = _tier(strength, link.sources)
    return (
        link.concept_a, link.concept_b, link.link_type, raw, strength, tier, 1, int(link.sources),
        link.created_at, link.last_seen, link.first_seq, link.last_seq,
    )  # fmt: skip


def _strongest_first(link: AttentionLink) -> tuple[float, str, str, str]:
    return (-link.strength, link.concept_a, link.concept_b, link.link_type)
