"""Small files in the shapes that each program writes, made for these tests."""

from __future__ import annotations

import csv
import json
import sqlite3
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LISBON, NOTED, PORTO = "I live in Lisbon.", "Noted.", "I moved to Porto."
EARLY, LATE = 1_767_261_600.0, 1_767_348_000.5  # 2026-01-01T10:00:00Z and a day later


def _node(key: str, parent: str | None, message: Mapping[str, Any] | None, *children: str) -> dict[str, Any]:
    return {"id": key, "parent": parent, "children": list(children), "message": message}


def _chat(role: str, text: str, at: float, kind: str = "text", **metadata: Any) -> dict[str, Any]:
    return {
        "id": f"{role}-{at}-{text[:5]}",
        "author": {"role": role, "name": None},
        "create_time": at,
        "content": {"content_type": kind, "parts": [text]},
        "metadata": metadata,
    }


def chatgpt_conversations() -> list[dict[str, Any]]:
    """One conversation with a branch that was left, and what is no part of a memory."""
    mapping = {
        "root": _node("root", None, None, "sys"),
        "sys": _node("sys", "root", _chat("system", "", EARLY, is_visually_hidden_from_conversation=True), "u1"),
        "u1": _node("u1", "sys", _chat("user", LISBON, EARLY), "a1", "a0"),
        "a0": _node("a0", "u1", _chat("assistant", "Another answer.", EARLY + 1)),
        "a1": _node("a1", "u1", _chat("assistant", NOTED, EARLY + 2), "t1"),
        "t1": _node("t1", "a1", _chat("tool", "{}", EARLY + 3), "c1"),
        "c1": _node("c1", "t1", _chat("assistant", "print(1)", EARLY + 4, "code"), "u2"),
        "u2": _node("u2", "c1", _chat("user", PORTO, LATE)),
    }
    told = {"title": "Moving", "create_time": EARLY, "current_node": "u2", "mapping": mapping, "conversation_id": "c-1"}
    return [told, {"title": "broken"}]


def chatgpt(folder: Path) -> Path:
    path = folder / "chatgpt.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export/conversations.json", json.dumps(chatgpt_conversations()))
        archive.writestr("export/user.json", "{}")
    return path


def claude(folder: Path) -> Path:
    said = [
        {"uuid": "m1", "sender": "human", "text": LISBON, "created_at": "2026-01-01T10:00:00Z",
         "content": [{"type": "text", "text": LISBON}], "attachments": [], "files": []},
        {"uuid": "m2", "sender": "assistant", "text": "", "created_at": "2026-01-01T10:00:05Z",
         "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": NOTED}], "attachments": []},
        {"uuid": "m3", "sender": "human", "text": PORTO, "created_at": "2026-01-02T10:00:00.500000Z",
         "attachments": [{"file_name": "a.txt", "extracted_content": "The port is 5433."}]},
    ]  # fmt: skip
    path = folder / "claude.zip"
    project = {"uuid": "p1", "name": "Aurora", "description": "a website", "prompt_template": "Be brief."}
    documents = [{"filename": "d.md", "content": "Aurora uses Kafka."}]
    projects = [{**project, "created_at": "2026-01-01T00:00:00Z", "docs": documents}]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("conversations.json", json.dumps([{"uuid": "c1", "name": "Moving", "chat_messages": said}]))
        archive.writestr("projects.json", json.dumps(projects))
    return path


