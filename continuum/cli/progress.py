"""How far long work has got: a bar on a terminal, a line now and then elsewhere, always beside the answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from continuum.cli.output import say, visible

Report = Callable[[int, int], None]
"""Takes how much is done, and of how much; 0 where that is not known."""


@contextmanager
def reported(label: str, unit: str, *, lines_every: int, quiet: bool = False) -> Iterator[Report]:
    """A report for work of many steps; a pipe gets a line for each `lines_every` of them."""
    if quiet:
        yield lambda done, total: None
    elif sys.stderr is not None and sys.stderr.isatty():
        with _bar(label) as report:
            yield report
    else:
        yield _lines(unit, lines_every)


@contextmanager
def _bar(label: str) -> Iterator[Report]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(visible(label)), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def _lines(unit: str, every: int) -> Report:
    told = 0

    def report(done: int, total: int) -> None:
        nonlocal told
        if done - told >= every:
            told = done
            say(f"{done} of {total} {unit}" if total else f"{done} {unit}")

    return report
