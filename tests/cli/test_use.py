"""Feedback, ranking, the graph and pruning on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from continuum import ConsciousMemory
from continuum.errors import InvalidInputError
from tests.cli.conftest import run, told
from tests.requirements import requirement


@requirement("use:feedback", "cli:json")
def test_feedback_by_the_id_that_recall_printed() -> None:
    for number in range(6):
        run("learn", f"The python script number {number} parses logs.")
    context = told("recall", "the python")
    wanted = context["memories"][-1]["id"]
    assert told("feedback", context["recall_id"], "--used", wanted)["used"] == 1
    assert "said before" in run("feedback", context["recall_id"], "--used", wanted).output
    assert told("recall", "that python")["memories"][0]["id"] == wanted
    assert "not in force" in run("ranking").output
    assert told("ranking")["feedbacks"] == 1
    assert told("ranking", "--reset")["feedbacks"] == 0


@requirement("use:graph")
def test_the_graph_is_shown_and_pruned_only_on_a_yes() -> None:
    run("learn", "Aurora runs on Kafka and Kubernetes.", "--timestamp", "2020-01-01")
    assert "3 links" in run("graph").output
    assert told("graph")["links"] == 3
    assert "would prune 3" in run("prune", "--below", "0.9", "--older-than", "2021-01-01").output
    assert told("graph")["links"] == 3
    assert "pruned 3" in run("prune", "--below", "0.9", "--older-than", "2021-01-01", "--yes").output
    assert told("graph")["links"] == 0


def test_a_secret_that_was_not_stored_is_named() -> None:
    outcome = run("learn", "my password is Tr0ub4dor-and-3")
    assert "not stored: " in outcome.stderr
    assert "Tr0ub4dor" not in str(told("state"))


@requirement("trust:quarantine")
def test_a_session_is_hidden_listed_and_put_back() -> None:
    run("learn", "The kiln broke.", "--session", "bad")
    assert "would hide 1 messages" in run("quarantine", "--session", "bad", "--reason", "test").output
    done = told("quarantine", "--session", "bad", "--reason", "test", "--yes")
    assert told("recall", "kiln")["memories"] == []
    assert done["id"] in run("quarantine", "--list").output
    assert "put back 1 messages" in run("release", done["id"]).output
    assert told("recall", "kiln")["memories"] != []
    assert "1 unsealed" in run("origins").output


def test_a_recall_id_may_begin_with_a_dash(tmp_path: Path) -> None:
    with ConsciousMemory(db_path=tmp_path / "s.db") as memory:
        memory.learn("I like tea.")
    with pytest.raises(InvalidInputError, match="recall_id"):
        run("feedback", "--storage", str(tmp_path / "s.db"), "-Abc_def", "--used", "m1")
