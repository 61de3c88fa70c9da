"""Use is told to PostHog under pseudonyms: the official client, against a small server of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from continuum.domain.events import MemoryAdded, Recalled
from continuum.observability import analytics
from continuum.observability.analytics import Analytics
from tests.observability.receiving_server import Receiver, receiving, took
from tests.requirements import requirement

SECRET = b"of the store"


@pytest.fixture
def posthog() -> Iterator[Receiver]:
    with receiving(body=b'{"status": 1}') as receiver:
        yield receiver


class Turned:
    """Time that a test turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def analytics_for(posthog: Receiver, time: Turned | None = None) -> Analytics:
    return Analytics("phc_test", secret=SECRET, host=posthog.url, version="1.0", monotonic=time or Turned())


def told(posthog: Receiver) -> list[dict[str, Any]]:  # Any: the vendor's own shape
    return [event for each in posthog.requests for event in json.loads(each.body)["batch"]]


@requirement("observability:analytics:events")
def test_a_feature_is_told_when_it_is_used_first_and_then_once_an_hour_with_the_times(posthog: Receiver) -> None:
    time = Turned()
    own = analytics_for(posthog, time)
    for _ in range(5):
        own.used("alice", "recall")
    time.now = analytics.USE_SECONDS
    own.used("alice", "recall")
    own.used("bob", "recall")
    own.close()
    events = [(each["event"], each["properties"].get("times"), each["distinct_id"]) for each in told(posthog)]
    alice, bob = own.pseudonym("alice"), own.pseudonym("bob")
    assert events == [
        (analytics.FIRST, None, alice),
        (analytics.USED, 1, alice),
        (analytics.USED, 5, alice),
        (analytics.FIRST, None, bob),
        (analytics.USED, 1, bob),
    ]


@requirement("observability:analytics:events")
def test_the_steps_of_a_tenants_way_are_told_once(posthog: Receiver) -> None:
    own = analytics_for(posthog)
    for _ in range(3):
        own.publish((Recalled("alice", "i", 0, 1.0),))
        own.publish((MemoryAdded("alice", "i", "m", 1, 0),))
        own.publish((Recalled("alice", "i", 2, 1.0),))
    own.close()
    assert [each["properties"]["step"] for each in told(posthog)] == [
        analytics.RECALLED,
        analytics.LEARNED,
        analytics.FOUND,
    ]


@requirement("observability:analytics:pseudonyms")
def test_nothing_that_is_sent_names_a_tenant_an_address_or_a_memory(posthog: Receiver) -> None:
    own = analytics_for(posthog)
    own.used("alice-and-sons", "learn")
    own.publish((MemoryAdded("alice-and-sons", "laptop-of-alice", "message-17", 1, 0),))
    own.close()
    sent = told(posthog)
    assert sent
    for word in ("alice", "laptop", "message-17"):
        assert word not in posthog.everything
    for event in sent:
        assert event["properties"]["$ip"] == "0.0.0.0"
        assert event["properties"]["$geoip_disable"] is True
        assert event["properties"]["$process_person_profile"] is False


@requirement("observability:analytics:pseudonyms")
def test_a_pseudonym_belongs_to_one_store(posthog: Receiver) -> None:
    own, other = analytics_for(posthog), Analytics("phc_test", secret=b"another", host=posthog.url)
    assert own.pseudonym("alice") == own.pseudonym("alice") != other.pseudonym("alice")
    own.close()
    other.close()


@requirement("observability:analytics:bounded")
def test_nobody_waits_for_a_posthog_that_does_not_answer() -> None:
    with receiving(delay=60) as slow:
        own = analytics_for(slow)

        def use() -> None:
            for number in range(3_000):
                own.used(f"tenant-{number}", "recall")

        assert took(use) < 10
        assert took(own.close) < 3.5
        own.used("late", "recall")
        own.close()


def test_what_is_remembered_of_tenants_is_bounded(posthog: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "REMEMBERED_MAX", 3)
    own = analytics_for(posthog)
    for number in range(10):
        own.used(f"tenant-{number}", "recall")
    assert len(own._used) == 3
    own.close()
