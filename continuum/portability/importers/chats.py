"""Exports of chat services: conversations as trees (ChatGPT) and as lists (Claude), and projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from continuum.domain.records import Json, Message
from continuum.portability.importers.said import Met, Said, as_text, exchanges, message, moment, role_of
from continuum.portability.importers.sources import is_archive, items, names_in

NODES_MAX = 100_000


def chatgpt(path: Path, met: Met) -> Iterator[Said]:
    """`conversations.json` of a ChatGPT export: of each tree the branch that was open last."""
    for told in items(path, "item", "conversations.json"):
        if not isinstance(told, dict) or not isinstance(told.get("mapping"), dict):
            met.left_out["no conversation"] += 1
            continue
        met.conversations += 1
        name = as_text(told.get("conversation_id")) or as_text(told.get("id")) or as_text(told.get("title"))
        yield from exchanges(f"chatgpt:{name}", list(_branch(told, met)))


def _branch(told: Mapping[str, Json], met: Met) -> Iterator[Message]:
    nodes: Mapping[str, Json] = told["mapping"]
    way: list[Mapping[str, Json]] = []
    seen: set[str] = set()
    at = told.get("current_node") if told.get("current_node") in nodes else _newest_leaf(nodes)
    while isinstance(at, str) and at in nodes and at not in seen and len(seen) < NODES_MAX:
        seen.add(at)
        node = nodes[at]
        if not isinstance(node, dict):
            met.left_out["unknown node"] += 1
            break
        way.append(node)
        at = node.get("parent")
    others = [node for key, node in nodes.items() if key not in seen]
    met.left_out["other branch"] += sum(isinstance(node, dict) and bool(node.get("message")) for node in others)
    for node in reversed(way):
        yield from _node(node.get("message"), told, met)


def _newest_leaf(nodes: Mapping[str, Json]) -> str | None:
    leaves = [(key, node) for key, node in nodes.items() if isinstance(node, dict) and not node.get("children")]
    newest = max(leaves, key=lambda leaf: _created(leaf[1]), default=None)
    return None if newest is None else newest[0]


def _created(node: Mapping[str, Json]) -> float:
    said = node.get("message")
    at = said.get("create_time") if isinstance(said, dict) else None
    return float(at) if isinstance(at, int | float) else 0.0


def _node(said: Json, told: Mapping[str, Json], met: Met) -> Iterator[Message]:
    if not isinstance(said, dict):
        return  # the root of a tree has no message
    author, content = said.get("author") or {}, said.get("content") or {}
    hidden = (said.get("metadata") or {}).get("is_visually_hidden_from_conversation")
    role = role_of(author.get("role")) if isinstance(author, dict) else None
    if role is None or role == "tool" or hidden:
        met.left_out["system or tool"] += 1
        return
    kind = content.get("content_type") if isinstance(content, dict) else None
    if kind not in ("text", "multimodal_text"):
        met.left_out[f"content of type {as_text(kind)[:40] or 'none'}"] += 1
        return
    parts = content.get("parts") or []
    text = "\n\n".join(part for part in parts if isinstance(part, str) and part.strip())
    at = moment(said.get("create_time")) or moment(told.get("create_time"))
    found = message(role, text, at)
    if not found:
        met.left_out["without words"] += 1
    yield from found


def claude(path: Path, met: Met) -> Iterator[Said]:
    """`conversations.json` of a Claude export, and `projects.json` if the archive or folder holds it."""
    for told in items(path, "item", "conversations.json"):
        if not isinstance(told, dict) or not isinstance(told.get("chat_messages"), list):
            met.left_out["no conversation"] += 1
            continue
        met.conversations += 1
        messages = [each for said in told["chat_messages"] for each in _chat_message(said, met)]
        yield from exchanges(f"claude:{as_text(told.get('uuid')) or as_text(told.get('name'))}", messages)
    beside = path.with_name("projects.json")
    if is_archive(path) and "projects.json" in names_in(path):
        yield from claude_projects(path, met)
    elif not is_archive(path) and beside.is_file():
        yield from claude_projects(beside, met)


def _chat_message(said: Json, met: Met) -> list[Message]:
    role = role_of(said.get("sender")) if isinstance(said, dict) else None
    if role is None:
        met.left_out["unknown sender"] += 1
        return []
    content = [each for each in said.get("content") or [] if isinstance(each, dict) and each.get("type") == "text"]
    parts = [as_text(each.get("text")) for each in content]
    text = "\n\n".join(part for part in parts if part.strip()) or as_text(said.get("text"))
    files = [each for each in said.get("attachments") or [] if isinstance(each, dict)]
    attached = [as_text(each.get("extracted_content")) for each in files]
    found = message(role, text, moment(said.get("created_at")))
    for words in attached:
        found += message("tool", words, moment(said.get("created_at")), "attachment")
    if not found:
        met.left_out["without words"] += 1
    return found


def claude_projects(path: Path, met: Met) -> Iterator[Said]:
    """What a project says of itself, and its documents."""
    for told in items(path, "item", "projects.json"):
        if not isinstance(told, dict):
            met.left_out["no project"] += 1
            continue
        met.conversations += 1
        at, name = moment(told.get("created_at")), as_text(told.get("name"))
        about = "\n\n".join(filter(str.strip, (as_text(told.get("description")), as_text(told.get("prompt_template")))))
        messages = message("user", f"Project {name}: {about}" if about else "", at)
        for each in told.get("docs") or []:
            if isinstance(each, dict):
                messages += message("user", as_text(each.get("content")), moment(each.get("created_at")) or at)
        yield from exchanges(f"claude-project:{as_text(told.get('uuid')) or name}", messages)
