from __future__ import annotations

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.errors import RateLimitedError
from continuum.identity.rate_limit import Allowance, Limits, MemoryLimiter, Policy, limit_headers, retry_after
from tests.identity.turned_time import TurnedTime
from tests.requirements import requirement

POLICY = Policy("credential", quota=10, window_seconds=60)

policies = st.builds(
    Policy, st.just("p"), st.floats(0.5, 1_000), st.floats(0.1, 3_600, allow_nan=False, allow_infinity=False)
)


@pytest.fixture
def limiter(time: TurnedTime) -> MemoryLimiter:
    return MemoryLimiter(monotonic=time.monotonic)


@requirement("limits:rate")
def test_the_quota_may_be_used_at_once_and_comes_back_evenly(limiter: MemoryLimiter, time: TurnedTime) -> None:
    taken = [limiter.take("a", 1, POLICY) for _ in range(11)]
    assert [each.allowed for each in taken] == [True] * 10 + [False]
    assert [round(each.remaining, 6) for each in taken[:10]] == list(range(9, -1, -1))
    assert taken[9].reset_seconds == pytest.approx(60)
    assert taken[10].retry_after_seconds == pytest.approx(6)
    time.pass_by(5.99)
    assert not limiter.take("a", 1, POLICY).allowed
    time.pass_by(0.01)
    assert limiter.take("a", 1, POLICY).allowed
    assert not limiter.take("a", 1, POLICY).allowed


def test_a_refused_call_costs_nothing(limiter: MemoryLimiter, time: TurnedTime) -> None:
    limiter.take("a", 10, POLICY)
    for _ in range(1_000):
        assert not limiter.take("a", 1, POLICY).allowed
    time.pass_by(6)
    assert limiter.take("a", 1, POLICY).allowed


def test_keys_and_policies_are_counted_apart(limiter: MemoryLimiter) -> None:
    assert limiter.take("a", 10, POLICY).allowed
    assert limiter.take("b", 10, POLICY).allowed
    assert limiter.take("a", 10, Policy("tenant", 10)).allowed
    assert not limiter.take("a", 1, POLICY).allowed


def test_a_cost_above_the_quota_is_allowed_after_a_rest_and_not_sooner(
    limiter: MemoryLimiter, time: TurnedTime
) -> None:
    assert limiter.take("a", 500, POLICY).allowed
    refused = limiter.take("a", 500, POLICY)
    assert not refused.allowed
    assert refused.retry_after_seconds == pytest.approx(60)
    time.pass_by(60)
    assert limiter.take("a", 500, POLICY).allowed


@given(
    policy=policies,
    calls=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 50)), min_size=1, max_size=80),
)
def test_never_more_than_the_quota_and_what_came_back_is_allowed(
    policy: Policy, calls: list[tuple[float, float]]
) -> None:
    """In every stretch of time, from any call to any later one."""
    time = TurnedTime()
    limiter = MemoryLimiter(monotonic=time.monotonic)
    allowed: list[tuple[float, float]] = []
    for pause, cost in calls:
        time.pass_by(pause)
        if limiter.take("a", cost, policy).allowed:
            allowed.append((time.passed, min(cost, policy.quota)))
    for first in range(len(allowed)):
        spent = 0.0
        for moment, cost in allowed[first:]:
            spent += cost
            assert spent <= (policy.quota + (moment - allowed[first][0]) / policy.seconds_each) * 1.000001 + 1e-6


@given(policy=policies, cost=st.floats(0.01, 60), rest=st.floats(0, 10))
def test_who_waits_as_long_as_told_is_allowed(policy: Policy, cost: float, rest: float) -> None:
    time = TurnedTime()
    limiter = MemoryLimiter(monotonic=time.monotonic)
    for _ in range(30):
        allowance = limiter.take("a", cost, policy)
        assert allowance.allowed == (allowance.retry_after_seconds == 0)
        assert 0 <= allowance.remaining <= policy.quota
        assert 0 <= allowance.reset_seconds <= policy.window_seconds * 1.000001
        time.pass_by(allowance.retry_after_seconds * 1.000001 + 1e-9)
        if not allowance.allowed:
            assert limiter.take("a", cost, policy).allowed
            return
        time.pass_by(rest / 10)


