"""What `continuum status` draws: how the memory grew, and how long recalls take now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from continuum.client import Client
from continuum.core.memory import ConsciousMemory
from continuum.portability.exporting import engine_of

STEPS = 24
PROBES = 12
PROBE_CHARS = 80


@dataclass(frozen=True, slots=True)
class Growth:
    """Entries of the log in equal stretches of time; `days` is how long one of them is."""

    entries: tuple[int, ...]
    days: float


@dataclass(frozen=True, slots=True)
class Latency:
    """How long recalls took just now, in milliseconds, in the order in which they were made."""

    milliseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return sorted(self.milliseconds)[len(self.milliseconds) // 2]

    @property
    def worst(self) -> float:
        return max(self.milliseconds)


def growth_of(memory: ConsciousMemory) -> Growth | None:
    """How the log of a store grew since its tenant was made; None if it is empty."""
    engine = engine_of(memory)
    with engine.unit(memory.tenant_id, write=False) as work:
        record = work.tenants.get()
        if record is None or not record.last_seq:
            return None
        first = work.log.read(0, 1)[0].recorded_at
        step = max(engine.clock.now() - first, 1) / STEPS
        reached = [work.history.position_at(round(first + number * step), record.last_seq) for number in range(STEPS)]
    reached = [0, *reached[1:], record.last_seq]
    return Growth(tuple(later - earlier for earlier, later in pairwise(reached)), step / 86_400e6)


def latency_of(memory: ConsciousMemory | Client, questions: Sequence[str]) -> Latency | None:
    """How long recalls for words that were said lately take; None if nothing was said."""
    if not questions:
        return None
    taken = []
    memory.recall(questions[0])  # the first one of a process reads what later ones find in memory
    for number in range(PROBES):
        started = time.perf_counter()
        memory.recall(questions[number % len(questions)])
        taken.append((time.perf_counter() - started) * 1_000)
    return Latency(tuple(taken))


def said_lately(memory: ConsciousMemory | Client) -> list[str]:
    """The beginnings of the newest messages."""
    if isinstance(memory, ConsciousMemory):
        newest = [message.text for message in memory.get_messages(limit=PROBES)]
    else:
        newest = [message.text for message, _ in zip(memory.memories(), range(PROBES), strict=False)]
    return [text[:PROBE_CHARS] for text in newest if text.strip()]
