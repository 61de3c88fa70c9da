"""Reports to Sentry: the official client against a small server of ours that takes its envelopes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk

from continuum.errors import ConfigurationError, StorageBusyError
from continuum.observability.requests_seen import RequestSeen
from continuum.observability.scrubbing import Scrubber
from continuum.observability.sentry import SentryReporter, share_of
from tests.observability.receiving_server import Received, Receiver, receiving, took
from tests.observability.secrets_planted import CONFIGURED, KEYS
from tests.requirements import requirement

logger = logging.getLogger("continuum.tests.sentry")
Item = dict[str, Any]  # Any: the vendor's own shape


@pytest.fixture
def sentry() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def reporter_for(sentry: Receiver, share: float = 1.0, drawn: float = 0.5) -> SentryReporter:
    dsn = sentry.url.replace("http://", "http://public@") + "/42"
    return SentryReporter(
        dsn,
        release="continuum@1",
        environment="staging",
        traces_share=share,
        scrubber=Scrubber([CONFIGURED]),
        drawn=lambda: drawn,
    )


def items(requests: list[Received]) -> list[Item]:
    """The payloads of all envelopes: a line of headers, then for each item a line of its own headers and one of it."""
    found = []
    for each in requests:
        lines = each.body.split(b"\n")[1:]
        found += [json.loads(payload) for payload in lines[1::2] if payload]
    return found


@requirement("observability:sentry:errors")
def test_an_error_that_is_logged_is_reported_once_with_its_stack(sentry: Receiver) -> None:
    reporter = reporter_for(sentry)
    handler = reporter.handler()
    logger.addHandler(handler)
    try:
        try:
            raise StorageBusyError("the store is busy")
        except StorageBusyError as exc:
            for said in ("GET /v1/stats failed", "once more, further out"):
                logger.log(logging.ERROR, said, exc_info=exc)
        logger.error("without an exception")
    finally:
        logger.removeHandler(handler)
        reporter.close()
    (event,) = items(sentry.requests)
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("StorageBusyError", "the store is busy")
    assert (
        error["stacktrace"]["frames"][-1]["function"] == "test_an_error_that_is_logged_is_reported_once_with_its_stack"
    )
    assert event["release"] == "continuum@1"
    assert event["environment"] == "staging"
    assert sentry.requests[0].path == "/api/42/envelope/"


@requirement("observability:sentry:scrubbed")
@pytest.mark.parametrize("name", [*KEYS, "configured"])
def test_a_report_holds_no_secrets_and_no_variables(sentry: Receiver, name: str) -> None:
    text, secret = KEYS.get(name, (CONFIGURED, CONFIGURED))
    reporter = reporter_for(sentry)
    address = ".".join(("203", "0", "113", "9"))  # lines of code are sent: this one is about to be
    with sentry_sdk.isolation_scope() as scope:
        scope.set_user({"email": secret, "ip_address": address})
        scope.set_extra("body", secret)
        said_to_the_memory = f"{secret} I said"
        try:
            raise ValueError(f"cannot use {text}") from RuntimeError(f"nor {text}, {len(said_to_the_memory)}")
        except ValueError as exc:
            reporter.failed(exc)
    reporter.close()
    (event,) = items(sentry.requests)
    assert len(event["exception"]["values"]) == 2
    assert secret not in sentry.everything
    assert address not in sentry.everything
    assert not {"request", "user", "extra", "breadcrumbs", "server_name", "modules"} & set(event)
    frames = [frame for each in event["exception"]["values"] for frame in each.get("stacktrace", {}).get("frames", [])]
    assert frames
    assert not any("vars" in frame for frame in frames)


@requirement("observability:sentry:timings")
def test_the_timing_of_a_request_is_sent_under_its_route(sentry: Receiver) -> None:
    reporter = reporter_for(sentry)
    reporter.watch(RequestSeen("GET", "/v1/memories/{message_id}", 503, 1_000.0, 0.25, 9, "r", "alice", "key:abc"))
    reporter.close()
    (event,) = items(sentry.requests)
    assert event["transaction"] == "GET /v1/memories/{message_id}"
    assert event["type"] == "transaction"
    assert event["contexts"]["trace"]["status"] == "unavailable"
    assert event["start_timestamp"].startswith("1970-01-01T00:16:40")
    assert event["timestamp"].startswith("1970-01-01T00:16:40.25")
    assert "alice" not in sentry.everything


@requirement("observability:sentry:timings")
@pytest.mark.parametrize(("share", "drawn", "sent"), [(0.0, 0.0, 0), (0.3, 0.29, 1), (0.3, 0.3, 0), (1.0, 0.999, 1)])
def test_only_the_share_that_was_asked_for_is_sent(sentry: Receiver, share: float, drawn: float, sent: int) -> None:
    reporter = reporter_for(sentry, share, drawn)
    reporter.watch(RequestSeen("GET", "/v1/stats", 200, 0.0, 0.1, 1))
    reporter.close()
    assert len(items(sentry.requests)) == sent


def test_nothing_global_is_set(sentry: Receiver) -> None:
    reporter = reporter_for(sentry)
    assert not sentry_sdk.get_client().is_active()
    reporter.close()


def test_closing_waits_two_seconds_for_a_sentry_that_does_not_answer() -> None:
    with receiving(delay=30) as slow:
        reporter = reporter_for(slow)
        for _ in range(300):
            reporter.watch(RequestSeen("GET", "/v1/stats", 200, 0.0, 0.1, 1))
        assert took(reporter.close) < 3.5
        assert took(reporter.close) < 3.5


@pytest.mark.parametrize("text", ["", "2", "-0.1", "nan", "inf", "often"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="a number from 0 to 1"):
        share_of(text)


@pytest.mark.parametrize(("text", "share"), [("0", 0.0), ("1", 1.0), (" 0.25 ", 0.25)])
def test_a_share_is_read_from_its_text(text: str, share: float) -> None:
    assert share_of(text) == share


def test_an_address_that_is_none_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError, match="SENTRY_DSN") as caught:
        SentryReporter("hunter2", release="", environment="", traces_share=0, scrubber=Scrubber())
    assert "hunter2" not in str(caught.value)
