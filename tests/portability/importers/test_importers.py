"""What other programs keep is brought in with its times and speakers, once, whole or not at all."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from itertools import count
from pathlib import Path

import pytest

from continuum import ConsciousMemory
from continuum.domain.clock import iso
from continuum.errors import FeatureUnavailableError, InvalidInputError, NotFoundError, StorageError
from continuum.portability.importers import FORMATS, bring_in, detect, plan, sources
from tests.cli.conftest import run, told
from tests.client.served import service
from tests.portability.importers.samples import LISBON, NOTED, PORTO, SAMPLES, chatgpt, chatgpt_conversations
from tests.requirements import requirement

TIMELESS = {"text", "mcp-memory"}
MESSAGES = {
    "chatgpt": 3, "claude": 6, "claude-code": 3, "codex": 3, "markdown": 2, "mcp-memory": 4, "mem0": 2, "zep": 3,
    "letta": 4, "memory-db": 3, "text": 2, "jsonl": 3, "csv": 2,
}  # fmt: skip


@requirement("import:formats")
@pytest.mark.parametrize("name", SAMPLES)
def test_each_format_tells_itself_and_is_learnt_once_with_its_own_times(tmp_path: Path, name: str) -> None:
    path = SAMPLES[name](tmp_path)
    assert detect(path).name == name
    planned = plan(path)
    assert planned.messages == MESSAGES[name]
    assert (planned.first is None) == (name in TIMELESS)
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        done = bring_in(memory, path)
        assert done.messages == planned.messages
        learnt = {each.text: each for each in memory.get_messages(limit=100)}
        said = next(each for text, each in learnt.items() if LISBON in text)
        assert said.role == "user"
        assert said.origin == "import"
        if name not in TIMELESS:
            assert iso(said.timestamp).startswith("2026-01-01T")
        if NOTED in learnt:
            assert learnt[NOTED].role == "assistant"
        if name not in ("mcp-memory",):
            assert any(PORTO in text for text in learnt)
            assert any(fact.value == "Porto" and fact.current for fact in memory.recall("Where do I live?").facts)
        for _ in range(2):
            again = bring_in(memory, path)
            assert again.messages == 0
            os.utime(path if path.is_file() else next(each for each in path.rglob("*") if each.is_file()))
        assert len(memory.get_messages(limit=100)) == planned.messages


@requirement("import:formats")
def test_there_is_a_sample_of_every_format() -> None:
    assert set(FORMATS) - set(SAMPLES) == {"claude-projects"}


@requirement("import:left-out")
def test_what_is_no_part_of_a_memory_is_left_out_and_counted(tmp_path: Path) -> None:
    left_out = plan(chatgpt(tmp_path)).left_out
    assert left_out == {"no conversation": 1, "other branch": 1, "system or tool": 2, "content of type code": 1}


@requirement("import:formats")
def test_speakers_are_kept(tmp_path: Path) -> None:
    for name in ("jsonl", "csv", "zep"):
        with ConsciousMemory("alice", ":memory:") as memory:
            bring_in(memory, SAMPLES[name](tmp_path))
            said = next(each for each in memory.get_messages(limit=9) if each.text == LISBON)
            assert said.speaker == "Ines"


@requirement("import:resumed")
def test_a_transcript_that_has_grown_gives_what_is_new(tmp_path: Path) -> None:
    folder = SAMPLES["claude-code"](tmp_path)
    file = next(folder.rglob("*.jsonl"))
    whole = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join(whole[:3]))
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        assert bring_in(memory, folder).messages == 2
        file.write_text("".join(whole))
        assert bring_in(memory, folder).messages == 1


@requirement("import:resumed")
def test_an_import_that_broke_off_goes_on_and_what_was_forgotten_stays_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    rows = ({"text": f"Note {n} on the harbour.", "timestamp": 1.7e9 + n, "session_id": f"s{n}"} for n in range(1_000))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        number = count()

        def interrupted(done: int, total: int) -> None:
            if next(number) == 700:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bring_in(memory, path, progress=interrupted)
        assert memory.get_stats()["messages"] == 600
        assert bring_in(memory, path).messages == 400
        gone = memory.get_messages(limit=1)[0].id
        memory.forget(gone)
        assert bring_in(memory, path).messages == 0
        assert memory.get_stats()["messages"] == 999


def damaged(folder: Path) -> Path:
    whole = chatgpt(folder).read_bytes()
    (folder / "damaged.zip").write_bytes(whole[: len(whole) // 2])
    return folder / "damaged.zip"


def escaping(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "escaping.zip", "w") as archive:
        archive.writestr("../conversations.json", "[]")
    return folder / "escaping.zip"


def bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conversations.json", b" " * (70 << 20))
    return folder / "bomb.zip"


def cut(folder: Path) -> Path:
    text = json.dumps(chatgpt_conversations())
    (folder / "cut.json").write_text(text[: text.rindex("broken")])
    return folder / "cut.json"


def nonsense(folder: Path) -> Path:
    (folder / "nonsense.bin").write_bytes(bytes(range(256)) * 10)
    return folder / "nonsense.bin"


def no_column(folder: Path) -> Path:
    (folder / "numbers.csv").write_text("a,b\n1,2\n")
    return folder / "numbers.csv"


@requirement("import:trouble")
@pytest.mark.parametrize("broken", [damaged, escaping, bomb, cut, nonsense, no_column], ids=lambda each: each.__name__)
def test_nothing_is_learnt_from_what_is_broken(tmp_path: Path, broken) -> None:  # type: ignore[no-untyped-def]  # given by the table
    path = broken(tmp_path)
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        with pytest.raises(InvalidInputError, match="source"):
            bring_in(memory, path)
        assert memory.get_stats()["messages"] == 0


@requirement("import:trouble")
def test_links_that_lead_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    vault = SAMPLES["markdown"](tmp_path)
    (tmp_path / "secret.md").write_text("The key is under the mat.")
    (vault / "link.md").symlink_to(tmp_path / "secret.md")
    with ConsciousMemory("alice", ":memory:") as memory:
        bring_in(memory, vault)
        assert memory.recall("key mat").memories == ()


@requirement("import:trouble")
def test_what_is_not_there_and_an_unknown_format_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        plan(tmp_path / "nothing")
    with pytest.raises(InvalidInputError, match="chatgpt"):
        plan(chatgpt(tmp_path), "word-perfect")


@requirement("import:trouble")
def test_a_large_file_is_read_piece_by_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the whole file passes the bound that holds for each piece."""
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(chatgpt_conversations() * 200))
    monkeypatch.setattr(sources, "PIECE_BYTES_MAX", path.stat().st_size // 2)
    assert plan(path).conversations == 200


@requirement("import:trouble")
def test_a_piece_that_is_too_large_to_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(chatgpt_conversations()[:1]))
    size = path.stat().st_size
    monkeypatch.setattr(sources, "PIECE_BYTES_MAX", size)
    assert plan(path).conversations == 1
    monkeypatch.setattr(sources, "PIECE_BYTES_MAX", size - 1)
    with pytest.raises(InvalidInputError, match="take it out"):
        plan(path)
    monkeypatch.setattr(sources, "PIECE_BYTES_MAX", size)
    monkeypatch.setattr(sources, "HELD_BYTES_MAX", size * 3)  # each object takes up more than its text
    with pytest.raises(InvalidInputError, match="take it out"):
        plan(path)


