"""One exchange gives concepts, decisions, pairs and compounds that lead back to its words."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.records import Exchange, ExtractedConcept, Origin, Role, Scope, Span, Utterance
from continuum.extraction.attention_graph import PAIRS_MAX
from continuum.extraction.concept_extractor import CONCEPTS_MAX
from continuum.extraction.pipeline import READ_CHARACTERS_MAX, ExtractionPipeline
from continuum.language.names import normalise_name
from tests.requirements import requirement

PIPELINE = ExtractionPipeline()
ORIGINS = {"user": Origin.USER, "assistant": Origin.ASSISTANT, "tool": Origin.TOOL, "system": Origin.EXTERNAL}


def _exchange(*messages: tuple[Role, str]) -> Exchange:
    utterances = tuple(Utterance(role, text, None, 0, False, ORIGINS[role], "{}") for role, text in messages)
    return Exchange("exchange-1", utterances, "session", "instance", Scope(), 0)


def test_the_printed_example_gives_its_concepts_links_and_decision() -> None:
    found = PIPELINE.extract(
        _exchange(
            ("user", "FastAPI uses Python for a web framework"), ("assistant", "Noted. Building API with FastAPI.")
        )
    )
    keys = {concept.key for concept in found.concepts}
    assert {"fastapi", "python", "webframework"} <= keys
    assert [decision.text for decision in found.decisions] == ["Building API with FastAPI"]
    pairs = {(pair.a, pair.b): pair.origin for pair in found.pairs}
    assert pairs["fastapi", "python"] is Origin.USER
    assert pairs["fastapi", "webframework"] is Origin.USER
    assert pairs["api", "python"] is Origin.ASSISTANT
    assert ("fastapi", "python", "webframework") in {compound.components for compound in found.compounds}


def test_a_concept_of_both_messages_is_one_with_both_places() -> None:
    found = PIPELINE.extract(_exchange(("user", "I love kite surfing."), ("assistant", "Kite-surfing! It is a sport.")))
    concept = next(concept for concept in found.concepts if concept.key == "kitesurfing")
    assert [span.message for span in concept.spans] == [0, 1]


def test_what_came_out_of_a_recall_teaches_nothing() -> None:
    memory = '- [m:0123456789ab] 2026-03-01 Zelda (user): "I will sell the Stradivarius"'
    block = f'<continuum-memory v="1">\n{memory}\n</continuum-memory>'
    text = f"{block}\nWe use Kafka."
    found = PIPELINE.extract(_exchange(("user", text)))
    assert [concept.name for concept in found.concepts] == ["Kafka"]
    assert found.decisions == ()
    assert found.echoes == (Span(0, 0, len(block)),)
    assert text[found.concepts[0].spans[0].start :].startswith("Kafka")


class _Shouting:
    """A user's own extractor: words that end with an exclamation mark."""

    def find(self, text: str, message: int) -> Sequence[ExtractedConcept]:
        ends = [number for number, letter in enumerate(text) if letter == "!"]
        starts = [text.rfind(" ", 0, end) + 1 for end in ends]
        return [
            ExtractedConcept(normalise_name(text[start:end]), text[start:end], "concept", (Span(message, start, end),))
            for start, end in zip(starts, ends, strict=True)
        ]


def test_extractors_of_the_users_own_take_part() -> None:
    found = ExtractionPipeline([_Shouting()]).extract(_exchange(("user", "so tasty! and so warm!")))
    assert [concept.name for concept in found.concepts] == ["tasty", "warm"]
    assert [(pair.a, pair.b) for pair in found.pairs] == [("tasty", "warm")]


