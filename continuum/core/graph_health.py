"""The state of a tenant's concept graph, and the pruning of what is weak and old."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuum.core.adjustments_by_hand import apply_adjustment
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.stating import append_entry
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.domain.records import LogEntry
from continuum.errors import InvalidInputError, shown
from continuum.storage.repositories.entities import Connected
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

PRUNED_SHOWN = 20
LIST_MAX = 1_000


@dataclass(frozen=True, slots=True)
class GraphStats:
    """The graph in numbers. `strengths[i]` counts the links of strength i/10 to (i + 1)/10."""

    concepts: int
    links: int
    links_by_type: dict[str, int]
    strengths: tuple[int, ...]
    mean_links: float
    orphan_count: int
    """Concepts without a link."""
    orphans: tuple[Connected, ...]
    most_connected: tuple[Connected, ...]
    working_memory: tuple[str, ...]
    """The concepts that this instance holds active, latest first."""


@dataclass(frozen=True, slots=True)
class WeakLink:
    """A link that was pruned, or would be."""

    concept_a: str
    concept_b: str
    strength: float


@dataclass(frozen=True, slots=True)
class PruneResult:
    """How many links went, or with `dry_run` would go, and the weakest of them by name."""

    dry_run: bool
    links: int
    weakest: tuple[WeakLink, ...]
    seq: int = 0
    """The position of the log entry, 0 if nothing was written."""


def graph_stats(engine: Engine, tenant: TenantId, limit: int, active: tuple[str, ...]) -> GraphStats:
    """Count and list; reads all links and entities of the tenant. `active` are ids of the working memory."""
    with engine.unit(tenant, write=False) as work:
        counts = work.tenants.counts()
        strengths = work.links.by_strength()
        types = work.links.by_type()
        orphan_count, orphans = work.entities.orphans(limit)
        connected = work.entities.most_connected(limit)
        held = work.entities.by_ids(active)
    links = sum(types.values())
    return GraphStats(
        concepts=counts.entities,
        links=links,
        links_by_type=types,
        strengths=tuple(strengths.get(tenth, 0) for tenth in range(10)),
        mean_links=2 * links / counts.entities if counts.entities else 0.0,
        orphan_count=orphan_count,
        orphans=tuple(orphans),
        most_connected=tuple(connected),
        working_memory=tuple(held[each].name for each in active if each in held),
    )


def prune_links(engine: Engine, tenant: TenantId, below: float, before: Micros, *, dry_run: bool) -> PruneResult:
    """Delete links of co-occurrence weaker than `below` and not seen since `before`; what was said stays.

    A log entry: a rebuild prunes them too. Concepts that meet again are linked anew. Raises InvalidInputError.
    """
    if not isinstance(below, int | float) or isinstance(below, bool) or not 0 < below <= 1:
        raise InvalidInputError("below", f"is {shown(below)}; it must lie above 0, and at most at 1")
    with engine.unit(tenant, write=not dry_run) as work:
        refuse_if_outdated(work)
        count, weakest = work.links.weak(below=below, before=before, limit=PRUNED_SHOWN)
        names = work.entities.by_ids({each for link in weakest for each in (link.concept_a, link.concept_b)})
        shown_links = tuple(
            WeakLink(names[link.concept_a].name, names[link.concept_b].name, link.strength)
            for link in weakest
            if link.concept_a in names and link.concept_b in names
        )
        if dry_run or not count:
            return PruneResult(dry_run, count, shown_links)
        _, entry = append_entry(work, "prune", {"below": float(below), "before": before}, engine.clock.now())
        apply_adjustment(work, b"", entry)
        apply_prune(work, entry)
    return PruneResult(dry_run, count, shown_links, entry.seq)


def apply_prune(work: UnitOfWork, entry: LogEntry) -> int:
    """Delete the rows that a prune entry means, as they are at its place in the log."""
    told = json.loads(entry.payload)
    return work.links.prune(below=told["below"], before=told["before"])
