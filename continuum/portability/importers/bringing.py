"""Brings a file or folder in: looked through whole first, then learnt in batches; again adds nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from continuum.core.bulk import ExchangeInput
from continuum.portability.importers.formats import Format, detect, named
from continuum.portability.importers.said import Met, Said
from continuum.portability.importers.sources import files_below

BATCH = 200
Progress = Callable[[int, int], None]
"""Takes how many messages were handed over, up to a batch more than are durable, and how many there are."""


class Learner(Protocol):
    """What an import needs of a memory, a store's or a service's."""

    def learn_many(self, exchanges: Iterator[ExchangeInput], *, batch_size: int, job: str | None) -> Counted: ...


class Counted(Protocol):
    """What a bulk learn says it did."""

    @property
    def messages(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def skipped(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would bring: counts, the range of times, and what would be left out, by reason."""

    format: str
    conversations: int
    exchanges: int
    messages: int
    first: datetime | None
    last: datetime | None
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """What an import did: `messages` are new; `known` exchanges were here already, from this file or elsewhere."""

    plan: ImportPlan
    messages: int
    known: int


def plan(path: Path, format_name: str | None = None) -> ImportPlan:
    """Look through a file or folder without learning anything. Raises InvalidInputError, NotFoundError, OSError."""
    form = _form(path, format_name)
    met, count, messages = Met(), 0, 0
    first: datetime | None = None
    last: datetime | None = None
    for said in form.read(path, met):
        count += 1
        messages += len(said.messages)
        for each in said.messages:
            if isinstance(each.timestamp, datetime):
                first = each.timestamp if first is None else min(first, each.timestamp)
                last = each.timestamp if last is None else max(last, each.timestamp)
    left_out = {reason: number for reason, number in met.left_out.items() if number}
    return ImportPlan(form.name, met.conversations, count, messages, first, last, left_out)


def bring_in(
    memory: Learner, path: Path, format_name: str | None = None, *, progress: Progress | None = None
) -> BroughtIn:
    """Learn what a file or folder holds, with its own times and speakers. Nothing is learnt from a broken one.

    Called again after it broke off, it goes on where it was; called again after it ended, it adds nothing, and of a
    transcript that has grown only what is new. Raises InvalidInputError, NotFoundError, StorageError and OSError.
    """
    planned = plan(path, format_name)
    form = _form(path, format_name)
    told = _told(form.read(path, Met()), planned.messages, progress)
    done = memory.learn_many(told, batch_size=BATCH, job=_job(path, form))
    return BroughtIn(planned, done.messages, done.duplicates + done.skipped)


def _told(found: Iterator[Said], total: int, progress: Progress | None) -> Iterator[ExchangeInput]:
    given = 0
    for said in found:
        yield said.as_exchange()
        given += len(said.messages)
        if progress is not None:
            progress(given, total)


def _form(path: Path, name: str | None) -> Format:
    return detect(path) if name is None else named(path, name)


def _job(path: Path, form: Format) -> str:
    """The name of the work on exactly this content: a file that has changed is other work."""
    digest = hashlib.sha256(form.name.encode())
    for file in files_below(path) if path.is_dir() else [path]:
        state = file.stat()
        told = f"{file.resolve()}\n{state.st_size}\n{state.st_mtime_ns}\n"
        digest.update(told.encode("utf-8", "surrogateescape"))
    return f"import:{digest.hexdigest()[:32]}"
