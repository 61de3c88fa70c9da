"""Changes one member of a JSON text in place: comments, order, spaces and trailing commas of all else stay.

Editors take JSON with comments for their settings, and people write such comments; reading such a file and writing it
again would lose them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from continuum.domain.records import Json
from continuum.errors import InvalidInputError

DEPTH_MAX = 100
_SPACE = re.compile(r"(?:[ \t\r\n\ufeff]|//[^\n]*|/\*[\s\S]*?\*/)*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])")
_INDENT = re.compile(r"\n([ \t]*)\Z")


@dataclass(slots=True)
class _Value:
    """One value: characters [start, end); an object's members in their order."""

    start: int
    end: int = 0
    is_object: bool = False
    members: list[_Member] = field(default_factory=list)
    comma: int | None = None
    """Where the last comma of an object that ends with one stands."""


@dataclass(slots=True)
class _Member:
    name: str
    start: int
    value: _Value


def parsed(text: str) -> Json:
    """The value of the text, without its comments. Raises InvalidInputError, which names the line."""
    root = _read(text)
    return _plain(text, root) if text.strip() else {}


def with_member(text: str, path: Sequence[str], value: Json) -> str:
    """The text with a member of its object set; objects on the way are made. Raises InvalidInputError."""
    if not text.strip():
        text = "{}\n"
    root = _read(text)
    at, left = _found(root, path)
    if not left:
        return text[: at.start] + _written(value, _indent_of(text, at.start)) + text[at.end :]
    for name in reversed(left[1:]):
        value = {name: value}
    return _added(text, at, left[0], value)


def without_member(text: str, path: Sequence[str]) -> str:
    """The text without a member; as it is if there is none. Raises InvalidInputError."""
    if not text.strip():
        return text
    parent, left = _found(_read(text), path[:-1])
    if left or not parent.is_object:
        return text
    for number, member in enumerate(parent.members):
        if member.name == path[-1]:
            return _removed(text, parent, number)
    return text


def _added(text: str, at: _Value, name: str, value: Json) -> str:
    if not at.is_object:
        raise InvalidInputError("configuration", f"holds something else than an object where {name!r} belongs")
    outer = _indent_of(text, at.start)
    inner = _indent_of(text, at.members[-1].start) if at.members else outer + "  "
    written = f"{json.dumps(name)}: {_written(value, inner)}"
    if not at.members:
        kept = text[at.start + 1 : at.end - 1].rstrip(" \t\r\n")
        return f"{text[: at.start + 1]}{kept}\n{inner}{written}\n{outer}{text[at.end - 1 :]}"
    if at.comma is not None:
        return f"{text[: at.comma + 1]}\n{inner}{written},{text[at.comma + 1 :]}"
    end = at.members[-1].value.end
    return f"{text[:end]},\n{inner}{written}{text[end:]}"


def _removed(text: str, parent: _Value, number: int) -> str:
    """Without a member and one of the commas beside it."""
    member = parent.members[number]
    end = member.value.end
    comma = _SPACE.match(text, end)
    follows = comma is not None and text[comma.end() : comma.end() + 1] == ","
    if number:
        start = _comma_before(text, parent.members[number - 1].value.end)
        if follows and number == len(parent.members) - 1:  # the object ends with a comma, and keeps one
            assert comma is not None
            return text[: start + 1] + text[comma.end() + 1 :]
        return text[:start] + text[end:]
    if follows and comma is not None:
        end = comma.end() + 1
    rest = text[end : parent.end - 1]
    head = text[: parent.start + 1]
    return head + (rest if rest.strip() else "") + text[parent.end - 1 :]


def _comma_before(text: str, end: int) -> int:
    space = _SPACE.match(text, end)
    assert space is not None
    return space.end()


def _found(root: _Value, path: Sequence[str]) -> tuple[_Value, list[str]]:
    """The deepest value on the way, and what of the path is left."""
    at, left = root, list(path)
    while left:
        inside = next((each.value for each in reversed(at.members) if each.name == left[0]), None)
        if inside is None:
            break
        at, left = inside, left[1:]
    return at, left


def _written(value: Json, indent: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")


def _indent_of(text: str, start: int) -> str:
    """The spaces at the beginning of the line that a place stands in."""
    line = text.rfind("\n", 0, start) + 1
    found = re.match(r"[ \t]*", text[line:start])
    return "" if found is None else found[0]


def _plain(text: str, value: _Value) -> Json:
    if value.is_object:
        return {member.name: _plain(text, member.value) for member in value.members}
    if text[value.start] == "[":
        return [_plain(text, each.value) for each in value.members]
    return json.loads(text[value.start : value.end])


def _read(text: str) -> _Value:
    end = _skip(text, 0)
    if end == len(text):
        return _Value(0, 0, is_object=True)
    root = _value(text, end, 0)
    if _skip(text, root.end) != len(text):
        raise _broken(text, root.end, "something follows the value")
    return root


def _value(text: str, at: int, depth: int) -> _Value:
    if depth > DEPTH_MAX:
        raise _broken(text, at, f"is nested deeper than {DEPTH_MAX}")
    if text[at : at + 1] in ("{", "["):
        return _group(text, at, depth)
    found = _STRING.match(text, at) or _PLAIN.match(text, at)
    if found is None:
        raise _broken(text, at, "no value begins here")
    return _Value(at, found.end())


def _group(text: str, at: int, depth: int) -> _Value:
    """An object or a list; the items of a list are members without a name."""
    group = _Value(at, is_object=text[at] == "{")
    closing = "}" if group.is_object else "]"
    place = _skip(text, at + 1)
    while text[place : place + 1] != closing:
        if group.members and group.comma is None:
            raise _broken(text, place, f"a comma or {closing} is missing")
        start, name = place, ""
        if group.is_object:
            name, place = _name(text, place)
        value = _value(text, place, depth + 1)
        group.members.append(_Member(name, start, value))
        place = _skip(text, value.end)
        group.comma = place if text[place : place + 1] == "," else None
        if group.comma is not None:
            place = _skip(text, place + 1)
    group.end = place + 1
    return group


def _name(text: str, at: int) -> tuple[str, int]:
    found = _STRING.match(text, at)
    if found is None:
        raise _broken(text, at, "a name in quotes is missing")
    colon = _skip(text, found.end())
    if text[colon : colon + 1] != ":":
        raise _broken(text, colon, "a colon is missing")
    try:
        name: str = json.loads(found[0])
    except ValueError as exc:
        raise _broken(text, at, "the name is no string") from exc
    return name, _skip(text, colon + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None, "it matches nothing, too"
    return found.end()


def _broken(text: str, at: int, problem: str) -> InvalidInputError:
    line = text.count("\n", 0, at) + 1
    return InvalidInputError("configuration", f"is no JSON: line {line}: {problem}; it was left as it is")
