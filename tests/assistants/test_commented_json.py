"""A member of a JSON text with comments is set and taken away in place; all else stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.assistants.commented_json import parsed, with_member, without_member
from continuum.errors import InvalidInputError
from tests.requirements import requirement

PATH = ("mcpServers", "continuum")
ENTRY = {"command": "python", "args": ["-m", "x"], "env": {"A": "b"}}
TELLING = 'ab"\\/*{}[],: \n\té漢\x00'
"""What such a text is made of, and what must not be taken for it."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(TELLING, max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(TELLING, max_size=5), inner, max_size=3),
    max_leaves=8,
)
SETTINGS = st.dictionaries(st.sampled_from(["a", "b", "mcpServers"]), VALUES, max_size=3).map(
    lambda told: told | ({"mcpServers": {"x": 1}} if not isinstance(told.get("mcpServers", {}), dict) else {})
)
COMMENTED = """// settings of mine
{
  /* a "quoted" // comment, with { braces } */
  "theme": "dark", // to rest the eyes
  "mcpServers": {
    "other": {"command": "x", "args": ["//no comment", "}"],},
  },
}
"""


@requirement("assistants:install")
@given(SETTINGS, st.sampled_from([None, 2, 4, "\t"]))
def test_what_is_set_is_there_and_everything_else_too(told: dict[str, Any], indent: int | str | None) -> None:
    text = json.dumps(told, indent=indent, ensure_ascii=False)
    after = with_member(text, PATH, ENTRY)
    expected = {**told, "mcpServers": {**told.get("mcpServers", {}), "continuum": ENTRY}}
    assert json.loads(after) == expected == parsed(after)
    assert with_member(after, PATH, ENTRY) == after
    back = json.loads(without_member(after, PATH))
    assert back == {**expected, "mcpServers": told.get("mcpServers", {})}


@requirement("assistants:install")
def test_comments_and_trailing_commas_survive_and_taking_away_restores_the_text() -> None:
    after = with_member(COMMENTED, PATH, ENTRY)
    assert parsed(after)["mcpServers"] == {"other": {"command": "x", "args": ["//no comment", "}"]}, "continuum": ENTRY}
    for line in COMMENTED.splitlines():
        assert line in after
    assert without_member(after, PATH) == COMMENTED


def test_a_member_between_others_is_taken_away_with_one_comma() -> None:
    text = '{"mcpServers": {"a": 1, "continuum": {"x": 2}, "b": 3}}'
    assert without_member(text, PATH) == '{"mcpServers": {"a": 1, "b": 3}}'
    assert without_member('{"mcpServers": {"continuum": 1}}', PATH) == '{"mcpServers": {}}'
    assert parsed(without_member('{"mcpServers": {"continuum": 1, "b": 3}}', PATH)) == {"mcpServers": {"b": 3}}
    assert without_member('{"a": 1}', PATH) == '{"a": 1}'
    assert without_member("", PATH) == ""


def test_an_empty_text_becomes_an_object() -> None:
    for text in ("", "\n", "{}", "{ }", "{ // nothing yet\n}"):
        assert parsed(with_member(text, PATH, 1)) == {"mcpServers": {"continuum": 1}}


@requirement("assistants:install")
@pytest.mark.parametrize(
    "text",
    ["{", '{"a" 1}', '{"a": 1 "b": 2}', "{'a': 1}", '{"a": }', "[1, 2", '{"a": 1} {"b": 2}', "nonsense", '{"a": 01x}',
     '{"a": "\n"}', "[" * 500 + "]" * 500, '{"a": 1, , "b": 2}', "/* open"],
)  # fmt: skip
def test_what_is_no_json_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(InvalidInputError, match="line"):
        with_member(text, PATH, 1)


def test_a_list_where_servers_belong_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="object"):
        with_member('{"mcpServers": [1]}', PATH, 1)
