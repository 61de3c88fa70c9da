"""Exchanges to write, and how to tell afterwards whether each one is there as a whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from continuum.domain.ids import TenantId
from continuum.domain.records import (
    AttentionLink,
    Entity,
    IndexedMessage,
    LogEntry,
    Mention,
    Origin,
    Scope,
    Sources,
    StoredMessage,
)
from continuum.storage import StorageBackend, unit_of_work

TENANT = TenantId("keeper")
NOW = 1_760_000_000_000_000


def write_exchange(backend: StorageBackend, name: str, size: int = 300) -> None:
    """Learn one exchange of two messages; on return it is acknowledged."""
    with unit_of_work(backend, TENANT, write=True) as work:
        work.tenants.ensure(NOW, lambda: b"s" * 32)
        last = work.tenants.advance(2, NOW).last_seq
        number = work.sessions.append("s", 2, NOW)
        ids = {last - 1: f"{name}.0", last: f"{name}.1"}
        work.log.append([LogEntry(seq, "message", each, NOW) for seq, each in ids.items()])
        work.messages.append(
            [
                StoredMessage(
                    each, seq, name, "s", "i", number + seq - last + 1, "user", None, Origin.USER, "x" * size,
                    NOW, NOW, Scope(), "{}",
                )
                for seq, each in ids.items()
            ]
        )  # fmt: skip
        work.messages.index([IndexedMessage(seq, NOW, "s", "user", None, b"1234") for seq in ids])
        names = sorted({f"c{last % 50:02}", f"d{last % 7}"})
        work.entities.observe(
            [Entity(each, each, "concept", each, "", NOW, NOW, 1, (), "{}", last, last) for each in names]
        )
        work.mentions.append([Mention(names[0], last, 0, 3, name), Mention(names[1], last, 4, 6, name)])
        met = AttentionLink(names[0], names[1], "hebbian", 0.5, 1, Sources.USER, NOW, NOW, last, last)
        work.links.reinforce([met], initial=0.5, rate=0.1, cap=0.29)


def complaints(path: Path, acknowledged: set[str]) -> list[str]:
    """What is wrong with a store: damage, missing acknowledged exchanges, exchanges that are there by half."""
    connection = sqlite3.connect(path)
    try:
        return _complaints(connection, acknowledged)
    except sqlite3.DatabaseError as exc:
        return [f"unreadable: {exc}"]
    finally:
        connection.close()


def _complaints(connection: sqlite3.Connection, acknowledged: set[str]) -> list[str]:
    def values(sql: str) -> list[Any]:
        return [row[0] for row in connection.execute(sql).fetchall()]

    found = [line for line in values("PRAGMA integrity_check") if line != "ok"]
    messages = sorted(values("SELECT id FROM auto_messages"))
    kept = {each.rpartition(".")[0] for each in messages}
    found += [f"lost: {each}" for each in sorted(acknowledged - kept)]
    if messages != sorted(f"{each}.{half}" for each in kept for half in (0, 1)):
        found.append("half an exchange in auto_messages")
    count = len(messages)
    for table in ("log", "message_index", "mentions"):
        if values(f"SELECT COUNT(*) FROM {table}") != [count]:
            found.append(f"half an exchange in {table}")
    for table, column in (("tenants", "messages"), ("tenants", "last_seq"), ("sessions", "message_count")):
        if (values(f"SELECT {column} FROM {table}") or [0]) != [count]:
            found.append(f"{table}.{column} does not count {count} messages")
    for table, column in (("entities", "occurrences"), ("attention_links", "co_occurrences")):
        share = 1 if table == "entities" else 2
        if (values(f"SELECT COALESCE(SUM({column}), 0) * {share} FROM {table}")) != [count]:
            found.append(f"half an exchange in {table}")
    return found
