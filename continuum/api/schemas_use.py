"""The wire shapes of what learns from use: feedback, a tenant's own weights, the graph, pruning."""

from __future__ import annotations

from pydantic import Field

from continuum.api.schema_types import Answer, Listed, Moment, Query, Request


class FeedbackRequest(Request):
    """Which ids of a recall were used, and which were not: those of memories, facts and concepts."""

    recall_id: str
    used: Listed[str] = Field(default=[])
    ignored: Listed[str] = Field(default=[])


class FeedbackResponse(Answer):
    """How many ids counted; a `duplicate` said nothing new."""

    used: int
    ignored: int
    duplicate: bool
    seq: int


class RankingResponse(Answer):
    """How the tenant's own weights do against the default ones."""

    in_force: bool
    feedbacks: int
    hit_rate: float
    default_hit_rate: float
    gain: float
    margin: float
    weights: dict[str, float]


class GraphQuery(Query):
    """How many concepts each list may hold."""

    limit: int = 20


class ConnectedBody(Answer):
    """A concept with the number of its links."""

    id: str
    name: str
    entity_type: str
    links: int


class GraphResponse(Answer):
    """The concept graph in numbers; `strengths` counts links by tenths of strength."""

    concepts: int
    links: int
    links_by_type: dict[str, int]
    strengths: list[int]
    mean_links: float
    orphan_count: int
    orphans: list[ConnectedBody]
    most_connected: list[ConnectedBody]
    working_memory: list[str]


class PruneRequest(Request):
    """Links weaker than `below` that were not seen since `older_than`."""

    below: float
    older_than: Moment
    dry_run: bool = True


class WeakLinkBody(Answer):
    """A link that was pruned, or would be."""

    concept_a: str
    concept_b: str
    strength: float


class PruneResponse(Answer):
    """How many links went, or with `dry_run` would go."""

    dry_run: bool
    links: int
    weakest: list[WeakLinkBody]
    seq: int
