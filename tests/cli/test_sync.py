"""`continuum sync`: a store and another one, or a service."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from continuum import ConsciousMemory
from continuum.errors import InvalidInputError, PermissionDeniedError
from tests.cli.conftest import run
from tests.client.served import guarded, service
from tests.portability.told import told
from tests.requirements import requirement


def learnt(path: Path, *texts: str) -> None:
    with ConsciousMemory("alice", path) as memory:
        for text in texts:
            memory.learn(text, session_id=path.stem)


def synced(here: Path, other: str, *more: str) -> Any:  # Any: whatever JSON holds
    done = run("sync", other, "--storage", str(here), "--tenant", "alice", "--json", *more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@requirement("cli:sync")
def test_a_laptop_and_a_service_end_with_the_same_memory(tmp_path: Path) -> None:
    laptop = tmp_path / "laptop.db"
    learnt(laptop, "I live in Lisbon.", "My cat is called Minka.")
    with service(tmp_path / "served.db") as served, served.client() as client:
        client.learn("We decided to use Kafka for Aurora.", session_id="served")
        first = synced(laptop, served.url)
        assert (first["pulled"]["messages"], first["pushed"]["messages"]) == (1, 2)
        learnt(laptop, "I moved to Porto.")
        with ConsciousMemory("alice", laptop) as memory:
            memory.forget(next(each.id for each in memory.state().messages if "Minka" in each.text))
        second = synced(laptop, served.url)
        assert (second["pulled"]["messages"], second["pushed"]["messages"]) == (0, 1)
        assert second["pushed"]["forgotten"] == 1
        assert second["began_anew"] is False
        assert client.recall("Minka").memories == ()
    with ConsciousMemory("alice", laptop) as memory, ConsciousMemory("alice", tmp_path / "served.db") as other:
        assert told(memory) == told(other)


@requirement("cli:sync")
def test_two_stores_are_told_what_each_took_over(tmp_path: Path) -> None:
    here, there = tmp_path / "here.db", tmp_path / "there.db"
    learnt(here, "I live in Lisbon.")
    learnt(there, "My cat is called Minka.")
    done = run("sync", str(there), "--storage", str(here), "--tenant", "alice")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"from {there}: 1 message(s), 0 other entries",
        f"from {here}: 1 message(s), 0 other entries",
    ]
    anew = synced(here, str(there), "--from-the-beginning")
    assert (anew["pulled"]["entries"], anew["pushed"]["entries"]) == (0, 0)


@requirement("cli:sync")
def test_without_the_permission_to_forget_nothing_is_taken_over(tmp_path: Path) -> None:
    here = tmp_path / "here.db"
    learnt(here, "I live in Lisbon.")
    key = tmp_path / "key"
    with guarded(tmp_path / "served.db") as served, served.operator() as operator:
        operator.create_tenant("alice")
        for scopes, refusal in (
            (["memories:export", "memories:import", "memories:read"], PermissionDeniedError),
            ([], None),
        ):
            made = operator.create_api_key(role="admin", scopes=scopes)
            key.write_text(made.api_key.reveal())
            with nullcontext() if refusal is None else pytest.raises(refusal):
                run("sync", served.url, "--storage", str(here), "--tenant", "alice", "--api-key-file", str(key))
            assert operator.get_stats()["messages"] == (1 if refusal is None else 0)


def test_what_cannot_be_synced_is_said_in_a_sentence(tmp_path: Path) -> None:
    here = tmp_path / "here.db"
    learnt(here, "I live in Lisbon.")
    cases: tuple[tuple[tuple[str, ...], str], ...] = (
        ((), "is missing"),
        ((str(here),), "is this very store"),
        ((str(tmp_path / "none.db"),), "where no store is"),
        ((":memory:",), "where no store is"),
    )
    for other, words in cases:
        with pytest.raises(InvalidInputError, match=words):
            run("sync", *other, "--storage", str(here), "--tenant", "alice")
