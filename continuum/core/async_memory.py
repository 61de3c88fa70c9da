"""`AsyncConsciousMemory`: the same memory for callers that live in an event loop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from continuum.core.auto_hook import Extractors
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.twins import Pool, run_in
from continuum.storage.base import StorageBackend

P = ParamSpec("P")
R = TypeVar("R")


def _hopping(
    operation: Callable[Concatenate[ConsciousMemory, P], R], pool: Pool
) -> Callable[Concatenate[AsyncConsciousMemory, P], Coroutine[Any, Any, R]]:  # Any: what a coroutine is sent and yields
    async def hop(self: AsyncConsciousMemory, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await run_in(self.memory.pool(pool), lambda: operation(self.memory, *args, **kwargs))

    functools.update_wrapper(hop, operation)
    return hop


class AsyncConsciousMemory:
    """`ConsciousMemory` with awaitable methods; arguments, answers and errors are the same."""

    def __init__(
        self,
        tenant_id: str | None = None,
        db_path: str | Path | None = None,
        enable_cache: bool | None = None,
        *,
        instance_id: str | None = None,
        session_id: str | None = None,
        storage: str | StorageBackend | None = None,
        config: MemoryConfig | None = None,
        memory: ConsciousMemory | None = None,
    ) -> None:
        """Open a memory as `ConsciousMemory` does, or wrap one that is open."""
        if memory is None:
            memory = ConsciousMemory(
                tenant_id,
                db_path,
                enable_cache,
                instance_id=instance_id,
                session_id=session_id,
                storage=storage,
                config=config,
            )
        self.memory = memory

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def tenant_id(self) -> str:
        return self.memory.tenant_id

    @property
    def instance_id(self) -> str:
        return self.memory.instance_id

    @property
    def session_id(self) -> str:
        return self.memory.session_id

    def auto_hook(
        self,
        function: Callable[P, R],
        *,
        extractors: Extractors | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Callable[P, R]:
        """As `ConsciousMemory.auto_hook`."""
        return self.memory.auto_hook(function, extractors=extractors, on_error=on_error)

    async def close(self) -> None:
        """Finish background work and release the store."""
        self.memory.close()

    learn = _hopping(ConsciousMemory.learn, "writers")
    learn_messages = _hopping(ConsciousMemory.learn_messages, "writers")
    learn_many = _hopping(ConsciousMemory.learn_many, "writers")
    recall = _hopping(ConsciousMemory.recall, "readers")
    turn = _hopping(ConsciousMemory.turn, "writers")
    process_turn = turn
    create_entity = _hopping(ConsciousMemory.create_entity, "writers")
    link_entities = _hopping(ConsciousMemory.link_entities, "writers")
    fill_vectors = _hopping(ConsciousMemory.fill_vectors, "writers")
    rebuild = _hopping(ConsciousMemory.rebuild, "writers")
    get_stats = _hopping(ConsciousMemory.get_stats, "readers")
    get_messages = _hopping(ConsciousMemory.get_messages, "readers")
    sessions = _hopping(ConsciousMemory.sessions, "readers")
    session = _hopping(ConsciousMemory.session, "readers")
    decisions = _hopping(ConsciousMemory.decisions, "readers")
    message = _hopping(ConsciousMemory.message, "readers")
    entity = _hopping(ConsciousMemory.entity, "readers")
    neighbourhood = _hopping(ConsciousMemory.neighbourhood, "readers")
    entities = _hopping(ConsciousMemory.entities, "readers")
    facts = _hopping(ConsciousMemory.facts, "readers")
    learn_facts = _hopping(ConsciousMemory.learn_facts, "writers")
    retract = _hopping(ConsciousMemory.retract, "writers")
    revise = _hopping(ConsciousMemory.revise, "writers")
    conflicts = _hopping(ConsciousMemory.conflicts, "readers")
    state = _hopping(ConsciousMemory.state, "readers")
    diff = _hopping(ConsciousMemory.diff, "readers")
    timeline = _hopping(ConsciousMemory.timeline, "readers")
    forget = _hopping(ConsciousMemory.forget, "writers")
    receipts = _hopping(ConsciousMemory.receipts, "readers")
    verify_receipts = _hopping(ConsciousMemory.verify_receipts, "readers")
    scrub = _hopping(ConsciousMemory.scrub, "writers")
    retention = _hopping(ConsciousMemory.retention, "readers")
    set_retention = _hopping(ConsciousMemory.set_retention, "writers")
    sweep = _hopping(ConsciousMemory.sweep, "writers")
    consolidate = _hopping(ConsciousMemory.consolidate, "writers")
    merge_concepts = _hopping(ConsciousMemory.merge_concepts, "writers")
    rename_concept = _hopping(ConsciousMemory.rename_concept, "writers")
    undo = _hopping(ConsciousMemory.undo, "writers")
    verify_origins = _hopping(ConsciousMemory.verify_origins, "readers")
    quarantine = _hopping(ConsciousMemory.quarantine, "writers")
    release = _hopping(ConsciousMemory.release, "writers")
    quarantines = _hopping(ConsciousMemory.quarantines, "readers")
    changes = _hopping(ConsciousMemory.changes, "readers")
    feedback = _hopping(ConsciousMemory.feedback, "writers")
    ranking = _hopping(ConsciousMemory.ranking, "readers")
    reset_ranking = _hopping(ConsciousMemory.reset_ranking, "writers")
    graph = _hopping(ConsciousMemory.graph, "readers")
    prune = _hopping(ConsciousMemory.prune, "writers")
