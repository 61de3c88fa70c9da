"""Exports of chat services: conversations as trees (ChatGPT) and as lists (Claude), projects, what was remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from continuum.domain.records import Json, Message, Role
from continuum.portability.importers.said import (
    Met,
    Said,
    after,
    as_list,
    as_object,
    as_text,
    exchanges,
    message,
    moment,
    role_of,
)
from continuum.portability.importers.sections import sections
from continuum.portability.importers.sources import is_archive, items, parts, parts_needed, rows

CONVERSATIONS = re.compile(r"(?:^|/)conversations(?:-\d+)?\.json$")
"""One file, or the pieces that a large export comes in."""
PROJECTS = re.compile(r"(?:^|/)(?:projects(?:-\d+)?|projects/[^/]+)\.json$")
MEMORIES = re.compile(r"(?:^|/)(?:memories|memories/[^/]+)\.json$")
_SPOKEN = ("text", "multimodal_text")
_KIND_CHARS_MAX = 40


def chatgpt(path: Path, met: Met) -> Iterator[Said]:
    """The conversations of a ChatGPT export: of each tree the branch that was open last."""
    for part in parts_needed(path, CONVERSATIONS):
        for told in items(part, "item"):
            if not isinstance(told, dict) or not isinstance(told.get("mapping"), dict):
                met.leave_out("no conversation")
                continue
            met.conversations += 1
            name = as_text(told.get("conversation_id")) or as_text(told.get("id")) or as_text(told.get("title"))
            yield from exchanges(f"chatgpt:{name}", _branch(told, met))


def _branch(told: Mapping[str, Json], met: Met) -> Iterator[Message]:
    nodes: Mapping[str, Json] = told["mapping"]
    way: list[Mapping[str, Json]] = []
    seen: set[str] = set()
    open_last = told.get("current_node")
    at: Json = open_last if isinstance(open_last, str) and open_last in nodes else _newest_leaf(nodes)
    while isinstance(at, str) and at in nodes and at not in seen:
        seen.add(at)
        if not isinstance(nodes[at], dict):
            met.leave_out("unknown node")
            break
        way.append(nodes[at])
        at = nodes[at].get("parent")
    others = sum(bool(as_object(node).get("message")) for key, node in nodes.items() if key not in seen)
    if others:
        met.leave_out("other branch", others)
    last = moment(told.get("create_time"))
    for node in reversed(way):
        said = as_object(node.get("message"))
        # A message without a time was said after the one before it.
        at_time = moment(said.get("create_time")) or after(last)
        last = at_time or last
        spoken = _spoken(said, met) if said else None  # the root of a tree has no message
        if spoken is not None:
            yield from message(*spoken, at_time)


def _newest_leaf(nodes: Mapping[str, Json]) -> str | None:
    leaves = [(key, node) for key, node in nodes.items() if isinstance(node, dict) and not node.get("children")]
    newest = max(leaves, key=lambda leaf: _created(leaf[1]), default=None)
    return None if newest is None else newest[0]


def _created(node: Mapping[str, Json]) -> float:
    at = as_object(node.get("message")).get("create_time")
    return float(at) if isinstance(at, int | float) else 0.0


def _spoken(said: Mapping[str, Json], met: Met) -> tuple[Role, str] | None:
    """Who said what, typed or spoken; None for what is no part of a conversation."""
    content = as_object(said.get("content"))
    kind = as_text(content.get("content_type"))[:_KIND_CHARS_MAX] or "none"
    hidden = as_object(said.get("metadata")).get("is_visually_hidden_from_conversation")
    role = role_of(as_object(said.get("author")).get("role"))
    if role is None or role == "tool" or hidden or said.get("recipient") not in (None, "", "all"):
        met.leave_out("system or tool")
        return None
    if kind not in _SPOKEN:
        met.leave_out(f"content of type {kind}")
        return None
    # What was spoken stands in an object with its transcription; pictures and sounds have no text.
    texts = [as_text(as_object(part).get("text")) or as_text(part) for part in as_list(content.get("parts"))]
    text = "\n\n".join(each for each in texts if each.strip())
    if not text:
        met.leave_out("without words")
        return None
    return role, text


def claude(path: Path, met: Met) -> Iterator[Said]:
    """A Claude export, or its `conversations.json`: conversations, projects, and what Claude remembered."""
    parts_needed(path, CONVERSATIONS, PROJECTS, MEMORIES)
    for part in parts(path, CONVERSATIONS):
        for told in items(part, "item"):
            if not isinstance(told, dict) or not isinstance(told.get("chat_messages"), list):
                met.leave_out("no conversation")
                continue
            met.conversations += 1
            found = (each for said in told["chat_messages"] for each in _chat_message(said, met))
            yield from exchanges(f"claude:{as_text(told.get('uuid')) or as_text(told.get('name'))}", found)
    if path.is_dir() or is_archive(path):
        yield from claude_projects(path, met)
        yield from claude_memories(path, met)


def _chat_message(said: Json, met: Met) -> list[Message]:
    told = as_object(said)
    role = role_of(told.get("sender"))
    if role is None:
        met.leave_out("unknown sender")
        return []
    content = (as_object(each) for each in as_list(told.get("content")))
    texts = [as_text(each.get("text")) for each in content if each.get("type") == "text"]
    text = "\n\n".join(each for each in texts if each.strip()) or as_text(told.get("text"))
    at = moment(told.get("created_at"))
    found = message(role, text, at)
    for file in as_list(told.get("attachments")):
        found += message("tool", as_text(as_object(file).get("extracted_content")), at, "attachment")
    if not found:
        met.leave_out("without words")
    return found


def claude_projects(path: Path, met: Met) -> Iterator[Said]:
    """What a project of Claude says of itself, and its documents; all projects, or a file for each."""
    for part in parts(path, PROJECTS):
        for told in rows(part):
            if not isinstance(told, dict) or not ({"docs", "prompt_template", "description"} & set(told)):
                met.leave_out("no project")
                continue
            met.conversations += 1
            name = as_text(told.get("name"))
            yield from exchanges(f"claude-project:{as_text(told.get('uuid')) or name}", _project(told, name))


def _project(told: Mapping[str, Json], name: str) -> Iterator[Message]:
    at = moment(told.get("created_at"))
    about = "\n\n".join(filter(str.strip, (as_text(told.get("description")), as_text(told.get("prompt_template")))))
    if about:
        yield from message("user", f"Project {name}: {about}", at)
    for each in as_list(told.get("docs")):
        document = as_object(each)
        yield from message("user", as_text(document.get("content")), moment(document.get("created_at")) or at)


def claude_memories(path: Path, met: Met) -> Iterator[Said]:
    """What Claude wrote down about its user, and about projects: its words, not the user's."""
    for part in parts(path, MEMORIES):
        for told in rows(part):
            texts = {"": as_object(told).get("conversations_memory")}
            texts |= as_object(as_object(told).get("project_memories"))
            for name, text in texts.items():
                met.conversations += bool(as_text(text).strip())
                pieces = sections(as_text(text).splitlines(keepends=True))
                words = (each for piece in pieces for each in message("assistant", piece, None))
                yield from exchanges(f"claude-memory:{name}", words)
