from __future__ import annotations

import logging
import threading
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from redis import Redis

from continuum.cache.breaker import BreakerState, CircuitBreaker
from continuum.cache.redis_connection import open_redis
from continuum.identity.rate_limit import Policy
from continuum.identity.redis_limit import BUDGET_SECONDS, RedisLimiter, open_limiter_client
from tests.identity.turned_time import TurnedTime
from tests.redis_servers import OwnRedis, SlowProxy
from tests.requirements import requirement

POLICY = Policy("tenant", quota=10, window_seconds=60)
PATIENT = 10.0


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with closing(open_redis(redis_url, budget_seconds=PATIENT)) as opened:
        yield opened


def became(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it became true in time."""
    end = real_time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if real_time.monotonic() > end:
            return False
        pause.wait(0.005)
    return True


def row_of(client: Redis) -> str:
    """The name of the only row."""
    (name,) = client.keys("*")
    assert isinstance(name, bytes)
    return name.decode()


@requirement("limits:redis")
def test_processes_share_one_limit(client: Redis) -> None:
    processes = [RedisLimiter(client) for _ in range(3)]
    taken = [processes[number % 3].take("alice", 1, POLICY) for number in range(15)]
    assert [each.allowed for each in taken] == [True] * 10 + [False] * 5
    assert [round(each.remaining) for each in taken[:10]] == list(range(9, -1, -1))
    assert taken[-1].retry_after_seconds == pytest.approx(6, abs=1)
    assert taken[9].reset_seconds == pytest.approx(60, abs=1)
    assert processes[0].take("bob", 10, POLICY).allowed


def test_a_limit_comes_back_as_time_passes(client: Redis) -> None:
    policy = Policy("tenant", quota=10, window_seconds=0.5)
    first, second = RedisLimiter(client), RedisLimiter(client)
    assert first.take("alice", 10, policy).allowed
    assert not second.take("alice", 1, policy).allowed
    assert became(lambda: second.take("alice", 5, policy).allowed, 5)


def test_what_another_process_refused_costs_nothing_here(client: Redis, time: TurnedTime) -> None:
    greedy, other = RedisLimiter(client), RedisLimiter(client, monotonic=time.monotonic)
    greedy.take("alice", 10, POLICY)
    for _ in range(100):
        assert not other.take("alice", 5, POLICY).allowed
    assert other._here.take("alice", 10, POLICY).allowed


def test_fifty_callers_in_five_processes_are_allowed_hardly_more_than_the_limit(client: Redis) -> None:
    """S6: at most 5 % too much, and by the algorithm none at all."""
    policy = Policy("tenant", quota=200, window_seconds=60)
    processes = [RedisLimiter(client) for _ in range(5)]
    begin = threading.Barrier(51)
    allowed: list[int] = []

    def call(limiter: RedisLimiter) -> None:
        begin.wait(30)
        allowed.append(sum(limiter.take("alice", 1, policy).allowed for _ in range(12)))

    threads = [threading.Thread(target=call, args=(processes[number % 5],)) for number in range(50)]
    for thread in threads:
        thread.start()
    begin.wait(30)
    begun = real_time.monotonic()
    for thread in threads:
        thread.join(60)
    came_back = (real_time.monotonic() - begun) / policy.seconds_each
    assert len(allowed) == 50
    assert 200 <= sum(allowed) <= 200 + came_back + 1


def test_a_flood_that_one_process_can_refuse_alone_costs_no_round_trips(redis_url: str) -> None:
    port = int(redis_url.rsplit(":", 1)[1].split("/")[0])
    with SlowProxy(port) as proxy, closing(open_limiter_client(proxy.url)) as client:
        limiter = RedisLimiter(client)
        limiter.take("alice", 10, POLICY)
        before = proxy.requests
        for _ in range(1_000):
            assert not limiter.take("alice", 1, POLICY).allowed
        assert proxy.requests == before


def test_no_name_of_a_caller_is_in_redis_and_nothing_stays_for_ever(client: Redis) -> None:
    RedisLimiter(client).take("token:https://issuer|ann", 10, POLICY)
    name = row_of(client)
    assert name.startswith("continuum:limit:")
    assert "ann" not in name
    assert "issuer" not in name
    assert 60_000 < client.pttl(name) <= 61_000


@pytest.mark.parametrize("moved_seconds", [3_600, 366 * 86_400])
def test_a_clock_of_redis_that_was_set_back_neither_opens_nor_shuts_a_limit(
    client: Redis, moved_seconds: float
) -> None:
    """As if the row had been written by a clock that was ahead: it comes back as time passes, from now on."""
    policy = Policy("tenant", quota=10, window_seconds=0.5)
    RedisLimiter(client).take("alice", 10, policy)
    name = row_of(client)
    kept = client.get(name)
    assert isinstance(kept, bytes)
    lacking, at = kept.decode().split()
    client.set(name, f"{lacking} {float(at) + moved_seconds:.6f}")
    fresh = RedisLimiter(client)
    assert not fresh.take("alice", 10, policy).allowed
    assert became(lambda: fresh.take("alice", 10, policy).allowed, 5)


def test_a_clock_of_redis_that_was_set_back_takes_nothing_away(client: Redis) -> None:
    RedisLimiter(client).take("alice", 5, POLICY)
    name = row_of(client)
    kept = client.get(name)
    assert isinstance(kept, bytes)
    lacking, at = kept.decode().split()
    client.set(name, f"{lacking} {float(at) + 3_600:.6f}")
    assert RedisLimiter(client).take("alice", 5, POLICY).allowed


def test_a_clock_of_redis_that_was_set_ahead_opens_no_limit_of_a_process(client: Redis) -> None:
    limiter = RedisLimiter(client)
    limiter.take("alice", 10, POLICY)
    client.flushdb()  # what a clock that is a year ahead does to rows that expire
    assert not limiter.take("alice", 1, POLICY).allowed


def test_spoilt_rows_are_taken_for_none(client: Redis) -> None:
    limiter = RedisLimiter(client)
    limiter.take("alice", 1, POLICY)
    name = row_of(client)
    for spoilt in (b"", b"nonsense", b"1", b"a b", b"-5 1", b"nan nan", b"inf 0", b"\xff\x00 7"):
        client.set(name, spoilt)
        allowance = RedisLimiter(client).take("alice", 1, POLICY)
        assert 0 <= allowance.remaining <= 10
        assert 0 <= allowance.retry_after_seconds <= 60


@pytest.mark.parametrize("trouble", ["killed", "frozen"])
def test_without_redis_each_process_counts_for_itself_and_shares_again_after(
    own_redis: OwnRedis, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    """R4."""
    server = own_redis()
    caplog.set_level(logging.INFO)
    policy = Policy("tenant", quota=1_000, window_seconds=3_600)
    with closing(open_limiter_client(server.url)) as client:
        limiter, other = RedisLimiter(client), RedisLimiter(client)
        limiter.take("alice", 400, policy)
        if trouble == "killed":
            server.kill()
        else:
            server.freeze()
        waits: list[float] = []
        for _ in range(200):
            begun = real_time.perf_counter()
            assert limiter.take("alice", 1, policy).allowed
            waits.append(real_time.perf_counter() - begun)
        assert sorted(waits)[-5] < BUDGET_SECONDS, "after a few calls nobody waits any more"
        assert not limiter.take("alice", 500, policy).allowed, "what was counted before still counts"
        assert limiter.take("alice", 1, policy).remaining == pytest.approx(399, abs=2)
        if trouble == "killed":
            server.start()
        else:
            server.thaw()
        assert became(
            lambda: limiter.take("bob", 1, policy).allowed and bool(caplog.records[-1].levelno == logging.INFO)
        )
        other.take("bob", 1, policy)
        assert other.take("bob", 1, policy).remaining < 999.5, "it is shared again"
    away = [record for record in caplog.records if "does not answer" in record.message]
    assert 1 <= len({record.created for record in away}) <= 2, "once for each process"


def test_a_slow_redis_costs_a_few_budgets_and_no_more(redis_url: str) -> None:
    port = int(redis_url.rsplit(":", 1)[1].split("/")[0])
    policy = Policy("tenant", quota=10_000, window_seconds=60)
    with SlowProxy(port, delay_seconds=5) as proxy, closing(open_limiter_client(proxy.url)) as client:
        limiter = RedisLimiter(client)
        begun = real_time.perf_counter()
        for _ in range(500):
            assert limiter.take("alice", 1, policy).allowed
        assert real_time.perf_counter() - begun < 1.0


def test_a_redis_that_was_never_there_is_no_error() -> None:
    with closing(open_limiter_client("redis://127.0.0.1:1/0")) as client:
        limiter = RedisLimiter(client)
        taken = [limiter.take("alice", 1, POLICY).allowed for _ in range(12)]
    assert taken == [True] * 10 + [False] * 2


def test_that_redis_is_away_is_said_once_however_often_it_is_looked_for(
    time: TurnedTime, caplog: pytest.LogCaptureFixture
) -> None:
    breaker = CircuitBreaker(failures_max=1, monotonic=time.monotonic)
    with closing(open_limiter_client("redis://127.0.0.1:1/0")) as client:
        limiter = RedisLimiter(client, breaker=breaker, monotonic=time.monotonic)
        limiter.take("alice", 1, POLICY)
        for _ in range(5):
            assert breaker.state is BreakerState.OPEN
            time.pass_by(60)
            limiter.take("alice", 1, POLICY)
            assert became(lambda: breaker.state is BreakerState.OPEN)
    assert [record.message for record in caplog.records if "does not answer" in record.message] == [
        "Redis does not answer: until it does, limits count in each process for itself"
    ]


def test_nobody_waits_while_redis_is_looked_for(own_redis: OwnRedis, time: TurnedTime) -> None:
    server = own_redis()
    breaker = CircuitBreaker(failures_max=1, monotonic=time.monotonic)
    with closing(open_redis(server.url, budget_seconds=1.0)) as client:
        limiter = RedisLimiter(client, breaker=breaker, monotonic=time.monotonic)
        server.freeze()
        limiter.take("alice", 1, POLICY)
        time.pass_by(60)
        begun = real_time.perf_counter()
        assert limiter.take("alice", 1, POLICY).allowed
        assert real_time.perf_counter() - begun < 0.5
        server.thaw()
        time.pass_by(60)
        assert became(lambda: breaker.state is not BreakerState.HALF_OPEN)
