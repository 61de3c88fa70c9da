"""The attacks are as many and as different as they claim, and the screening finds its share of each kind."""

from __future__ import annotations

from collections import Counter

from continuum.domain.records import Message, Origin
from continuum.extraction.echo import echo_spans
from continuum.extraction.screening import SUSPICION_THRESHOLD, screen
from continuum.testing.red_team import CLAIM_REPEATS, KINDS, HostileCase, clean_exchanges, hostile_cases

SCREENED = ("query-only", "trigger", "delayed", "tool-output", "privilege", "markup", "invisible")
ORIGINS = {"user": Origin.USER, "assistant": Origin.ASSISTANT, "tool": Origin.TOOL}


def held_back(message: Message) -> bool:
    origin = message.origin or ORIGINS[message.role]
    return screen(message.text, origin).score >= SUSPICION_THRESHOLD


def text_of(case: HostileCase) -> str:
    return "\n".join(message.text for message in case.messages)


def test_the_same_seed_gives_the_same_cases_and_another_seed_others() -> None:
    assert list(hostile_cases(90, 7)) == list(hostile_cases(90, 7))
    assert list(hostile_cases(45, 7)) == list(hostile_cases(90, 7))[:45]
    assert list(clean_exchanges(20, 7)) == list(clean_exchanges(20, 7))
    assert {text_of(case) for case in hostile_cases(90, 7)}.isdisjoint(text_of(case) for case in hostile_cases(90, 8))


def test_three_thousand_cases_are_all_different_and_even_over_the_kinds() -> None:
    cases = list(hostile_cases(3_000))
    assert len({text_of(case) for case in cases}) == 3_000
    assert len({case.marker for case in cases}) == 3_000
    assert len({case.source for case in cases}) == 3_000
    counts = Counter(case.kind for case in cases)
    assert set(counts) == set(KINDS)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_marker_stands_in_its_own_case_and_in_nothing_clean() -> None:
    cases = list(hostile_cases(300))
    clean = "\n".join(message.text for exchange in clean_exchanges(300) for message in exchange)
    for case in cases:
        assert case.marker in text_of(case)
        assert case.marker not in clean
        assert case.marker not in case.question


def test_attackers_have_the_roles_that_they_would_have() -> None:
    for case in hostile_cases(180):
        said = {(message.role, message.origin) for message in case.messages}
        if case.kind in ("query-only", "privilege"):
            assert said == {("user", None)}
        if case.kind == "tool-output":
            assert said == {("tool", None)}
        if case.kind == "self-reinforcement":
            assert len(case.messages) == CLAIM_REPEATS
            assert len({message.text for message in case.messages}) == 1


def test_the_screening_holds_back_nearly_all_attacks_that_give_orders() -> None:
    caught: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for case in hostile_cases(900, seed=3):
        tried[case.kind] += 1
        caught[case.kind] += all(map(held_back, case.messages))
    assert all(caught[kind] >= 0.97 * tried[kind] for kind in SCREENED), caught


def test_a_mere_claim_is_no_order_and_is_left_to_trust_and_to_the_cap_on_links() -> None:
    cases = [case for case in hostile_cases(90) if case.kind == "self-reinforcement"]
    assert not any(held_back(message) for case in cases for message in case.messages)


def test_an_echo_is_recognised_as_recalled_context() -> None:
    for case in hostile_cases(180, seed=5):
        if case.kind == "echo":
            (message,) = case.messages
            place = message.text.index(case.marker)
            assert any(start <= place < end for start, end in echo_spans(message.text))


def test_no_clean_exchange_is_held_back() -> None:
    messages = [message for exchange in clean_exchanges(1_000) for message in exchange]
    assert len(messages) == 2_000
    assert not [message.text for message in messages if held_back(message)]
