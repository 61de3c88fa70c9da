"""A recalled answer as bytes and back, for caches that processes share.

A header names the version of this format and the layout of the answer's classes, so that a process of another release
takes nothing for what it is not. The rest is JSON: fields in order, without their names. Times are ISO 8601, floats
their shortest exact form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Final, Generic, TypeVar

from continuum.domain.records import Json
from continuum.domain.results import (
    Degradation,
    MemoryContext,
    RecalledConcept,
    RecalledDecision,
    RecalledFact,
    RecalledMemory,
    RecalledRelationship,
)

VERSION: Final = 1

Row = TypeVar("Row")
Change = Callable[[Json], Json]


class _Layout(Generic[Row]):
    """The fields of one class in order, with those that JSON has no form for changed on the way out and back."""

    def __init__(self, made: type[Row], **changes: tuple[Change, Change]) -> None:
        names = [field.name for field in fields(made)]  # type: ignore[arg-type]  # each of them is a dataclass
        self.described = f"{made.__name__}({', '.join(names)})"
        self._made = made
        self._values = attrgetter(*names)
        self._changes = [(names.index(name), out, back) for name, (out, back) in changes.items()]
        self._count = len(names)

    def out(self, row: Row) -> list[Json]:
        values = list(self._values(row))
        for number, out, _ in self._changes:
            values[number] = out(values[number])
        return values

    def back(self, values: list[Json]) -> Row:
        if len(values) != self._count:
            raise ValueError(f"{self._made.__name__} has {self._count} fields, not {len(values)}")
        for number, _, back in self._changes:
            values[number] = back(values[number])
        return self._made(*values)

    def many(self) -> tuple[Change, Change]:
        """The changes of a field that holds a tuple of these."""
        return (lambda rows: [*map(self.out, rows)], lambda rows: tuple(map(self.back, rows)))


def _or_none(change: Change) -> Change:
    return lambda value: None if value is None else change(value)


_TIME: Final = (datetime.isoformat, datetime.fromisoformat)
_TIME_OR_NONE: Final = (_or_none(datetime.isoformat), _or_none(datetime.fromisoformat))
_TUPLE: Final[tuple[Change, Change]] = (list, tuple)
_MAPPING: Final[tuple[Change, Change]] = (dict, dict)
_MAPPING_OR_NONE: Final = (_or_none(dict), _or_none(dict))

_FACT: Final = _Layout(RecalledFact, valid_from=_TIME_OR_NONE, valid_to=_TIME_OR_NONE)
_MEMORY: Final = _Layout(RecalledMemory, timestamp=_TIME, reasons=_MAPPING, metadata=_MAPPING, witnesses=_TUPLE)
_CONCEPT: Final = _Layout(RecalledConcept)
_RELATIONSHIP: Final = _Layout(RecalledRelationship)
_DECISION: Final = _Layout(RecalledDecision, timestamp=_TIME)
_DEGRADATION: Final = _Layout(Degradation)
_CONTEXT: Final = _Layout(
    MemoryContext,
    facts=_FACT.many(),
    memories=_MEMORY.many(),
    concepts=_CONCEPT.many(),
    relationships=_RELATIONSHIP.many(),
    decisions=_DECISION.many(),
    degraded=_DEGRADATION.many(),
    explanation=_MAPPING_OR_NONE,
)
_LAYOUTS: Final = (_CONTEXT, _FACT, _MEMORY, _CONCEPT, _RELATIONSHIP, _DECISION, _DEGRADATION)
_HEADER: Final = bytes([VERSION]) + hashlib.sha256("; ".join(each.described for each in _LAYOUTS).encode()).digest()[:8]

_write: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode(context: MemoryContext) -> bytes:
    """An answer as bytes; `decode` gives an equal one. Metadata and explanation hold what JSON has a form for.

    Raises ValueError for an answer that has no such form, e.g. a text in place of a time.
    """
    try:
        # Not as escapes: two lone surrogates side by side would come back as one character.
        return _HEADER + _write(_CONTEXT.out(context)).encode("utf-8", "surrogatepass")
    except (TypeError, AttributeError, RecursionError) as exc:
        raise ValueError("this answer cannot be written down") from exc


def decode(data: bytes) -> MemoryContext:
    """The answer that `encode` was given, with mappings of its own.

    Raises ValueError for bytes of another version or layout, and for what `encode` did not write.
    """
    if not data.startswith(_HEADER):
        raise ValueError("an answer of another version")
    try:
        return _CONTEXT.back(json.loads(data[len(_HEADER) :].decode("utf-8", "surrogatepass")))
    except (TypeError, AttributeError, LookupError, RecursionError) as exc:
        raise ValueError("not an answer that was written here") from exc
