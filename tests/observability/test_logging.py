"""Logs: one line for a record, with its request, and nothing that must not be seen."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from continuum.domain.records import Json
from continuum.errors import ConfigurationError
from continuum.observability.logging import LEVELS, bind, bind_to, configure_logging, log_request
from continuum.observability.requests_seen import RequestSeen
from tests.observability.secrets_planted import CONFIGURED, KEYS
from tests.requirements import requirement

CALLS = 300
logger = logging.getLogger("continuum.tests")
Configure = Callable[..., io.StringIO]


@pytest.fixture
def logs() -> Iterator[Configure]:
    """Logs into a text; afterwards logging is as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    shown = warnings.showwarning

    def configure(level: str = "INFO", form: str = "json", **more: object) -> io.StringIO:
        stream = io.StringIO()
        configure_logging(level, form, stream=stream, **more)  # type: ignore[arg-type]  # arguments of a case
        return stream

    yield configure
    logging.captureWarnings(False)
    warnings.showwarning = shown
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Json]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@requirement("observability:logs:json", "observability:logs:context")
def test_a_record_is_one_line_of_json_with_the_names_of_its_request(logs: Configure) -> None:
    stream = logs()
    with bind(request_id="r-1", tenant_id="alice", instance_id="laptop"):
        logger.info("two\nlines of %s", "text")
    logger.info("after")
    first, second = lines(stream)
    assert datetime.fromisoformat(str(first["time"])).utcoffset() is not None
    assert str(first["time"]).endswith("Z")
    del first["time"], second["time"]
    assert first == {
        "level": "INFO",
        "logger": "continuum.tests",
        "message": "two\nlines of text",
        "request_id": "r-1",
        "tenant_id": "alice",
        "instance_id": "laptop",
    }
    assert second == {"level": "INFO", "logger": "continuum.tests", "message": "after"}


@requirement("observability:logs:levels")
@pytest.mark.parametrize("level", LEVELS)
def test_records_below_the_level_are_left_out(logs: Configure, level: str) -> None:
    stream = logs(level)
    for each in LEVELS:
        logger.log(getattr(logging, each), each)
    assert [line["level"] for line in lines(stream)] == list(LEVELS[LEVELS.index(level) :])


def test_a_level_of_somebodys_own_counts_as_the_one_below_it(logs: Configure) -> None:
    stream = logs("DEBUG")
    for number in (5, 25, 99):
        logger.log(number, "x")
    assert [line["level"] for line in lines(stream)] == ["INFO", "CRITICAL"]


@pytest.mark.parametrize(("level", "form"), [("LOUD", "json"), ("INFO", "xml")])
def test_an_unknown_level_or_form_is_refused(logs: Configure, level: str, form: str) -> None:
    with pytest.raises(ConfigurationError, match="must be one of"):
        logs(level, form)


def test_configuring_again_replaces_the_handler_and_leaves_those_of_others(logs: Configure) -> None:
    others = len(logging.getLogger().handlers)
    first, second = logs(), logs()
    logger.info("once")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1
    assert len(logging.getLogger().handlers) == others + 1


def test_what_the_server_underneath_says_comes_the_same_way(logs: Configure) -> None:
    stream = logs()
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert [line["logger"] for line in lines(stream)] == ["uvicorn.error", "py.warnings"]


@requirement("observability:logs:text")
def test_the_format_for_people_keeps_a_record_on_its_line(logs: Configure) -> None:
    stream = logs(form="text")
    with bind(request_id="r-1"):
        logger.warning("a\nforged line")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("WARNING continuum.tests a\\x0aforged line request_id=r-1\n")


def test_a_request_is_one_line_with_its_route_and_never_its_path(logs: Configure) -> None:
    stream = logs()
    log_request(RequestSeen("GET", "/v1/memories/{message_id}", 200, 0.0, 0.0123, 45, "", "alice", "key:abc"))
    (line,) = lines(stream)
    assert {key: line[key] for key in ("method", "route", "status", "duration_ms", "bytes", "credential")} == {
        "method": "GET",
        "route": "/v1/memories/{message_id}",
        "status": 200,
        "duration_ms": 12.3,
        "bytes": 45,
        "credential": "key:abc",
    }


def test_an_extra_that_somebody_adds_to_a_record_is_not_written(logs: Configure) -> None:
    stream = logs()
    logger.info("x", extra={"body": "what was said"})
    assert "what was said" not in stream.getvalue()


def test_half_a_character_does_not_lose_a_record(logs: Configure) -> None:
    stream = logs()
    # Given to our handler alone: the one of the test run could not pass half a character on between processes.
    (own,) = (each for each in logging.getLogger().handlers if getattr(each, "stream", None) is stream)
    own.handle(logging.LogRecord("here", logging.INFO, __file__, 1, "file \ud800", None, None))
    assert "file" in str(lines(stream)[0]["message"])


@requirement("observability:logs:secrets")
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_is_found_in_the_logs_of_many_calls(logs: Configure, form: str) -> None:
    """A sample; `soak` runs ten thousand."""
    plant(logs, form, CALLS)


@pytest.mark.soak
@pytest.mark.parametrize("form", ["json", "text"])
def test_no_secret_is_found_in_the_logs_of_ten_thousand_calls(logs: Configure, form: str) -> None:
    plant(logs, form, 10_000)


def plant(logs: Configure, form: str, calls: int) -> None:
    """Put each secret into each place of a record, and look for all of them."""
    stream = logs("DEBUG", form, secrets=[CONFIGURED])
    planted = [*KEYS.values(), (CONFIGURED, CONFIGURED)]
    for number in range(calls):
        text, _ = planted[number % len(planted)]
        bind_to(lambda text=text: {"request_id": text, "tenant_id": text, "instance_id": text})  # type: ignore[misc]  # bound now
        log_request(RequestSeen("GET", text, 200, 0.0, 0.1, 1, text, text, text))
        logger.info("said %s", text)
        logger.debug(text, extra={"key": text})
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("failed with %s", text)
    bind_to(dict)
    told = stream.getvalue()
    assert told.count("continuum.access") == calls
    for _, secret in planted:
        assert secret not in told
