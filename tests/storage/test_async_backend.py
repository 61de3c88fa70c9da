"""The async door: bounded, and whole whether or not somebody still waits."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from continuum.errors import StorageBusyError
from continuum.storage import AsyncBackend, UnitOfWork, open_backend
from tests.durability.exchanges import TENANT
from tests.requirements import requirement


def append(work: UnitOfWork) -> int:
    return work.sessions.append("s", 1, 0)


@requirement("storage:async-door")
def test_concurrent_callers_lose_nothing(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        door = AsyncBackend(open_backend(tmp_path / "memory.db"))
        try:
            return await asyncio.gather(*(door.run(TENANT, append, write=True) for _ in range(60)))
        finally:
            await door.close()

    assert sorted(asyncio.run(scenario())) == list(range(1, 61))


def test_too_many_callers_are_told_at_once_and_a_place_comes_free(tmp_path: Path) -> None:
    async def scenario() -> None:
        door = AsyncBackend(open_backend(tmp_path / "memory.db"), workers=1, waiting_max=1)
        leave = threading.Event()

        def hold(_: UnitOfWork) -> bool:
            return leave.wait(30)

        held = [asyncio.ensure_future(door.run(TENANT, hold)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(StorageBusyError, match="too many"):
            await door.run(TENANT, append, write=True)
        leave.set()
        assert await asyncio.gather(*held) == [True, True]
        assert await door.run(TENANT, append, write=True) == 1
        await door.close()

    asyncio.run(scenario())


def test_a_cancelled_caller_leaves_a_whole_unit_behind(tmp_path: Path) -> None:
    async def scenario() -> int:
        door = AsyncBackend(open_backend(tmp_path / "memory.db"), workers=1)
        inside, leave = threading.Event(), threading.Event()

        def slow(work: UnitOfWork) -> int:
            number = append(work)
            inside.set()
            assert leave.wait(30)
            return number

        waiting = asyncio.ensure_future(door.run(TENANT, slow, write=True))
        await asyncio.to_thread(inside.wait, 30)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        leave.set()
        try:
            return await door.run(TENANT, append, write=True)
        finally:
            await door.close()

    assert asyncio.run(scenario()) == 2
