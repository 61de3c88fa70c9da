"""`AsyncConsciousMemory`: the same memory for callers that live in an event loop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

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
        self.memory = memory or ConsciousMemory(
            tenant_id,
            db_path,
            enable_cache,
            instance_id=instance_id,
            session_id=session_id,
            storage=storage,
            config=config,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

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
    rebuild = _hopping(ConsciousMemory.rebuild, "writers")
    get_stats = _hopping(ConsciousMemory.get_stats, "readers")
    get_messages = _hopping(ConsciousMemory.get_messages, "readers")
    entities = _hopping(ConsciousMemory.entities, "readers")
