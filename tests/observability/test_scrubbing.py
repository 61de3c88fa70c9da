"""What leaves through logs and reports carries no secrets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.errors import StorageBusyError
from continuum.observability.scrubbing import CHAIN_MAX, EXCEPTION_CHARS_MAX, TEXT_CHARS_MAX, Scrubber, chain_of
from tests.observability.secrets_planted import CONFIGURED, KEYS
from tests.requirements import requirement


@requirement("observability:logs:secrets")
@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize(
    "around", ["{}", "see {} there", "key={}", "('{}',)", '{{"k": "{}"}}', "/v1/admin/api-keys/{}"]
)
def test_no_secret_is_left_in_a_text(name: str, around: str) -> None:
    text, secret = KEYS[name]
    assert secret not in Scrubber().text(around.format(text))


def test_the_public_part_of_a_key_stays_so_that_its_owner_can_be_found() -> None:
    assert Scrubber().text(f"refused {KEYS['our own key'][0]}") == "refused ck_live_abc123_***"


def test_a_secret_of_the_settings_is_known_whatever_it_looks_like() -> None:
    assert Scrubber([CONFIGURED, "ab"]).text(f"<{CONFIGURED}> ab") == "<***> ab"


@given(st.text(max_size=300))
def test_a_name_and_a_text_are_bounded_whatever_they_hold(text: str) -> None:
    scrubber = Scrubber()
    assert len(scrubber.name(text * 40)) <= 220
    assert len(scrubber.text(text * 400)) <= TEXT_CHARS_MAX + 20


@pytest.mark.parametrize("piece", ["ck_a_b_", "eyJa", "://", "Bearer ", "cookie: ", "a:b@", "eyJab.", "'x' "])
def test_scrubbing_takes_time_in_proportion_to_the_text(piece: str) -> None:
    scrubber = Scrubber()
    scrubber.text("warm")
    began = time.perf_counter()
    scrubber.text(piece * (65_536 // len(piece)))
    assert time.perf_counter() - began < 2.0


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except type(error) as exc:
        return exc


@requirement("observability:logs:secrets")
@pytest.mark.parametrize("name", KEYS)
def test_an_exception_and_what_led_to_it_are_told_without_secrets(name: str) -> None:
    text, secret = KEYS[name]
    error = raised(StorageBusyError(f"could not reach {text}"), raised(ValueError(f"bad {text}")))
    told = Scrubber().exception(error)
    assert secret not in told
    assert "StorageBusyError: could not reach" in told
    assert "ValueError: bad" in told
    assert "test_scrubbing.py" in told


@requirement("observability:logs:secrets")
def test_what_somebody_wrote_is_not_told_through_the_message_of_a_strangers_exception() -> None:
    said = "I am afraid it's about my mother's illness"
    for error in (
        ValueError(f"could not convert string to float: {said!r}"),
        ValueError(f'input_value="{said}", input_type=str'),
        KeyError(said),
    ):
        assert "mother" not in Scrubber().exception(raised(error))


def test_the_word_that_a_stranger_quotes_is_told() -> None:
    assert "KeyError: 'last_seq'" in Scrubber().exception(raised(KeyError("last_seq")))


def test_a_chain_of_exceptions_and_its_text_are_bounded() -> None:
    error = raised(ValueError("x" * 5_000))
    for _ in range(50):
        error = raised(ValueError("x" * 5_000), error)
    assert len(chain_of(error)) == CHAIN_MAX
    assert len(Scrubber().exception(error)) <= EXCEPTION_CHARS_MAX + 20


def test_the_members_of_a_group_are_told_and_a_ring_of_causes_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    told = Scrubber().exception(raised(ExceptionGroup("both", [first, second]), first))
    assert told.count("ValueError: first") == told.count("ValueError: second") == 1
