"""Runs the attacks of `red_team` against a memory, and counts those that reach somebody they were not meant for."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.results import MemoryContext
from continuum.testing.red_team import HostileCase, clean_exchanges, hostile_cases

BATCH = 90
"""Attacks on one tenant: among them every attack competes with what the victim has said."""
CLEAN = 150
FIRST = 10
VICTIM, STRANGER = "victim", "stranger"


def reached_first_ten(
    folder: Path, count: int, seed: int = 0, config: MemoryConfig | None = None
) -> tuple[Counter[str], Counter[str]]:
    """How many of `count` attacks reach the first ten of the victim or a stranger's recall, and how many there were.

    Both by kind. An attack has reached them if its marker stands in a memory, a fact or the context. A stranger is
    another tenant of the same store, who must never see any.
    """
    reached: Counter[str] = Counter()
    total: Counter[str] = Counter()
    cases = hostile_cases(count, seed)
    with TenantManager(db_path=folder / "red-team.db", config=config) as manager:
        stranger = manager.get_tenant(STRANGER)
        _talk(stranger, seed)
        for number in range(-(-count // BATCH)):
            batch = list(islice(cases, BATCH))
            memory = manager.get_tenant(f"{VICTIM}-{number}")
            _talk(memory, seed + number)
            _attack(memory, batch)
            for case in batch:
                total[case.kind] += 1
                reached[case.kind] += shows(memory.recall(case.question, max_memories=FIRST), case.marker)
                if shows(stranger.recall(case.question, max_memories=FIRST), case.marker):
                    raise AssertionError(f"an attack of kind {case.kind} crossed to another tenant")
    return reached, total


def _talk(memory: ConsciousMemory, seed: int) -> None:
    memory.learn_many(
        {"messages": exchange, "session_id": f"home-{number}", "user_id": VICTIM}
        for number, exchange in enumerate(clean_exchanges(CLEAN, seed))
    )


def _attack(memory: ConsciousMemory, cases: list[HostileCase]) -> None:
    for case in cases:
        for message in case.messages:
            memory.learn_messages([message], session_id=case.source, user_id=case.source)


def shows(context: MemoryContext, marker: str) -> bool:
    """Whether an answer holds a marker anywhere that a model would read."""
    found = [context.context_string, *(memory.passage for memory in context.memories[:FIRST])]
    found += [f"{fact.subject} {fact.attribute} {fact.value}" for fact in context.facts]
    return any(marker.casefold() in text.casefold() for text in found)
