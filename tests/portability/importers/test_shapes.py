"""Each format as it is met outside: its kinds, its versions, and what only looks like something a person said."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from continuum import ConsciousMemory
from continuum.domain.records import Message
from continuum.errors import InvalidInputError
from continuum.portability.importers import FORMATS, detect, plan
from continuum.portability.importers.said import Met, moment
from tests.portability.importers.samples import EARLY, LISBON, NOTED, PORTO
from tests.requirements import requirement

EARLY_TEXT = "2026-01-01T10:00:00Z"


def read(path: Path, name: str | None = None) -> list[Message]:
    """What a reader finds in a file or folder that tells its format itself."""
    form = detect(path) if name is None else FORMATS[name]
    return [each for said in form.read(path, Met()) for each in said.messages]


def said(path: Path) -> list[tuple[str, str]]:
    return [(each.role, each.text) for each in read(path)]


def as_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def as_lines(path: Path, *values: Any) -> Path:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    return path


def chat(*messages: tuple[str, Any, float | None], name: str = "c1") -> dict[str, Any]:
    """A ChatGPT conversation of one branch; a content that is a text is what was typed."""
    mapping: dict[str, Any] = {"n": {"id": "n", "parent": None, "children": [], "message": None}}
    parent = "n"
    for number, (role, content, at) in enumerate(messages):
        told = content if isinstance(content, dict) else {"content_type": "text", "parts": [content]}
        message = {"author": {"role": role}, "create_time": at, "content": told, "recipient": "all"}
        mapping[f"n{number}"] = {"id": f"n{number}", "parent": parent, "children": [], "message": message}
        parent = f"n{number}"
    return {"title": name, "conversation_id": name, "create_time": EARLY, "current_node": parent, "mapping": mapping}


@requirement("import:formats")
def test_what_was_spoken_to_chatgpt_is_learnt_from_its_transcription(tmp_path: Path) -> None:
    spoken = {"content_type": "audio_transcription", "text": LISBON, "direction": "in"}
    sound = {"content_type": "real_time_user_audio_video_asset_pointer", "asset_pointer": "sediment://x"}
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    parts = [
        {"content_type": "multimodal_text", "parts": [spoken, sound]},
        {"content_type": "multimodal_text", "parts": [picture, PORTO]},
    ]
    path = as_json(tmp_path / "conversations.json", [chat(*(("user", each, EARLY) for each in parts))])
    assert said(path) == [("user", LISBON), ("user", PORTO)]


@requirement("import:left-out")
def test_what_chatgpt_says_to_its_tools_is_left_out(tmp_path: Path) -> None:
    told = chat(("user", LISBON, EARLY), ("assistant", "User lives in Lisbon.", EARLY + 1), ("assistant", NOTED, EARLY))
    told["mapping"]["n1"]["message"]["recipient"] = "bio"
    assert said(as_json(tmp_path / "conversations.json", [told])) == [("user", LISBON), ("assistant", NOTED)]


@requirement("import:formats")
def test_chatgpt_messages_without_a_time_stand_behind_the_one_before(tmp_path: Path) -> None:
    told = chat(("user", "Yes.", EARLY), ("assistant", NOTED, None), ("user", "Yes.", None))
    times = [each.timestamp for each in read(as_json(tmp_path / "conversations.json", [told]))]
    assert times == sorted(set(times), key=str)  # none is missing, none is the same as another


@requirement("import:formats")
@pytest.mark.parametrize("packed", [True, False], ids=["archive", "folder"])
def test_a_large_chatgpt_export_comes_in_several_files(tmp_path: Path, packed: bool) -> None:
    files = {
        "conversations-000.json": [chat(("user", LISBON, EARLY))],
        "conversations-001.json": [chat(("user", PORTO, EARLY), name="c2")],
        "user.json": {},
        "__MACOSX/._conversations-000.json": "junk",
    }
    path = tmp_path / "export"
    for name, value in files.items():
        as_json(path / name, value)
    if packed:
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            for name in files:
                archive.write(path / name, f"export/{name}")
        path = tmp_path / "export.zip"
    assert detect(path).name == "chatgpt"
    assert said(path) == [("user", LISBON), ("user", PORTO)]


@requirement("import:formats")
@pytest.mark.parametrize("packed", [True, False], ids=["archive", "folder"])
def test_a_claude_export_brings_projects_in_files_of_their_own_and_what_claude_remembered(
    tmp_path: Path, packed: bool
) -> None:
    message = {"uuid": "m", "sender": "human", "text": LISBON, "created_at": EARLY_TEXT}
    project = {"uuid": "p1", "name": "Aurora", "description": "a website", "docs": [{"content": "Uses Kafka."}]}
    memory = {"conversations_memory": "# Work\n\nInes keeps bees.\n\n# Home\n\nHas a cat.", "project_memories": {}}
    files = {
        "conversations.json": [{"uuid": "c", "chat_messages": [message]}],
        "projects/p1.json": {**project, "created_at": EARLY_TEXT},
        "memories.json": [{**memory, "project_memories": {"p1": "The launch is in May."}}],
    }
    path = tmp_path / "export"
    for name, value in files.items():
        as_json(path / name, value)
    if packed:
        with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
            for name in files:
                archive.write(path / name, name)
        path = tmp_path / "export.zip"
    assert detect(path).name == "claude"
    assert said(path) == [
        ("user", LISBON),
        ("user", "Project Aurora: a website"),
        ("user", "Uses Kafka."),
        ("assistant", "# Work\n\nInes keeps bees."),
        ("assistant", "# Home\n\nHas a cat."),
        ("assistant", "The launch is in May."),
    ]


@requirement("import:formats")
def test_projects_of_claude_are_read_alone(tmp_path: Path) -> None:
    project = {"uuid": "p1", "name": "Aurora", "description": "a website", "prompt_template": "", "docs": []}
    path = as_json(tmp_path / "projects.json", [project])
    assert detect(path).name == "claude-projects"
    assert said(path) == [("user", "Project Aurora: a website")]


def _line(text: Any, role: str = "user", second: int = 0, **more: Any) -> dict[str, Any]:
    at = f"2026-01-01T10:00:{second:02}Z"
    return {"type": role, "sessionId": "s", "timestamp": at, "message": {"role": role, "content": text}, **more}


@requirement("import:left-out")
@pytest.mark.parametrize(
    "line",
    [
        _line("This session is being continued from a previous conversation.", isCompactSummary=True),
        _line("This session is being continued from a previous conversation."),
        _line("API Error: 529", "assistant", isApiErrorMessage=True),
        _line("Caveat: The messages below were generated by the user while running local commands."),
        _line("<local-command-stdout>x</local-command-stdout>"),
        _line([{"type": "text", "text": "<system-reminder>\nx</system-reminder>"}]),
        _line([{"type": "text", "text": "[Request interrupted by user]"}]),
        _line("aside", isSidechain=True),
        _line("meta", isMeta=True),
        {"type": "file-history-snapshot", "messageId": "x"},
    ],
)
def test_what_claude_code_puts_into_a_transcript_is_nobodys_words(tmp_path: Path, line: dict[str, Any]) -> None:
    path = as_lines(tmp_path / "s.jsonl", _line(LISBON), line, _line(NOTED, "assistant"))
    assert said(path) == [("user", LISBON), ("assistant", NOTED)]
    assert sum(plan(path).left_out.values()) == 1


@requirement("import:formats")
def test_what_a_person_says_may_begin_like_markup(tmp_path: Path) -> None:
    texts = ["<div>why is this not centred?</div>", "<b> and <i>: which one?", "a < b"]
    assert said(as_lines(tmp_path / "s.jsonl", *map(_line, texts))) == [("user", text) for text in texts]


@requirement("import:formats")
def test_a_transcript_that_goes_on_from_another_names_the_session_of_each_line(tmp_path: Path) -> None:
    lines = [_line(LISBON, sessionId="old"), _line(PORTO, second=1, sessionId="new")]
    path = as_lines(tmp_path / "new.jsonl", *lines)
    assert [each.session_id for each in FORMATS["claude-code"].read(path, Met())] == ["old", "new"]


@requirement("import:left-out")
def test_what_codex_puts_before_the_first_message_is_nobodys_words(tmp_path: Path) -> None:
    def item(role: str, *texts: str) -> dict[str, Any]:
        content = [{"type": "input_text", "text": text} for text in texts]
        payload = {"type": "message", "role": role, "content": content}
        return {"timestamp": EARLY_TEXT, "type": "response_item", "payload": payload}

    instructions = "# AGENTS.md instructions for /x\n\n<INSTRUCTIONS>\ny\n</INSTRUCTIONS>"
    context = "<environment_context>\n  <cwd>/x</cwd>\n</environment_context>"
    path = as_lines(
        tmp_path / "rollout.jsonl",
        {"timestamp": EARLY_TEXT, "type": "session_meta", "payload": {"id": "s-2"}},
        item("developer", "You are a coding agent."),
        item("user", "<recommended_plugins>\nz</recommended_plugins>", instructions, context),
        item("user", "<user_instructions>\nz\n</user_instructions>"),
        item("user", context, LISBON),
        {"timestamp": EARLY_TEXT, "type": "event_msg", "payload": {"type": "user_message", "message": LISBON}},
    )
    assert said(path) == [("user", LISBON)]


@requirement("import:formats")
def test_codex_transcripts_of_early_versions_are_read_with_the_time_of_the_session(tmp_path: Path) -> None:
    def item(role: str, text: str) -> dict[str, Any]:
        return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}

    head = {"id": "s-3", "timestamp": EARLY_TEXT, "instructions": None}
    path = as_lines(
        tmp_path / "rollout.jsonl", head, item("user", "Yes."), item("assistant", NOTED), item("user", "Yes.")
    )
    assert detect(path).name == "codex"
    assert said(path) == [("user", "Yes."), ("assistant", NOTED), ("user", "Yes.")]
    times = [each.timestamp for each in read(path)]
    assert len(set(times)) == 3
    assert {str(each)[:19] for each in times} == {"2026-01-01 10:00:00"}


@requirement("import:formats")
def test_a_note_is_cut_at_its_headings_and_never_inside_of_code(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text(
        "Before.\n# A\n\n## B\n\n```sh\n# no heading\n```\n\nSee [[Minka]].\n\n~~~\n```\n# nor here\n~~~\n# C\nend\n"
    )
    assert [text for _, text in said(path)] == [
        "Before.",
        "# A\n\n## B\n\n```sh\n# no heading\n```\n\nSee [[Minka]].\n\n~~~\n```\n# nor here\n~~~",
        "# C\nend",
    ]


@requirement("import:formats")
@pytest.mark.parametrize(
    ("name", "top", "day"),
    [
        ("2026-02-03.md", "", "2026-02-03"),
        ("2026-02-03 walk.md", "", "2026-02-03"),
        ("2026-02-03.md", "---\ndate: 2026-01-01\n---\n", "2026-01-01"),
        ("note.md", '---\ntags: [x]\ncreated: "2026-01-01T08:00"\n---\n', "2026-01-01"),
        ("note.md", "---\nnever closed\n", None),
        ("note.md", "", None),
    ],
)
def test_a_note_is_of_the_day_that_it_says_or_is_called_by(
    tmp_path: Path, name: str, top: str, day: str | None
) -> None:
    (tmp_path / name).write_text(f"{top}{LISBON}\n")
    found = read(tmp_path / name)
    assert LISBON in found[-1].text
    assert [str(each.timestamp)[:10] for each in found] == [str(day)]


@requirement("import:formats")
@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Role;Text;Date\nuser;{};2026-01-01\n", "utf-8"), ("text\tdate\n{}\t2026-01-01\n", "utf-16"),
     ('"text","date"\n"{}","2026-01-01"\n', "utf-8-sig")],
)  # fmt: skip
def test_a_table_may_have_other_separators_and_encodings(tmp_path: Path, text: str, encoding: str) -> None:
    (tmp_path / "t.csv").write_text(text.format("Ich wohne in Köln."), encoding=encoding)
    assert said(tmp_path / "t.csv") == [("user", "Ich wohne in Köln.")]
    assert str(plan(tmp_path / "t.csv").first)[:10] == "2026-01-01"


@requirement("import:left-out")
def test_what_the_system_says_in_a_table_is_nobodys_words(tmp_path: Path) -> None:
    rows = [{"role": "system", "text": "You are a pirate."}, {"role": "user", "text": LISBON}]
    assert said(as_lines(tmp_path / "chat.jsonl", *rows)) == [("user", LISBON)]


@requirement("import:formats")
def test_a_line_may_hold_a_whole_conversation(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": LISBON}, {"role": "assistant", "content": NOTED}]
    path = as_lines(tmp_path / "chats.jsonl", {"messages": messages}, {"messages": messages[:1]})
    assert said(path) == [("user", LISBON), ("assistant", NOTED), ("user", LISBON)]
    assert plan(path).conversations == 2


@requirement("import:formats")
def test_the_blocks_of_a_letta_agent_are_its_own_and_its_persona_is_not_its_user(tmp_path: Path) -> None:
    agents = [{"name": "a", "block_ids": ["block-0", "block-1"]}, {"name": "b", "block_ids": []}]
    blocks = [
        {"id": "block-0", "label": "human", "value": "The user likes tea."},
        {"id": "block-1", "label": "persona", "value": "I am Sam."},
        {"id": "block-2", "label": "human", "value": "Nobody's."},
    ]
    path = as_json(tmp_path / "x.af", {"agents": agents, "blocks": blocks})
    assert said(path) == [("user", "The user likes tea."), ("assistant", "I am Sam.")]


@requirement("import:formats")
def test_letta_agents_of_older_kinds_speak_through_a_tool(tmp_path: Path) -> None:
    def wrapped(kind: str, **more: str) -> list[dict[str, str]]:
        return [{"type": "text", "text": json.dumps({"type": kind, **more})}]

    call = {"function": {"name": "send_message", "arguments": json.dumps({"message": NOTED})}}
    messages = [
        {"role": "user", "content": wrapped("login", last_login="never")},
        {"role": "user", "content": wrapped("user_message", message=LISBON, time="10:00")},
        {"role": "assistant", "content": [{"type": "text", "text": "I should greet."}], "tool_calls": [call]},
        {"role": "tool", "content": wrapped("x")},
        {"role": "user", "content": [{"type": "text", "text": '{"my": "json"}'}]},
    ]
    path = as_json(tmp_path / "x.af", {"agents": [{"name": "a", "messages": messages}]})
    assert said(path) == [("user", LISBON), ("assistant", NOTED), ("user", '{"my": "json"}')]


@requirement("import:formats")
@pytest.mark.parametrize(
    "value",
    [
        {"facts": [{"fact": LISBON, "valid_at": EARLY_TEXT}]},
        {"edges": [{"fact": LISBON, "name": "LIVES_IN", "created_at": EARLY_TEXT}]},
        [{"fact": LISBON, "valid_at": EARLY_TEXT}],
        {"messages": [{"content": LISBON, "role_type": "user", "role": "Ines", "created_at": EARLY_TEXT}]},
    ],
    ids=["facts", "edges", "list", "messages"],
)
def test_zep_and_graphiti_give_facts_in_several_shapes(tmp_path: Path, value: Any) -> None:
    path = as_json(tmp_path / "zep.json", value)
    assert detect(path).name == "zep"
    assert said(path) == [("user", LISBON)]


@requirement("import:formats")
def test_an_entity_called_memory_is_still_of_the_reference_server(tmp_path: Path) -> None:
    path = as_lines(tmp_path / "m.json", {"type": "entity", "name": "memory", "observations": ["is short"]})
    assert detect(path).name == "mcp-memory"


@requirement("import:formats")
def test_a_folder_of_transcripts_is_told_by_any_of_them_and_notes_may_lie_beside(tmp_path: Path) -> None:
    as_lines(tmp_path / "history.jsonl", {"display": "/clear"})
    as_lines(tmp_path / "s.jsonl", _line(LISBON))
    (tmp_path / "memory.md").write_text("note")
    assert detect(tmp_path).name == "claude-code"


@requirement("import:formats")
def test_a_transcript_that_begins_with_much_else_is_still_told(tmp_path: Path) -> None:
    queued = {"type": "queue-operation", "operation": "enqueue", "content": "later"}
    snapshots = [{"type": "file-history-snapshot", "snapshot": "x" * 300_000}, *[queued] * 100]
    assert detect(as_lines(tmp_path / "s.jsonl", *snapshots, _line(LISBON))).name == "claude-code"
    assert said(tmp_path / "s.jsonl") == [("user", LISBON)]


@requirement("import:trouble")
def test_characters_that_no_store_keeps_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text(
        '{"text": "half \\ud83d, nul \\u0000, whole \\ud83d\\ude00", "speaker": "\\udc00", "session": "\\ud800"}\n'
    )
    assert said(path) == [("user", "half \ufffd, nul \ufffd, whole \U0001f600")]
    with ConsciousMemory("alice", ":memory:") as memory:
        memory.learn_many(each.as_exchange() for each in FORMATS["jsonl"].read(path, Met()))
        assert memory.get_messages(limit=1)[0].speaker == "\ufffd"


@requirement("import:formats")
@pytest.mark.parametrize(
    ("value", "day"),
    [
        (1_767_261_600, "2026-01-01"),
        ("1767261600.5", "2026-01-01"),
        (1_767_261_600_000, "2026-01-01"),
        ("1767261600000", "2026-01-01"),
        (1_767_261_600_000_000, "2026-01-01"),
        (1_767_261_600_000_000_000, "2026-01-01"),
        ("20260101", "2026-01-01"),
        ("2026-01-01 10:00:00 UTC", "2026-01-01"),
        ("2026", None),
        ("0001-01-01T00:00:00+14:00", None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("yesterday", None),
        ([1], None),
    ],
)
def test_times_are_read_as_exports_write_them(value: Any, day: str | None) -> None:
    found = moment(value)
    assert (None if found is None else f"{found:%Y-%m-%d}") == day


def _old(path: Path, *tenants: str) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE auto_messages (instance_id, timestamp, message_number, role, content, tenant_id)")
    rows = [("i", EARLY, number, "user", f"{LISBON} {tenant}", tenant) for number, tenant in enumerate(tenants)]
    connection.executemany("INSERT INTO auto_messages VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return path


def own_store(folder: Path) -> Path:
    with ConsciousMemory("alice", folder / "own.db") as memory:
        memory.learn(LISBON)
    return folder / "own.db"


def other_database(folder: Path) -> Path:
    connection = sqlite3.connect(folder / "other.db")
    connection.execute("CREATE TABLE prices (price)")
    connection.close()
    return folder / "other.db"


def several_tenants(folder: Path) -> Path:
    return _old(folder / "memory.db", "alice", "bob")


def locked(folder: Path) -> Path:
    path = folder / "locked.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", '[{"mapping": {}}]')
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return path


def no_agent(folder: Path) -> Path:
    return as_json(folder / "x.af", [1])


def empty_folder(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


@requirement("import:trouble")
@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (own_store, "continuum copy"),
        (other_database, "no messages"),
        (several_tenants, "several tenants"),
        (locked, "password"),
        (no_agent, "agent file"),
        (empty_folder, "no format"),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_what_cannot_be_read_is_said_with_the_next_step(
    tmp_path: Path, broken: Callable[[Path], Path], told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        plan(broken(tmp_path))


@requirement("import:trouble")
@pytest.mark.parametrize("name", FORMATS)
def test_no_format_makes_something_of_a_folder_that_has_nothing_of_it(tmp_path: Path, name: str) -> None:
    folder = empty_folder(tmp_path)
    if name in ("markdown", "text", "claude-code", "codex", "claude-projects"):
        assert plan(folder, name).messages == 0
    else:
        with pytest.raises(InvalidInputError, match="empty"):
            plan(folder, name)


def test_an_old_store_of_one_tenant_is_read(tmp_path: Path) -> None:
    assert said(_old(tmp_path / "memory.db", "alice")) == [("user", f"{LISBON} alice")]
