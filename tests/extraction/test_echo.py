"""What came out of a recall is recognised when it comes back, and nobody's own words are taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.extraction.echo import echo_spans

MEMORY = '- [m:0123456789ab] 2026-03-01 Alice (user): "I like \\"green\\" tea <b>"'
CONCEPT = "- [c:00ff00ff00ff] green tea: a drink"
RELATION = "- [r] green tea -- Alice (0.55)"
DECISION = "- [d:ab12ab12ab12] I will buy tea (Alice, 2026-03-01)"
BLOCK = "\n".join(
    ['<continuum-memory v="1">', "Memories:", MEMORY, "Concepts:", CONCEPT, RELATION, DECISION, "</continuum-memory>"]
)


def _echoes(text: str) -> list[str]:
    return [text[start:end] for start, end in echo_spans(text)]


@pytest.mark.parametrize("line", [MEMORY, CONCEPT, RELATION, DECISION])
def test_a_line_with_a_reference_is_an_echo_wherever_it_stands(line: str) -> None:
    assert _echoes(f"As you said:\n{line}\nSo what now?") == [line]
    assert _echoes(f"  > {line}") == [f"  > {line}"]


def test_a_whole_block_is_one_echo() -> None:
    assert _echoes(f"Hello.\n{BLOCK}\nWhat now?") == [BLOCK]


def test_two_blocks_are_two_echoes() -> None:
    assert _echoes(f"{BLOCK}\nMy own words stand here.\n{BLOCK}") == [BLOCK, BLOCK]


def test_free_text_inside_a_closed_block_belongs_to_it() -> None:
    block = '<continuum-memory v="1">\nNotes that have no reference at all\n</continuum-memory>'
    assert _echoes(f"Hi\n{block}\nBye") == [block]


def test_a_block_without_its_end_tag_ends_with_its_lines() -> None:
    cut = BLOCK.removesuffix("\n</continuum-memory>")
    assert _echoes(f"{cut}\nAnd these are my own words.") == [cut]


@pytest.mark.parametrize("cut", range(BLOCK.index(MEMORY), BLOCK.index(MEMORY) + len(MEMORY)))
def test_a_block_without_its_head_is_found_with_its_cut_first_line(cut: int) -> None:
    assert _echoes(BLOCK[cut:]) == [BLOCK[cut:]]


@pytest.mark.parametrize("cut", range(30, len(BLOCK)))
def test_a_block_cut_anywhere_leaves_no_words_of_a_memory(cut: int) -> None:
    text = BLOCK[:cut]
    (span,) = echo_spans(text)
    rest = text[: span[0]] + text[span[1] :]
    assert "tea" not in rest
    assert "Alice" not in rest


@pytest.mark.parametrize(
    "text",
    [
        "The tag <continuum-memory> opens a block, </continuum-memory> closes it.",
        "Is a < b and b > c? Use [m:0123456789ab] as a link.",
        "- [ ] buy tea\n- [x] call Ana\n- [r] means right",
        "- [m:short] 2026-03-01 Alice: hello",
        '- [m:0123456789ab] yesterday Alice said: "hello"',
        "- [c:not-hex] name",
        "- [r] a -- b",
        "",
    ],
)
def test_ordinary_text_is_nobodys_echo(text: str) -> None:
    assert echo_spans(text) == []


def test_an_opening_tag_alone_does_not_swallow_the_words_after_it() -> None:
    text = '<continuum-memory v="1">\nI wrote this myself and it matters a lot to me'
    assert _echoes(text) == ['<continuum-memory v="1">']


_LINES = st.sampled_from(
    [MEMORY, CONCEPT, RELATION, DECISION, *BLOCK.split("\n")[:2], "</continuum-memory>", "- [m:", "my words", "", "> "]
)


@given(st.lists(_LINES, max_size=25).map("\n".join))
def test_echoes_are_ordered_disjoint_and_inside_the_text(text: str) -> None:
    position = 0
    for start, end in echo_spans(text):
        assert position <= start < end <= len(text)
        position = end


@given(st.text(max_size=200))
def test_a_block_is_found_after_and_before_any_text(words: str) -> None:
    spans = echo_spans(f"{words}\n{BLOCK}\n{words}")
    start = len(words) + 1
    assert any(first <= start and start + len(BLOCK) <= end for first, end in spans)
