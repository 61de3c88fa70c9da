"""Reads a JSON answer into dataclasses, by their declared types.

Fields that are unknown are left alone: a newer service may say more. What is missing or of another type is refused.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from continuum.domain.clock import EARLIEST_MICROS, to_micros
from continuum.domain.records import Json

T = TypeVar("T")
Reader = Callable[[Json], Any]  # Any: a value of whatever type is declared
_PLAIN: dict[object, tuple[type, ...]] = {str: (str,), int: (int,), float: (float, int), bool: (bool,)}


class NotUnderstoodError(ValueError):
    """An answer is not of the form that this client knows; says which field."""


def decoded(kind: type[T], value: Json) -> T:
    """The dataclass that a JSON object stands for. Raises NotUnderstoodError."""
    found: T = _object(kind)(value)
    return found


def decoded_list(kind: type[T], value: Json) -> tuple[T, ...]:
    """The dataclasses of a JSON array. Raises NotUnderstoodError."""
    return each_of(_object(kind), value)


def each_of(read: Callable[[Json], T], value: Json) -> tuple[T, ...]:
    """What `read` makes of each item of a JSON array. Raises NotUnderstoodError."""
    return tuple(read(each) for each in _checked(value, (list,), "an array"))


def mapping(value: Json) -> dict[str, Json]:
    """A JSON object. Raises NotUnderstoodError."""
    found: dict[str, Json] = _checked(value, (dict,), "an object")
    return found


def member(value: Json, name: str) -> Json:
    """A field of a JSON object. Raises NotUnderstoodError."""
    if not isinstance(value, dict) or name not in value:
        raise NotUnderstoodError(f"{name} is missing")
    return value[name]


def text(value: Json) -> str:
    """A JSON text. Raises NotUnderstoodError."""
    found: str = _checked(value, (str,), "a text")
    return found


def moment(value: Json) -> datetime:
    """An RFC 3339 text, as an aware moment in UTC. Raises NotUnderstoodError."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError as exc:
        raise NotUnderstoodError(f"{value!r:.40} is no time") from exc
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _object(kind: type) -> Reader:
    """How objects of a class are read; found out once for each class."""
    if kind not in _readers:
        _readers[kind] = _object_reader(kind)
    return _readers[kind]


_readers: dict[type, Reader] = {}


def _object_reader(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    readers = {
        field.name: (_reader(hints[field.name], str(field.type)), _is_optional(field))
        for field in dataclasses.fields(kind)
    }

    def read(value: Json) -> Any:  # Any: `kind`, which is known only to who asked
        _checked(value, (dict,), "an object")
        given = {}
        for name, (reader, optional) in readers.items():
            if name in value:
                given[name] = _named(name, reader, value[name])
            elif not optional:
                raise NotUnderstoodError(f"{name} is missing")
        return kind(**given)

    return read


def _is_optional(field: dataclasses.Field[Any]) -> bool:  # Any: fields of any type
    return field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING


def _named(name: str, reader: Reader, value: Json) -> Any:  # Any: as Reader
    try:
        return reader(value)
    except NotUnderstoodError as exc:
        raise NotUnderstoodError(f"{name}: {exc}") from None


def _reader(hint: Any, declared: str = "") -> Reader:  # Any: types have no common type
    """How a value of a type is read. `declared` is how the field writes its type: microseconds are known by that."""
    if declared.startswith("Micros"):
        return _micros_or_none if "None" in declared else _micros
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (own,) = (each for each in inside if each is not type(None))
        read = _reader(own)
        return lambda value: None if value is None else read(value)
    if origin is tuple:
        each = _reader(inside[0])
        return lambda value: tuple(each(item) for item in _checked(value, (list,), "an array"))
    if origin is typing.Literal:
        return text
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return lambda value: _checked(value, (dict,), "an object")
    return _reader_of_type(hint)


def _reader_of_type(hint: Any) -> Reader:  # Any: as above
    if hint in _PLAIN:
        return functools.partial(_plain, hint)
    if hint is datetime:
        return moment
    if isinstance(hint, type) and issubclass(hint, Enum):
        return functools.partial(_enum, hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _object(hint)
    return _never if isinstance(hint, type) else _as_it_is


def _as_it_is(value: Json) -> Json:
    return value


def _never(value: Json) -> Json:
    raise NotUnderstoodError(f"is {type(value).__name__}, which has no form in JSON")


def _plain(kind: Callable[[Json], Any], value: Json) -> Any:  # Any: str, int, float or bool
    if isinstance(value, bool) and kind is not bool:
        raise NotUnderstoodError("is a truth value")
    return kind(_checked(value, _PLAIN[kind], "of its type"))


def _enum(kind: type[Enum], value: Json) -> Enum:
    try:
        return kind(value)
    except ValueError as exc:
        raise NotUnderstoodError(f"{value!r:.40} is unknown") from exc


def _micros(value: Json) -> int:
    """A moment in microseconds; null stands for "nobody knows since when"."""
    return EARLIEST_MICROS if value is None else to_micros(moment(value))


def _micros_or_none(value: Json) -> int | None:
    return None if value is None else to_micros(moment(value))


def _checked(value: Json, kinds: tuple[type, ...], what: str) -> Json:
    if not isinstance(value, kinds):
        raise NotUnderstoodError(f"is {type(value).__name__}, not {what}")
    return value