def test_fifty_callers_at_once_are_allowed_exactly_the_quota(time: TurnedTime) -> None:
    limiter = MemoryLimiter(monotonic=time.monotonic)
    policy = Policy("credential", quota=1_000, window_seconds=60)
    begin = threading.Barrier(50)
    allowed: list[int] = []

    def call() -> None:
        begin.wait(30)
        allowed.append(sum(limiter.take("a", 1, policy).allowed for _ in range(40)))

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(allowed) == 50
    assert sum(allowed) == 1_000


@pytest.mark.parametrize("jump_seconds", [-3_600, 366 * 86_400, 3_600])
def test_a_wall_clock_that_is_set_opens_no_limit(limiter: MemoryLimiter, time: TurnedTime, jump_seconds: float) -> None:
    limiter.take("a", 10, POLICY)
    time.set_wall(jump_seconds)
    assert not limiter.take("a", 1, POLICY).allowed
    time.pass_by(6)
    assert limiter.take("a", 1, POLICY).allowed


def test_buckets_are_bounded_and_those_used_longest_ago_go_first(time: TurnedTime) -> None:
    limiter = MemoryLimiter(monotonic=time.monotonic, buckets_max=100)
    for number in range(100):
        limiter.take(f"{number}", 10, POLICY)
    assert not limiter.take("0", 1, POLICY).allowed  # being refused is use too
    limiter.take("new", 10, POLICY)
    assert len(limiter) == 100
    assert not limiter.take("0", 1, POLICY).allowed
    assert limiter.take("1", 10, POLICY).allowed


def test_full_buckets_do_not_pile_up(time: TurnedTime) -> None:
    limiter = MemoryLimiter(monotonic=time.monotonic, buckets_max=1_000_000)
    for number in range(10_000):
        limiter.take(f"{number}", 1, POLICY)
        time.pass_by(0.1)  # a bucket is full again after 6 seconds: 60 calls
    assert len(limiter) < 200


def test_a_policy_that_became_smaller_shuts_nobody_out_for_longer_than_its_window(
    limiter: MemoryLimiter, time: TurnedTime
) -> None:
    limiter.take("a", 100, Policy("tenant", quota=100, window_seconds=3_600))
    refused = limiter.take("a", 1, Policy("tenant", quota=100, window_seconds=10))
    assert 0 < refused.retry_after_seconds <= 10


def test_limits_are_told_as_the_standard_says() -> None:
    tenant, credential = Policy("tenant", 600, 60), Policy("credential", 10.5, 0.5)
    headers = dict(
        limit_headers(
            [(credential, Allowance(True, 10.5, 9.99, 0.05, 0)), (tenant, Allowance(False, 600, 0.4, 60, 0.06))]
        )
    )
    assert headers == {
        "RateLimit-Policy": '"credential";q=10;w=1, "tenant";q=600;w=60',
        "RateLimit": '"credential";r=9;t=1, "tenant";r=0;t=60',
    }
    assert limit_headers([]) == []


@given(policy=policies, costs=st.lists(st.floats(0, 20), min_size=1, max_size=10))
def test_headers_are_structured_fields_whatever_was_counted(policy: Policy, costs: list[float]) -> None:
    limiter = MemoryLimiter(monotonic=TurnedTime().monotonic)
    for cost in costs:
        (_, policies_text), (_, state) = limit_headers([(policy, limiter.take("a", cost, policy))])
        assert re.fullmatch(r'"p";q=\d+;w=\d+', policies_text)
        assert re.fullmatch(r'"p";r=\d+;t=\d+', state)


@pytest.mark.parametrize(("seconds", "told"), [(0, "1"), (0.2, "1"), (1, "1"), (1.01, "2"), (59.5, "60")])
def test_retry_after_is_whole_seconds_and_never_too_early(seconds: float, told: str) -> None:
    assert retry_after(seconds) == told


def test_a_call_goes_on_if_all_its_limits_allow_it(limiter: MemoryLimiter) -> None:
    limits = Limits(limiter)
    credential, tenant = Policy("credential", 10), Policy("tenant", 15)
    counted = [("key:a", credential), ("alice", tenant)]
    assert [policy.name for policy, _ in limits.take(counted, 10)] == ["credential", "tenant"]
    with pytest.raises(RateLimitedError, match="of this credential") as caught:
        limits.take(counted, 1)
    assert caught.value.retry_after_seconds == pytest.approx(6)
    assert "key:a" not in str(caught.value)
    with pytest.raises(RateLimitedError, match="of this tenant"):  # another key does not lift the tenant's limit
        limits.take([("key:b", credential), ("alice", tenant)], 6)
    assert limits.take([("key:b", credential), ("alice", tenant)], 4)
