"""Sends what a recall is going to ask before it asks, so that a server answers in three round trips instead of twenty.

Nothing here decides anything: a statement that was not foreseen, or not so, is asked as ever. On an embedded store,
whose answers come at once, nothing is sent ahead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from continuum.core.answering import concepts_of_messages
from continuum.core.fact_reading import foresee_look_up
from continuum.core.graph_reading import Graph
from continuum.domain.facts import FactQuestion
from continuum.domain.ids import derived_id
from continuum.domain.records import TenantRecord
from continuum.language.names import query_keys
from continuum.retrieval.graph import LINKS_PER_NODE, Activation
from continuum.storage.repositories.links import BETWEEN_MAX
from continuum.storage.unit_of_work import UnitOfWork


@lru_cache(maxsize=32)  # asked twice for each recall: ahead, and when it walks
def seeds_of(secret: bytes, text: str) -> frozenset[str]:
    """The ids of the concepts that a text may name, whether or not there are such concepts."""
    return frozenset(derived_id(secret, "concept", key) for key in query_keys(text))


def foresee_seeds(work: UnitOfWork, secret: bytes | None, message: str, min_strength: float) -> None:
    """The tenant, and what its question names; `secret` is the one that the tenant had when it was asked last."""
    if not work.sends_ahead:
        return
    work.tenants.foresee()
    if secret is None:
        return
    seeds = sorted(seeds_of(secret, message))
    work.entities.foresee(seeds)
    work.links.foresee_surroundings(seeds, per_node=LINKS_PER_NODE, min_strength=min_strength)


def foresee_ranked(
    work: UnitOfWork, tenant: TenantRecord, seqs: Sequence[int], witnesses: Iterable[int], asked: FactQuestion | None
) -> None:
    """What belongs to the best messages: their words, what they name, decide and state."""
    if not work.sends_ahead:
        return
    work.messages.foresee({*seqs, *witnesses})
    work.mentions.foresee(seqs)
    work.decisions.foresee(seqs)
    if tenant.notes:
        work.history.foresee_notes(seqs)
    if tenant.facts:
        foresee_look_up(work, tenant, asked, seqs)


def foresee_brought_in(work: UnitOfWork, seqs: Collection[int]) -> None:
    """What belongs to the best messages, once facts have brought in some that had not been ranked."""
    work.messages.foresee(seqs)
    work.mentions.foresee(seqs)
    work.decisions.foresee(seqs)


def foresee_concepts(work: UnitOfWork, graph: Graph, activation: Activation, seqs: Collection[int]) -> None:
    """The concepts that may be listed, and the links among them."""
    if not work.sends_ahead:
        return
    named = concepts_of_messages(graph, seqs)
    candidates = dict.fromkeys([*nearest_first(activation.levels, activation.depths), *named])
    work.entities.foresee(candidates)
    work.links.foresee_between(list(candidates)[:BETWEEN_MAX])


def nearest_first(levels: Mapping[str, float], depths: Mapping[str, int]) -> list[str]:
    """Active concepts, those that were named first, then the most active."""
    return sorted(levels, key=lambda entity_id: (depths[entity_id] > 0, -levels[entity_id], entity_id))
