"""Facts, time and forgetting on the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from continuum.cli import main as cli
from continuum.errors import ConflictError, InvalidInputError, NotFoundError, StorageCorruptError
from tests.cli.conftest import run, told
from tests.requirements import requirement


def moved() -> tuple[str, str]:
    """Berlin from January 2026 on, Lisbon from March on; gives the ids of the two facts."""
    run("learn", "I live in Berlin.", "--timestamp", "2026-01-10T09:00:00Z")
    learned = told("learn", "I moved to Lisbon.", "--timestamp", "2026-03-01T09:00:00Z")
    return learned["facts"][0]["id"], learned["facts"][1]["id"]


def values(*arguments: str) -> dict[str, str]:
    return {fact["value"]: fact["status"] for fact in told("facts", *arguments)["facts"]}


def message_of(value: str) -> str:
    """The message that states a value."""
    found: str = next(fact["message_id"] for fact in told("facts")["facts"] if fact["value"] == value)
    return found


@requirement("cli:learn", "cli:recall", "cli:json")
def test_recall_takes_both_times_and_leaves_out_what_no_longer_holds() -> None:
    moved()
    question = ("recall", "Where do I live?", "--now", "2026-06-01")
    assert [fact["value"] for fact in told(*question)["facts"]] == ["Lisbon", "Berlin"]
    assert [fact["value"] for fact in told(*question, "--current-only")["facts"]] == ["Lisbon"]
    assert told(*question, "--as-of", "2026-02-01")["facts"][0]["value"] == "Berlin"
    assert told(*question, "--known-at", "1999-01-01")["facts"] == []
    early = run(*question, "--as-of", "1999-01-01")
    assert (early.exit_code, early.stdout) == (0, "")
    assert "nothing found" in early.stderr


@requirement("cli:learn")
def test_learn_supersedes_and_expires() -> None:
    _, lisbon = moved()
    run("learn", "We have a new flat.", "--supersedes", lisbon)
    assert values()["Lisbon"] == "replaced"
    learned = told("learn", "The door code is 4711", "--expires-at", "2026-03-02T00:00:00Z")
    assert run("sweep").stdout.startswith("1 messages forgotten")
    with pytest.raises(NotFoundError):
        run("revise", learned["message_ids"][0], "x")


def test_facts_are_listed_with_when_and_who() -> None:
    moved()
    lines = [line.split("\t") for line in run("facts", "user", "lives in").stdout.splitlines()]
    assert sorted(line[:5] for line in lines) == [
        ["user", "lives in", "Berlin", "until 2026-03-01; then: Lisbon", "user"],
        ["user", "lives in", "Lisbon", "since 2026-03-01", "user"],
    ]
    assert values("--as-of", "2026-02-01", "--current-only") == {"Berlin": "replaced"}
    assert "no facts found" in run("facts", "nobody").stderr


@requirement("cli:json")
def test_teach_follows_the_rules_of_facts() -> None:
    first = told("teach", "staging database", "port", "5433", "--from", "2026-01-01")["facts"][0]
    assert (first["valid_from"], first["valid_to"]) == ("2026-01-01T00:00:00Z", None)
    run("teach", "staging database", "port", "6000", "--from", "2026-02-01")
    run("teach", "user", "likes", "jazz", "--many")
    run("teach", "user", "likes", "rock", "--many")
    assert values("staging database") == {"5433": "replaced", "6000": "current"}
    assert values("user") == {"jazz": "current", "rock": "current"}
    run("teach", "user", "likes", "jazz", "--many", "--mode", "end")
    current = told("facts", "user", "--current-only")["facts"]
    assert {(fact["value"], fact["polarity"]) for fact in current} == {("rock", True), ("jazz", False)}


def test_retract_and_revise_by_id() -> None:
    _, lisbon = moved()
    assert "retracted" in run("retract", lisbon, "--reason", "a joke").stdout
    assert values()["Berlin"] == "current"
    message_id = message_of("Lisbon")
    assert told("revise", message_id, "I moved to Faro.")["text"] == "I moved to Faro."
    assert values()["Faro"] == "current"
    assert "Lisbon" not in values()
    run("revise", message_id, "-", stdin="I moved to Braga.")
    assert "Braga" in values()


@pytest.mark.parametrize("fact_id", ["-bcdefghijklmnop", "--cdefghijklmnop"])
def test_an_id_may_begin_with_a_dash(fact_id: str) -> None:
    moved()
    for arguments in (["retract", fact_id], ["forget", "--fact", fact_id], ["learn", "x", "--supersedes", fact_id]):
        with pytest.raises(NotFoundError, match=fact_id):
            run(*arguments)
    assert told("teach", "freezer", "temperature", "-18")["facts"][0]["value"] == "-18"
    assert run("retract", "--raeson", "x", "y").exit_code == 2


def test_conflicts_timeline_and_diff_tell_what_happened() -> None:
    run("learn", "The staging database is on port 5433", "--speaker", "Ann", "--timestamp", "2026-01-01")
    run("learn", "The staging database is on port 6000", "--speaker", "Ben", "--timestamp", "2026-01-02")
    conflicts = run("conflicts").stdout
    assert all(word in conflicts for word in ("5433", "6000", "Ann", "Ben"))
    life = run("timeline", "staging database").stdout.splitlines()
    assert "first mentioned" in life[0] + life[1]
    assert all(line.startswith("2026-01-0") for line in life)
    changes = run("diff", "2020-01-01").stdout
    assert "learnt\tstaging database port: 5433" in changes
    assert "messages learnt\t2" in changes


def refuse_to_forget(answer: str) -> None:
    """Answer the question of `forget`; a no comes out as it reaches `main`."""
    done = CliRunner().invoke(cli.command_line, ["forget", "--concept", "Lisbon"], input=answer, standalone_mode=False)
    assert "nothing was forgotten" in done.stderr
    assert done.exception is not None
    raise done.exception


def test_forget_asks_and_a_no_forgets_nothing() -> None:
    moved()
    asked = run("forget", "--concept", "Lisbon", "--yes", "--dry-run")
    assert asked.stdout.startswith("would forget 1 messages")
    for answer in ("n\n", ""):
        with pytest.raises(click.Abort):
            refuse_to_forget(answer)
    assert len(told("facts")["facts"]) == 2
    done = run("forget", "--concept", "Lisbon", stdin="y\n")
    assert "for good. Go on?" in done.stderr
    assert done.stdout.startswith("forgot 1 messages")
    assert values() == {"Berlin": "current"}


def test_the_bytes_are_gone_when_forget_has_ended(tmp_path: Path) -> None:
    store = tmp_path / "gone" / "memory.db"
    learned = told("learn", "Minkaword is my cat", "--db-path", str(store))
    run("forget", "--message", learned["message_ids"][0], "--reason", "asked to", "--yes", "--db-path", str(store))
    receipt = told("receipts", "--db-path", str(store))["receipts"][0]
    assert (receipt["kind"], receipt["messages"], receipt["reason"]) == ("message", 1, "asked to")
    assert receipt["scrubbed_at"] >= receipt["erased_at"] > "2020"
    assert not [path for path in store.parent.iterdir() if path.is_file() and b"Minkaword" in path.read_bytes()]
    assert run("scrub", "--db-path", str(store)).stdout == f"scrubbed: {store}\n"


def test_receipts_are_listed_and_verified() -> None:
    moved()
    assert "nothing was forgotten" in run("receipts").stderr
    run("forget", "--concept", "Lisbon", "--yes")
    assert run("receipts").stdout.split("\t")[:3] == ["1", "concept", "1"]
    report = told("receipts", "--verify")
    assert report["sound"] is True
    assert run("receipts", "--head", report["head"]).exit_code == 0
    with pytest.raises(StorageCorruptError):
        run("receipts", "--head", "f" * 64)


def test_retention_changes_only_what_is_named() -> None:
    run("learn", "An old thing", "--timestamp", "2020-01-01", "--session", "s")
    assert told("retention", "--messages", "30")["history_days"] == 365
    policy = told("retention", "--history", "forever", "--drop-originals")
    assert policy == {
        "message_days": 30,
        "history_days": None,
        "consolidate_after_days": None,
        "keep_originals": False,
    }
    assert run("retention").stdout.splitlines()[1] == "history_days\tforever"
    assert told("sweep")["expired"] == 1
    for days in ("soon", "0", "99999", "-1", "٣"):
        with pytest.raises(InvalidInputError, match="message_days"):
            run("retention", "--messages", days)


def test_old_sessions_are_summed_up() -> None:
    run("learn", "We decided to use PostgreSQL.", "--session", "s", "--timestamp", "2026-01-01")
    assert "no session to sum up" in run("consolidate", "--before", "2025-01-01").stderr
    assert run("consolidate", "--drop-originals").stdout == "s\t1\tforgotten\n"


def test_concepts_are_merged_renamed_and_set_back() -> None:
    run("learn", "Kubernetes restarts Aurora. K8s restarts Kafka.")
    merged = told("merge", "K8s", "Kubernetes")
    assert merged["concept"]["name"] == "Kubernetes"
    assert run("undo", str(merged["seq"])).stdout == f"undid {merged['seq']}\n"
    assert "renamed to Project Dawn" in run("rename", "Aurora", "Project Dawn").stdout
    with pytest.raises(ConflictError):
        run("rename", "Kafka", "Kubernetes")
    with pytest.raises(NotFoundError):
        run("undo", str(merged["seq"]))


@requirement("cli:errors", "recall:tenant:isolation")
def test_ids_of_another_tenant_are_not_found() -> None:
    _, lisbon = moved()
    message_id = message_of("Lisbon")
    run("learn", "I live in Oslo.", "--tenant", "bob")
    for arguments in (
        ["retract", lisbon],
        ["revise", message_id, "I live in Rome."],
        ["learn", "New flat", "--supersedes", lisbon],
        ["forget", "--message", message_id, "--yes"],
        ["forget", "--fact", lisbon],
        ["timeline", "Lisbon"],
        ["merge", "Lisbon", "Oslo"],
    ):
        with pytest.raises(NotFoundError):
            run(*arguments, "--tenant", "bob")
    assert values("--tenant", "bob") == {"Oslo": "current"}
    assert values() == {"Berlin": "replaced", "Lisbon": "current"}


@requirement("cli:errors")
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["forget"], "forget"),
        (["forget", "--message", "a", "--concept", "b", "--yes"], "forget"),
        (["forget", "--before", "2026-02-30", "--yes"], "before"),
        (["facts", "x" * 10_240], "subject"),
        (["facts", "--limit", "0"], "limit"),
        (["facts", "--as-of", "2026-13-01"], "as_of"),
        (["teach", "x" * 10_240, "name", "Minka"], "facts[0].subject"),
        (["teach", "cat", "name", "Minka", "--from", "2026-02-30"], "facts[0].valid_from"),
        (["teach", "cat", "name", "Minka", "--confidence", "2"], "facts[0].confidence"),
        (["recall", "x", "--as-of", "2026-02-30"], "as_of"),
        (["recall", "x", "--known-at", "soon"], "known_at"),
        (["learn", "x", "--expires-at", "soon"], "expires_at"),
        (["diff", "soon"], "since"),
        (["diff", "2026-02-02", "2026-02-01"], "until"),
        (["timeline", " "], "concept"),
        (["undo", "0"], "seq"),
        (["consolidate", "--limit", "0"], "limit"),
        (["rename", "Kiln", "Kiln"], "new_name"),
    ],
)
def test_bad_input_names_the_field(arguments: list[str], field: str) -> None:
    run("learn", "The Kiln broke", "--timestamp", "2026-01-01")
    with pytest.raises(InvalidInputError) as refused:
        run(*arguments)
    assert refused.value.field == field


@requirement("cli:errors")
@pytest.mark.parametrize("command", ["facts", "conflicts", "receipts", "scrub", "retention", "sweep", "consolidate"])
def test_who_only_looks_makes_no_store(command: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        run(command, "--db-path", str(tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []


def test_help_groups_every_command_once() -> None:
    shown = run("--help").stdout
    sectioned = [name for names in cli._SECTIONS.values() for name in names]
    assert len(sectioned) == len(set(sectioned))
    for name in cli.command_line.list_commands(click.Context(cli.command_line)):
        assert shown[shown.index("Learn and recall:") :].count(f"\n  {name} ") == 1, name
        assert run(name, "--help").exit_code == 0


def test_help_does_not_load_the_engine(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from continuum.cli.main import command_line\n"
        "command_line.main(['--help'], standalone_mode=False)\n"
        "print([name for name in sys.modules if name in ('sqlite3', 'numpy') or name.startswith('continuum.core')])\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_rebuild_says_how_much_it_folded() -> None:
    run("learn", "I live in Berlin", "Noted.")
    assert told("rebuild") == {"entries": 2, "exchanges": 1}
    assert run("rebuild").stdout == "3 entries and 1 exchanges folded again\n"


def test_the_state_of_a_moment_is_counted_or_shown_whole() -> None:
    run("learn", "I live in Berlin", "Noted.")
    assert run("state").stdout.splitlines()[0] == "messages: 2"
    assert [fact["value"] for fact in told("state")["facts"]] == ["Berlin"]
    assert told("state", "--known-at", "1999-01-01")["messages"] == []
