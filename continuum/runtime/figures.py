"""Figures that parts of the service keep for themselves, under the names that a scrape shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from continuum.observability.metrics import Readings
    from continuum.runtime.service import Runtime

_OF_CACHE = ("hits", "misses", "errors", "evictions", "far_hits", "dropped", "entries", "bytes")


def engine_figures(runtime: Runtime) -> Readings:
    """Cache, audit log, sockets, and what the service stands on. Blocks for a short read of the store."""
    states = runtime.dependencies()
    figures: dict[str, float | Mapping[str, float]] = {
        "continuum_store_up": float(states["storage"] == "ok"),
        "continuum_dependency_up": {name: float(state == "ok") for name, state in states.items() if state != "unused"},
        "continuum_audit_entries": float(runtime.audit.written),
        "continuum_audit_failures": float(runtime.audit.failed),
        "continuum_websocket_listeners": float(runtime.realtime.manager.listening()),
        "continuum_draining": float(runtime.is_draining),
        "continuum_cache_hits": 0.0,
        "continuum_cache_misses": 0.0,
    }
    kept = runtime.engine.cache
    if kept is not None:
        stats = kept.stats()
        figures |= {f"continuum_cache_{name}": float(stats[name]) for name in _OF_CACHE if name in stats}
        if "far_open" in stats:
            figures["continuum_breaker_open"] = {"cache": float(stats["far_open"])}
    return figures
