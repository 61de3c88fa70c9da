"""How commands print: JSON on request, tables on a terminal, plain lines in a pipe."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import click

from continuum.domain.clock import EARLIEST_MICROS, iso
from continuum.domain.records import Json
from continuum.domain.results import RecalledFact


def print_json(value: object) -> None:
    """One JSON value, with times in RFC 3339."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def _plain(value: object) -> Json:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _field(field.type, getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _field(declared: object, value: object) -> object:
    """A field's value; microseconds, known by their declared type, become the moment they stand for."""
    if isinstance(value, int) and isinstance(declared, str) and declared.startswith("Micros"):
        return None if value <= EARLIEST_MICROS else iso(value)
    return value


def fact_rows(facts: Iterable[RecalledFact]) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of a table of facts."""
    rows: list[list[object]] = [
        [
            fact.subject,
            fact.attribute,
            fact.value if fact.polarity else f"not {fact.value}",
            fact.label or fact.status,
            fact.source,
            fact.id,
        ]
        for fact in facts
    ]
    return ["subject", "attribute", "value", "when", "who", "id"], rows


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on a terminal; tab-separated lines in a pipe. Stored control characters never reach the terminal."""
    shown = [[visible(str(cell)) for cell in row] for row in rows]
    if sys.stdout is None or not sys.stdout.isatty():
        for row in shown:
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in shown:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def visible(text: str) -> str:
    """The text on one line, with control and direction characters written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(line: str) -> None:
    """A line about what is being done, apart from the answer: it goes to standard error."""
    click.echo(line, err=True)
