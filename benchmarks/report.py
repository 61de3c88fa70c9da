"""Tables for people and JSON for programs, from the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Cell = str | float | int


@dataclass(slots=True)
class Report:
    """Rows of named tables, printed as they come."""

    facts: dict[str, object]
    tables: dict[str, list[Mapping[str, Cell]]] = field(default_factory=dict)

    def add(self, table: str, row: Mapping[str, Cell]) -> None:
        """Add a row, and print it; the first row of a table prints its name and columns too."""
        rows = self.tables.setdefault(table, [])
        if not rows:
            print(f"\n## {table}\n\n| {' | '.join(row)} |\n|{' --- |' * len(row)}")
        rows.append(row)
        print(f"| {' | '.join(_shown(cell) for cell in row.values())} |", flush=True)

    def as_json(self) -> dict[str, object]:
        return {"facts": self.facts, "tables": self.tables}


def _shown(cell: Cell) -> str:
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def percentiles(milliseconds: Sequence[float]) -> dict[str, Cell]:
    """p50, p95 and p99 of some durations."""
    ordered = sorted(milliseconds)
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in SHARES.items()}
    return {f"{name} ms": round(value, 3) for name, value in at.items()}


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def durations_ms(calls: Sequence[Callable[[], object]]) -> list[float]:
    """How long each call took, one after the other."""
    taken = []
    for call in calls:
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1_000)
    return taken