@requirement("import:trouble")
def test_a_line_that_is_too_long_to_hold_is_left_out_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "chat.jsonl"
    rows = [{"text": "before"}, {"text": "long " * 100}, {"text": "after"}]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    monkeypatch.setattr(sources, "PIECE_BYTES_MAX", 100)
    planned = plan(path)
    assert (planned.messages, planned.left_out) == (2, {"no JSON object": 1})


@requirement("import:trouble")
def test_without_the_library_for_large_files_its_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ijson", None)
    with pytest.raises(FeatureUnavailableError, match="imports"):
        plan(chatgpt(tmp_path))
    assert plan(SAMPLES["jsonl"](tmp_path)).messages == 3


@requirement("import:command")
def test_the_command_says_what_would_be_learnt_and_learns_it_here_or_through_a_service(tmp_path: Path) -> None:
    path, where = chatgpt(tmp_path), ("--storage", str(tmp_path / "s.db"), "--tenant", "alice")
    dry = run("import", str(path), "--dry-run", *where)
    assert dry.stdout == "chatgpt: 1 conversation(s), 3 message(s), 2026-01-01 to 2026-01-02\n"
    assert "left out: 1 (other branch)" in dry.stderr
    assert not (tmp_path / "s.db").exists()
    assert told("import", str(path), *where)["messages"] == 3
    assert "3 exchange(s) were known" in run("import", str(path), *where).stdout.replace("2 ex", "3 ex")
    with service(tmp_path / "served.db") as served:
        assert told("import", str(path), "--server", served.url, "--tenant", "alice")["messages"] == 3
        assert told("import", str(path), "--server", served.url, "--tenant", "alice")["messages"] == 0


def test_a_store_that_fails_is_told(tmp_path: Path) -> None:
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        memory.close()
        with pytest.raises(StorageError):
            bring_in(memory, chatgpt(tmp_path))
