"""What was brought in is known when it comes again, also where a source has grown and tells no times."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continuum import ConsciousMemory
from continuum.errors import InvalidInputError
from continuum.portability.importers import FORMATS, bring_in, detect, plan
from tests.portability.importers.samples import LISBON, NOTED, PORTO, SAMPLES, chatgpt_conversations
from tests.requirements import requirement

ROWS: Sequence[dict[str, str]] = (
    {"role": "user", "text": "Where is the van?"},
    {"role": "assistant", "text": "In Porto."},
    {"role": "user", "text": "Yes.", "speaker": "Ines"},
    {"role": "user", "text": "Yes.", "speaker": "Rui"},
    {"role": "assistant", "text": "Noted."},
    {"role": "user", "text": "Yes.", "speaker": "Ines"},
)


def _write(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@requirement("import:resumed")
def test_rows_without_times_are_learnt_once_however_the_file_grows(tmp_path: Path) -> None:
    """Said twice is two events, also without a time; the same file again is none."""
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        new = [
            bring_in(memory, _write(tmp_path / "chat.jsonl", ROWS[:end])).messages for end in range(1, len(ROWS) + 1)
        ]
        assert new == [1] * len(ROWS)
        assert len(memory.get_messages(limit=20)) == len(ROWS)


@requirement("import:resumed")
def test_a_note_that_has_another_part_gives_that_part(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        note.write_text(f"# A\n\n{LISBON}\n\n# B\n\nThe van is red.\n")
        assert bring_in(memory, note).messages == 2
        note.write_text(f"# A\n\n{LISBON}\n\n# C\n\n{PORTO}\n\n# B\n\nThe van is red.\n")
        assert bring_in(memory, note).messages == 1


@requirement("import:resumed")
def test_a_graph_that_has_another_observation_gives_that_one(tmp_path: Path) -> None:
    entity = {"type": "entity", "name": "Ines", "entityType": "person", "observations": ["likes tea"]}
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        assert bring_in(memory, _write(tmp_path / "memory.json", [entity])).messages == 2
        grown = {**entity, "observations": ["likes tea", "has a cat"]}
        assert bring_in(memory, _write(tmp_path / "memory.json", [grown])).messages == 1


@requirement("import:resumed")
def test_a_conversation_that_goes_on_gives_what_is_new(tmp_path: Path) -> None:
    told = chatgpt_conversations()[0]
    path = tmp_path / "conversations.json"
    with ConsciousMemory("alice", tmp_path / "store.db") as memory:
        path.write_text(json.dumps([{**told, "current_node": "a1"}]))
        assert bring_in(memory, path).messages == 2
        path.write_text(json.dumps([told]))
        assert bring_in(memory, path).messages == 1
        assert [each.text for each in reversed(memory.get_messages(limit=9))] == [LISBON, NOTED, PORTO]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.floats(), st.text(max_size=3), st.lists(st.integers(0, 1)),
    st.just({}), st.just([None]), st.just({"": 1}), st.just(1 << 70),
)  # fmt: skip


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [way]
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        found += _places(each, (*way, key))
    return found


def _with(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    if not way:
        return new
    changed = value.copy()
    changed[way[0]] = _with(value[way[0]], way[1:], new)
    return changed


JSON_FORMATS = (
    "chatgpt",
    "claude",
    "claude-projects",
    "claude-code",
    "codex",
    "mcp-memory",
    "mem0",
    "zep",
    "letta",
    "jsonl",
)
LINED = ("claude-code", "codex", "mcp-memory", "jsonl")


def _values_of(name: str, folder: Path) -> Any:
    """What the sample of a format holds, as values; of an export the conversations."""
    if name == "chatgpt":
        return chatgpt_conversations()
    if name.startswith("claude") and name != "claude-code":
        message = {"uuid": "m", "sender": "human", "text": LISBON, "created_at": "2026-01-01T10:00:00Z"}
        content = [{"type": "text", "text": LISBON}]
        told = {**message, "content": content, "attachments": [{"extracted_content": PORTO}]}
        project = {"uuid": "p", "name": "A", "description": "b", "prompt_template": "c", "docs": [{"content": "d"}]}
        return [project] if name == "claude-projects" else [{"uuid": "c", "name": "x", "chat_messages": [told]}]
    path = SAMPLES[name](folder)
    file = path if path.is_file() else next(path.rglob("*.jsonl"))
    text = file.read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()] if name in LINED else json.loads(text)


@requirement("import:trouble")
@pytest.mark.parametrize("name", JSON_FORMATS)
@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_value_of_another_kind_is_left_out_or_refused_wherever_it_stands(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    """And what is read is taken by the store: nothing breaks off in the middle."""
    value = _values_of(name, tmp_path)
    for _ in range(data.draw(st.integers(1, 2))):
        places = [place for place in _places(value) if place]
        value = _with(value, data.draw(st.sampled_from(places)), data.draw(VALUES)) if places else value
    path = tmp_path / ("changed.af" if name == "letta" else "changed.json")
    if name in LINED:
        _write(path, value)
    else:
        path.write_text(json.dumps(value), encoding="utf-8")
    try:
        planned = plan(path, name)
        detect(path)
    except InvalidInputError:
        return
    with ConsciousMemory("alice", ":memory:") as memory:
        assert bring_in(memory, path, name).plan == planned


def test_the_formats_of_json_are_all_changed() -> None:
    assert set(FORMATS) - set(JSON_FORMATS) == {"markdown", "memory-db", "text", "csv"}
