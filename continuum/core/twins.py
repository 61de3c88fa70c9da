"""The async colour: each operation hops once to a worker thread, and everything below stays synchronous.

Learns wait on as many threads as the store takes at once; recalls, which are bound to the processor, on as many as
there are cores, so that a hundred callers cannot slow each other down.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar

from continuum.errors import StorageUnavailableError

P = ParamSpec("P")
R = TypeVar("R")
Pool = Literal["readers", "writers"]


class _HasPools(Protocol):
    def pool(self, name: Pool) -> ThreadPoolExecutor: ...


Memory = TypeVar("Memory", bound=_HasPools)


def twin(
    operation: Callable[Concatenate[Memory, P], R], pool: Pool
) -> Callable[Concatenate[Memory, P], Coroutine[Any, Any, R]]:  # Any: what a coroutine is sent and yields
    """The async twin of a synchronous method: the same arguments, answers and errors, off the event loop."""

    async def hop(self: Memory, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await run_in(self.pool(pool), lambda: operation(self, *args, **kwargs))

    functools.update_wrapper(hop, operation)
    return hop


async def run_in(pool: ThreadPoolExecutor, work: Callable[[], R]) -> R:
    """Run `work` on a thread of `pool`. A cancelled caller stops waiting; the work goes on to its end."""
    try:
        answer = asyncio.get_running_loop().run_in_executor(pool, contextvars.copy_context().run, work)
    except RuntimeError as exc:  # the pool was shut down between the look and the leap
        raise StorageUnavailableError("the memory is closed; open a new one") from exc
    return await answer