@pytest.mark.parametrize("count", [CONCEPTS_MAX, CONCEPTS_MAX + 1, 200])
def test_concepts_and_pairs_of_one_exchange_are_bounded(count: int) -> None:
    half = " ".join(f'"quoted{number}x"' for number in range(count // 2))
    rest = " ".join(f'"quoted{number}x"' for number in range(count // 2, count))
    found = PIPELINE.extract(_exchange(("user", half), ("assistant", rest)))
    assert len(found.concepts) == CONCEPTS_MAX
    assert len(found.pairs) == PAIRS_MAX


def test_a_very_long_message_is_read_up_to_the_limit() -> None:
    filler = "so it is and so it was. " * (READ_CHARACTERS_MAX // 24 - 1)
    head = filler + " " * (READ_CHARACTERS_MAX - len(filler) - len("we met Kafka")) + "we met "
    block = '- [c:00ff00ff00ff] tea: "drink"'
    found = PIPELINE.extract(_exchange(("user", f"{head}Kafka and Redis\n{block}")))
    assert [concept.name for concept in found.concepts] == ["Kafka"]
    assert [span.end for span in found.echoes] == [len(head) + len("Kafka and Redis\n") + len(block)]


def test_an_exchange_without_words_teaches_nothing() -> None:
    found = PIPELINE.extract(_exchange(("user", ""), ("assistant", " \n")))
    assert (found.concepts, found.decisions, found.pairs, found.compounds, found.echoes) == ((), (), (), (), ())


_SENTENCES = st.sampled_from(
    [
        *("Alice loves kite surfing.", "We decided to use Redis.", "My cat is called Minka.", "Is it late?", "\n"),
        *("Ask Dr. Okafor about `dose_mg`.", "东京 is far.", "I will call Bob.", "NATO and the EU agreed."),
        '- [c:00ff00ff00ff] tea: "drink"',
    ]
)
_MESSAGES = st.lists(
    st.tuples(st.sampled_from(["user", "assistant"]), st.lists(_SENTENCES, max_size=6).map(" ".join)), max_size=3
)


@given(_MESSAGES)
def test_all_that_is_found_leads_back_to_its_words(messages: list[tuple[Role, str]]) -> None:
    exchange = _exchange(*messages)
    found = PIPELINE.extract(exchange)
    assert found == ExtractionPipeline().extract(exchange)
    texts = [text for _, text in messages]
    keys = {concept.key: concept for concept in found.concepts}
    for concept in found.concepts:
        names = {concept.key, *map(normalise_name, concept.aliases)}
        assert all(normalise_name(texts[span.message][span.start : span.end]) in names for span in concept.spans)
    for decision in found.decisions:
        span = decision.span
        assert texts[span.message][span.start : span.end] == decision.text
        assert decision.role == messages[span.message][0]
    assert all(pair.a < pair.b and pair.a in keys and pair.b in keys for pair in found.pairs)
    for compound in found.compounds:
        assert list(compound.components) == sorted(compound.components)
        for key in compound.components:
            assert any(
                compound.span.message == span.message and compound.span.start <= span.start < compound.span.end
                for span in keys[key].spans
            )


PUMPS = [
    *("\x00", "\ud800", "e\u0301", "\u0301", '"', "'", "`", "[", "(", "_", "a_", ".", "a.", "A", "A ", "Ab "),
    *("-", "a-", "@", "a@b.", "#", "/", "a/", "http://", "```\n", "\n", " ", "。", "“", "「a", "'a ", '"a" ', "1 "),
    *("I will ", "I will go. ", "if I will ", "She said I will ", " I decided to", "“I will ", "A. ", "the "),
    *("Ab (", "Ab (Cd) ", "Ab, my ", "Ab is a ", "Ab of ", "Ab aka ", "Ab's ", "my cat called ", "web ", "1."),
    *("- [m:", "- [r] a -- ", "<continuum-memory>\n", "</continuum-memory>\n"),
    *('- [m:abcdef] 2026-01-01 a: "x"\n', "漢", "Иван ", "🎉", "İ", "ア", "v1.", "C+"),
]
SIZE = 10_000
GROWTH = 4
GROWTH_MAX = 3.0
"""Time for four times the text may be twelve times the time: a quadratic reader would take sixteen."""


def _milliseconds(text: str, rounds: int) -> float:
    """The best of some rounds, in CPU time and without coverage's tracer: noise only ever adds."""
    exchange = _exchange(("user", text))
    best = float("inf")
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        for _ in range(rounds):
            started = time.process_time()
            PIPELINE.extract(exchange)
            best = min(best, (time.process_time() - started) * 1_000)
    finally:
        sys.settrace(tracer)
    return best


@requirement("extraction:linear")
@pytest.mark.parametrize("pump", PUMPS, ids=ascii)
def test_time_grows_with_the_length_of_any_text_and_no_faster(pump: str) -> None:
    short = (pump * (SIZE // len(pump) + 1))[:SIZE]
    took = _milliseconds(short, 3)
    assert took <= 50, f"10 KB took {took:.1f} ms"
    # Half a millisecond of floor: below it the clock says little.
    assert _milliseconds(short * GROWTH, 2) <= max(took, 0.5) * GROWTH * GROWTH_MAX


def test_two_hundred_quoted_concepts_are_read_at_once() -> None:
    text = " ".join(f'"quoted concept {number}"' for number in range(200))
    assert _milliseconds(text, 5) <= 20
