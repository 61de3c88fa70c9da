"""A workload whose statements are recorded as they are sent, to be run again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from benchmarks.postgres_recalling import TENANT, questions
from benchmarks.texts import Writer
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.storage.postgres_pipe import Answer, Pipe

Sent = tuple[str, tuple[Any, ...]]


@dataclass(slots=True)
class Transaction:
    """What one transaction sent, between its beginning and its end."""

    operation: str
    begin: str
    sent: list[Sent] = field(default_factory=list)


class Recorder:
    """Keeps what goes through pipes, transaction by transaction, in the order of their ends."""

    def __init__(self) -> None:
        self.operation = ""
        self.done: list[Transaction] = []
        self._open: dict[int, Transaction] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        execute = Pipe.execute

        def recording(pipe: Pipe, sql: str, parameters: Sequence[Any] = (), /) -> Answer:
            self._note(id(pipe), sql, tuple(parameters))
            return execute(pipe, sql, parameters)

        with patch.object(Pipe, "execute", recording):
            yield

    def _note(self, pipe: int, sql: str, parameters: tuple[Any, ...]) -> None:
        if sql.startswith("BEGIN"):
            self._open[pipe] = Transaction(self.operation, sql)
        elif sql in ("COMMIT", "ROLLBACK"):
            transaction = self._open.pop(pipe, None)
            if transaction is not None and sql == "COMMIT":
                self.done.append(transaction)
        elif pipe in self._open:
            self._open[pipe].sent.append((sql, parameters))


# -- the workload


def work(url: str, recorder: Recorder) -> None:
    """What agents and people do with a memory, by name."""
    with TenantManager(storage=url, config=MemoryConfig()) as manager:
        memory = manager.get_tenant(TENANT)
        writer = Writer(500)
        asked = questions(10)
        operations: list[tuple[str, Callable[[], object]]] = [
            *(("recall", functools.partial(memory.recall, question)) for question in asked),
            *(("learn", functools.partial(memory.learn, *writer.exchange())) for _ in range(10)),
            *(("learn with facts", functools.partial(_learn_facts, memory, number)) for number in range(5)),
            ("bulk learn", functools.partial(memory.learn_many, list(writer.exchanges(20)), job="a job")),
            *(("recall", functools.partial(memory.recall, question)) for question in asked[:5]),
            ("recall of a fact", functools.partial(memory.recall, "Where do I live, and what do I like?")),
            ("recall, filtered", functools.partial(memory.recall, asked[0], user_id="ann", roles=["user"])),
            ("recall as of", functools.partial(memory.recall, asked[0], as_of="2026-01-01T00:00:00Z")),
            *(("feedback", functools.partial(_use, memory, question)) for question in asked[:5]),
            *_listings(manager, memory),
            *_care(memory),
        ]
        for name, operation in operations:
            recorder.operation = name
            operation()


def _learn_facts(memory: ConsciousMemory, number: int) -> None:
    cities = ("Porto", "Lisbon", "Braga", "Faro", "Evora")
    memory.learn(
        f"I live in {cities[number]}. We decided to use PostgreSQL for billing. Anna Keller leads project Nodeone.",
        "Noted.",
        {"number": number},
        user_id="ann",
        idempotency_key=f"key-{number}",
    )


def _use(memory: ConsciousMemory, question: str) -> None:
    context = memory.recall(question)
    memory.feedback(context.recall_id, [context.memories[0].id], [context.memories[1].id])


def _listings(manager: TenantManager, memory: ConsciousMemory) -> list[tuple[str, Callable[[], object]]]:
    return [
        ("list tenants", manager.list_tenants),
        ("list messages", memory.get_messages),
        ("list messages", functools.partial(memory.get_messages, role="user", before_seq=1_000)),
        ("list entities", memory.entities),
        ("list entities", functools.partial(memory.entities, "person", query="an")),
        ("list facts", memory.facts),
        ("statistics", memory.get_stats),
        ("conflicts", memory.conflicts),
        ("receipts", memory.receipts),
        ("retention", memory.retention),
        ("ranking", memory.ranking),
        ("quarantines", memory.quarantines),
        ("timeline", functools.partial(memory.timeline, "Anna Keller")),
        ("graph", memory.graph),
    ]


def _care(memory: ConsciousMemory) -> list[tuple[str, Callable[[], object]]]:
    """What changes single things; each looks for its own when its turn comes."""
    return [
        ("entity by hand", functools.partial(memory.create_entity, "Nodetwo", "project")),
        ("link by hand", functools.partial(memory.link_entities, "Nodetwo", "Nodeone", "part_of")),
        ("rename", functools.partial(memory.rename_concept, "Nodetwo", "Nodethree")),
        ("merge", functools.partial(memory.merge_concepts, "Nodethree", "Nodeone")),
        ("teach", lambda: memory.learn_facts([{"subject": "user", "attribute": "pet", "value": "Minka"}])),
        ("retract", lambda: memory.retract(memory.facts()[0].id, "was never so")),
        ("revise", lambda: memory.revise(memory.get_messages(limit=1)[0].id, "I live in Tavira.")),
        ("forget", lambda: memory.forget(memory.get_messages(limit=1)[0].id)),
        ("forget", lambda: memory.forget(memory.get_messages(limit=9)[-1].id)),
        ("quarantine", lambda: memory.quarantine("a test", user_id="ann", dry_run=False)),
        ("release", lambda: memory.release(memory.quarantines()[0].id)),
    ]
