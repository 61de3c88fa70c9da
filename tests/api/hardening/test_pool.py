"""Five hundred clients at once on ten slots: each is answered in time, or told when to come back; none is mixed up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import psycopg
import pytest

from tests.api.hardening.keyed_service import KeyedService, by, keyed_service
from tests.requirements import requirement

CLIENTS: Final = 500
TENANTS: Final = 25
SLOTS: Final = 10
ANSWER_SECONDS: Final = 3.0
WAITING_SECONDS: Final = 1.5


@contextmanager
def _service(store: Path | str, **more: float) -> Iterator[tuple[KeyedService, list[str]]]:
    small = {"request_slots": SLOTS, "waiting_seconds": WAITING_SECONDS, "waiting_requests": 400, **more}
    if not isinstance(store, Path):
        small["postgres_pool_size"] = SLOTS
    with keyed_service(store, **small) as service:
        keys = [service.key(_tenant(number)) for number in range(TENANTS)]
        for number, key in enumerate(keys):
            service.learn(key, f"The harbour mark is {_mark(number)}")
        yield service, keys


def _tenant(number: int) -> str:
    return f"tenant-{number:02}"


def _mark(number: int) -> str:
    return f"mark{number:02}beacon"


async def _asked(client: httpx.AsyncClient, number: int, keys: list[str], path: str) -> tuple[int, float, str, bool]:
    """Status, seconds, and text of one client's answer, and whether it says when to come back."""
    own = number % TENANTS
    question = {"message": f"What is the harbour mark, asks client {number}?"}
    said = {"user_message": f"Client {number} saw {_mark(own)}"}
    began = time.monotonic()
    answer = await client.post(path, json=question if path == "/v1/recall" else said, headers=by(keys[own]))
    return answer.status_code, time.monotonic() - began, answer.text, "retry-after" in answer.headers


async def _all_at_once(service: KeyedService, keys: list[str], path: str) -> list[tuple[int, float, str, bool]]:
    transport = httpx.ASGITransport(service.client.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client:
        return await asyncio.gather(*(_asked(client, number, keys, path) for number in range(CLIENTS)))


@requirement("service:pool")
@pytest.mark.parametrize("path", ["/v1/recall", "/v1/learn"])
@pytest.mark.parametrize("store", ["embedded", "postgres"])
def test_each_of_many_clients_is_answered_or_told_to_come_back(
    store: str, path: str, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue("db_path" if store == "embedded" else "postgres_url")
    with _service(place) as (service, keys):
        told = asyncio.run(_all_at_once(service, keys, path))
        statuses = Counter(status for status, *_ in told)
        assert set(statuses) <= {200, 429, 503}
        assert statuses[200] >= SLOTS
        slow = [(status, seconds) for status, seconds, *_ in told if seconds > ANSWER_SECONDS]
        assert not slow, (statuses, slow[:5])
        assert all(says_when for status, _, _, says_when in told if status != 200)
        for number, (status, _, text, _) in enumerate(told):
            others = [_mark(other) for other in range(TENANTS) if other != number % TENANTS]
            assert not any(each in text for each in others)
            if status == 200:
                assert f'"tenant_id":"{_tenant(number % TENANTS)}"' in text
                assert path == "/v1/learn" or _mark(number % TENANTS) in text
        _nothing_is_left_over(service, keys, path, statuses[200])


def _nothing_is_left_over(service: KeyedService, keys: list[str], path: str, done: int) -> None:
    """No slot, no connection and no half of an effect: whoever comes next is served, and finds what was answered."""
    gate = service.client.app.state.gate.stats()  # type: ignore[attr-defined]  # an application has a state
    assert (gate.working, gate.waiting) == (0, 0)
    stats = [service.client.get("/v1/stats", headers=by(key)).json() for key in keys]
    held = sum(each["messages"] for each in stats)
    assert held == TENANTS + (done if path == "/v1/learn" else 0)


@requirement("service:pool")
def test_while_all_connections_are_held_up_each_client_is_told_to_come_back(postgres_url: str) -> None:
    """Somebody holds the table that every learn writes to: ten are stuck in it, and the others do not join them."""
    with _service(postgres_url, request_seconds=1.0) as (service, keys):
        with psycopg.connect(postgres_url) as holder:
            holder.execute("LOCK TABLE log IN ACCESS EXCLUSIVE MODE")
            told = asyncio.run(_all_at_once(service, keys, "/v1/learn"))
            gate = service.client.app.state.gate.stats()  # type: ignore[attr-defined]  # an application has a state
            holder.rollback()
        assert Counter(status for status, *_ in told) == {503: CLIENTS}
        assert all(says_when for *_, says_when in told)
        assert max(seconds for _, seconds, *_ in told) <= ANSWER_SECONDS
        assert gate.refused_full + gate.refused_late >= CLIENTS - 3 * SLOTS
        assert (gate.working, gate.waiting) == (0, 0)
        for number, key in enumerate(keys):
            service.learn(key, f"After all that, {_mark(number)} shines")
            found = " ".join(service.passages(key, "Which mark shines in the harbour?"))
            assert _mark(number) in found
            assert not any(_mark(other) in found for other in range(TENANTS) if other != number)
