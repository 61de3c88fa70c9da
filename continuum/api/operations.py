"""What each route does, who may do it, what it costs, and whether it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from continuum.identity.roles import Permission

Kind = Literal["read", "write", "export"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a caller can ask for; `name` stands in the audit log and in the metrics."""

    name: str
    permission: Permission
    kind: Kind = "read"
    cost: float = 1.0
    """How many requests it counts as in the limits: about its time in units of a recall."""
    is_platforms: bool = False
    """Whether it concerns no tenant, or all of them."""

    @property
    def writes(self) -> bool:
        return self.kind == "write"

    @property
    def is_always_audited(self) -> bool:
        return self.kind != "read" or self.is_platforms


_READ: Permission = "memories:read"
_WRITE: Permission = "memories:write"
_ERASE: Permission = "memories:erase"
_GRAPH: Permission = "graph:manage"
_TRUST: Permission = "trust:manage"

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/v1/recall"): Operation("recall", _READ),
    ("POST", "/v1/learn"): Operation("learn", _WRITE, "write", 2),
    ("POST", "/v1/learn/batch"): Operation("learn.batch", _WRITE, "write", 50),
    ("POST", "/v1/turn"): Operation("turn", _WRITE, "write", 3),
    ("GET", "/v1/stats"): Operation("stats", _READ),
    ("GET", "/v1/memories"): Operation("memories.list", _READ),
    ("GET", "/v1/memories/{message_id}"): Operation("memories.get", _READ),
    ("PUT", "/v1/memories/{message_id}"): Operation("memories.revise", _WRITE, "write", 2),
    ("DELETE", "/v1/memories/{message_id}"): Operation("memories.forget", _ERASE, "write", 5),
    ("PUT", "/v1/messages/{message_id}"): Operation("memories.revise", _WRITE, "write", 2),
    ("GET", "/v1/sessions"): Operation("sessions.list", _READ),
    ("GET", "/v1/sessions/{session_id}"): Operation("sessions.get", _READ),
    ("GET", "/v1/decisions"): Operation("decisions.list", _READ),
    ("GET", "/v1/entities"): Operation("entities.list", _READ),
    ("POST", "/v1/entities"): Operation("entities.create", _WRITE, "write", 2),
    ("GET", "/v1/entities/search"): Operation("entities.search", _READ),
    ("GET", "/v1/entities/{entity_id}"): Operation("entities.get", _READ),
    ("GET", "/v1/entities/{entity_id}/history"): Operation("entities.history", _READ),
    ("GET", "/v1/entities/{entity_id}/neighbourhood"): Operation("entities.neighbourhood", _READ),
    ("POST", "/v1/links"): Operation("links.create", _WRITE, "write", 2),
    ("POST", "/v1/concepts/merge"): Operation("concepts.merge", _GRAPH, "write", 5),
    ("POST", "/v1/concepts/rename"): Operation("concepts.rename", _GRAPH, "write", 5),
    ("POST", "/v1/undo"): Operation("concepts.undo", _GRAPH, "write", 5),
    ("GET", "/v1/facts"): Operation("facts.list", _READ),
    ("POST", "/v1/facts"): Operation("facts.teach", _WRITE, "write", 3),
    ("POST", "/v1/facts/{fact_id}/retract"): Operation("facts.retract", _WRITE, "write", 2),
    ("GET", "/v1/conflicts"): Operation("conflicts.list", _READ),
    ("GET", "/v1/diff"): Operation("diff", _READ, cost=5),
    ("GET", "/v1/timeline"): Operation("timeline", _READ, cost=2),
    ("GET", "/v1/state"): Operation("state", _READ, cost=50),
    ("POST", "/v1/forget"): Operation("forget", _ERASE, "write", 10),
    ("GET", "/v1/receipts"): Operation("receipts.list", _READ),
    ("GET", "/v1/receipts/verify"): Operation("receipts.verify", _READ, cost=10),
    ("POST", "/v1/scrub"): Operation("scrub", _ERASE, "write", 50),
    ("GET", "/v1/retention"): Operation("retention.get", _READ),
    ("PUT", "/v1/retention"): Operation("retention.set", _ERASE, "write", 2),
    ("POST", "/v1/sweep"): Operation("sweep", _ERASE, "write", 50),
    ("POST", "/v1/rebuild"): Operation("rebuild", _GRAPH, "write", 500),
    ("POST", "/v1/consolidate"): Operation("consolidate", _GRAPH, "write", 50),
    ("POST", "/v1/feedback"): Operation("feedback", _WRITE, "write", 2),
    ("GET", "/v1/ranking"): Operation("ranking.get", _READ),
    ("DELETE", "/v1/ranking"): Operation("ranking.reset", _GRAPH, "write", 2),
    ("GET", "/v1/graph"): Operation("graph", _READ, cost=5),
    ("POST", "/v1/graph/prune"): Operation("graph.prune", _GRAPH, "write", 20),
    ("POST", "/v1/quarantines"): Operation("quarantines.create", _TRUST, "write", 20),
    ("GET", "/v1/quarantines"): Operation("quarantines.list", _READ),
    ("POST", "/v1/quarantines/{quarantine_id}/release"): Operation("quarantines.release", _TRUST, "write", 20),
    ("GET", "/v1/origins/verify"): Operation("origins.verify", _READ, cost=50),
    ("GET", "/v1/export"): Operation("export", "memories:export", "export", 100),
    ("POST", "/v1/import"): Operation("import", "memories:import", "write", 100),
    ("GET", "/v1/instances"): Operation("instances.list", "instances:use"),
    ("POST", "/v1/sync"): Operation("sync", "instances:use", "write", 5),
    ("GET", "/v1/audit"): Operation("audit.list", "audit:read", "export", 2),
    ("GET", "/v1/audit/verify"): Operation("audit.verify", "audit:read", cost=50),
    ("GET", "/v1/limits"): Operation("limits.get", _READ),
    ("POST", "/v1/admin/api-keys"): Operation("keys.create", "keys:manage", "write", 2),
    ("GET", "/v1/admin/api-keys"): Operation("keys.list", "keys:manage"),
    ("DELETE", "/v1/admin/api-keys/{key}"): Operation("keys.revoke", "keys:manage", "write", 2),
    ("GET", "/v1/admin/tenants"): Operation("tenants.list", "tenants:manage", is_platforms=True),
    ("POST", "/v1/admin/tenants"): Operation("tenants.create", "tenants:manage", "write", 2, is_platforms=True),
    ("GET", "/v1/admin/tenants/{tenant}"): Operation("tenants.get", "tenants:manage", is_platforms=True),
    ("PUT", "/v1/admin/tenants/{tenant}/limits"): Operation(
        "tenants.limits", "tenants:manage", "write", 2, is_platforms=True
    ),
    ("GET", "/metrics"): Operation("metrics", "metrics:read", is_platforms=True),
}
"""Every route but those of health, which anybody may ask; a test compares them with the application."""