def _lines(path: Path, *values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    return path


def claude_code(folder: Path) -> Path:
    def line(kind: str, content: Any, at: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "sessionId": "s-1", "uuid": f"{kind}{at}", "timestamp": at,
                "message": {"role": kind, "content": content}, **more}  # fmt: skip

    _lines(
        folder / "projects" / "-home-ines" / "s-1.jsonl",
        {"type": "summary", "summary": "Moving"},
        line("user", LISBON, "2026-01-01T10:00:00Z"),
        line("assistant", [{"type": "text", "text": NOTED}, {"type": "tool_use"}], "2026-01-01T10:00:02Z"),
        line("user", [{"type": "tool_result", "content": "x"}], "2026-01-01T10:00:03Z"),
        line("user", "aside", "2026-01-01T10:00:04Z", isSidechain=True),
        line("user", "<command-name>/clear</command-name>", "2026-01-01T10:00:04Z"),
        line("user", PORTO, "2026-01-02T10:00:00.500Z"),
    )
    return folder / "projects"


def codex(folder: Path) -> Path:
    def item(role: str, kind: str, text: str, at: str) -> dict[str, Any]:
        payload = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
        return {"timestamp": at, "type": "response_item", "payload": payload}

    _lines(
        folder / "sessions" / "2026" / "01" / "rollout.jsonl",
        {"timestamp": "2026-01-01T10:00:00Z", "type": "session_meta", "payload": {"id": "s-2", "cwd": "/x"}},
        item("user", "input_text", "<environment_context>\nx\n</environment_context>", "2026-01-01T10:00:00Z"),
        item("user", "input_text", LISBON, "2026-01-01T10:00:00Z"),
        item("assistant", "output_text", NOTED, "2026-01-01T10:00:02Z"),
        {"timestamp": "x", "type": "event_msg", "payload": {"type": "token_count"}},
        item("user", "input_text", PORTO, "2026-01-02T10:00:00.500Z"),
    )
    return folder / "sessions"


def markdown(folder: Path) -> Path:
    notes = folder / "vault"
    (notes / "moving").mkdir(parents=True)
    (notes / ".obsidian").mkdir()
    (notes / ".obsidian" / "hidden.md").write_text("hidden")
    text = f"---\ndate: 2026-01-01\ntags: [home]\n---\n# Home\n\n{LISBON} See [[Minka]].\n\n## Later\n\n{PORTO}\n"
    (notes / "moving" / "home.md").write_text(text)
    (notes / "empty.md").write_text("")
    return notes


def mcp_memory(folder: Path) -> Path:
    return _lines(
        folder / "memory.json",
        {"type": "entity", "name": "Ines", "entityType": "person", "observations": [LISBON, "likes tea"]},
        {"type": "relation", "from": "Ines", "to": "Aurora", "relationType": "works_on"},
    )


def _json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def mem0(folder: Path) -> Path:
    rows = [
        {"id": "1", "memory": LISBON, "user_id": "ines", "created_at": "2026-01-01T10:00:00-00:00", "metadata": None},
        {"id": "2", "memory": PORTO, "user_id": "ines", "created_at": "2026-01-02T10:00:00-00:00"},
    ]
    return _json(folder / "mem0.json", {"results": rows})


def zep(folder: Path) -> Path:
    told = {
        "episodes": [
            {"uuid": "e1", "content": LISBON, "role": "Ines", "role_type": "user", "created_at": "2026-01-01T10:00:00Z",
             "session_id": "s1"},
            {"uuid": "e2", "content": NOTED, "role_type": "assistant", "created_at": "2026-01-01T10:00:01Z",
             "session_id": "s1"},
        ],
        "facts": [
            {"uuid": "f1", "fact": PORTO, "valid_at": "2026-01-02T10:00:00Z"},
            {"uuid": "f2", "fact": "Ines lives in Rome.", "valid_at": "2025-01-02T10:00:00Z",
             "invalid_at": "2025-02-01T00:00:00Z"},
        ],
    }  # fmt: skip
    return _json(folder / "zep.json", told)


def letta(folder: Path) -> Path:
    told = {
        "agent_type": "memgpt_agent",
        "name": "helper",
        "core_memory": [{"label": "human", "value": "The user likes tea."}],
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "You are"}]},
            {"role": "user", "content": [{"type": "text", "text": LISBON}], "created_at": "2026-01-01T10:00:00Z"},
            {"role": "assistant", "content": NOTED, "created_at": "2026-01-01T10:00:02Z"},
            {"role": "user", "content": [{"type": "text", "text": PORTO}], "created_at": "2026-01-02T10:00:00Z"},
        ],
    }
    return _json(folder / "helper.af", told)


def memory_db(folder: Path) -> Path:
    path = folder / "memory.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE auto_messages (id INTEGER PRIMARY KEY, instance_id TEXT, timestamp REAL, "
            "message_number INTEGER, role TEXT, content TEXT, metadata TEXT, tenant_id TEXT)"
        )
        rows = [
            ("i1", EARLY, 1, "user", LISBON),
            ("i1", EARLY + 1, 2, "assistant", NOTED),
            ("i1", LATE, 3, "user", PORTO),
        ]
        connection.executemany(
            "INSERT INTO auto_messages (instance_id, timestamp, message_number, role, content) VALUES (?, ?, ?, ?, ?)",
            rows,
        )
    connection.close()
    return path


def plain(folder: Path) -> Path:
    path = folder / "notes.txt"
    path.write_text(f"{LISBON}\n\n{PORTO}\n")
    return path


def jsonl(folder: Path) -> Path:
    return _lines(
        folder / "chat.jsonl",
        {"role": "human", "text": LISBON, "timestamp": "2026-01-01T10:00:00Z", "session_id": "s", "speaker": "Ines"},
        {"role": "ai", "text": NOTED, "timestamp": "2026-01-01T10:00:01Z", "session_id": "s"},
        {"role": "human", "text": PORTO, "timestamp": "2026-01-02T10:00:00Z", "session_id": "s", "speaker": "Ines"},
    )


def table(folder: Path) -> Path:
    path = folder / "chat.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Role", "Text", "Date", "Author"])
        writer.writerow(["user", LISBON, "2026-01-01T10:00:00Z", "Ines"])
        writer.writerow(["user", PORTO, "2026-01-02T10:00:00Z", "Ines"])
    return path


SAMPLES: Mapping[str, Callable[[Path], Path]] = {
    "chatgpt": chatgpt,
    "claude": claude,
    "claude-code": claude_code,
    "codex": codex,
    "markdown": markdown,
    "mcp-memory": mcp_memory,
    "mem0": mem0,
    "zep": zep,
    "letta": letta,
    "memory-db": memory_db,
    "text": plain,
    "jsonl": jsonl,
    "csv": table,
}
