"""Other memory systems: the reference server's graph, mem0, Zep and Graphiti, Letta, and stores of an older program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError, StorageCorruptError
from continuum.portability.importers.said import Met, Said, as_text, exchanges, message, moment, role_of
from continuum.portability.importers.sources import beginning, items, lines
from continuum.storage.former_store import former_messages

WHOLE_BYTES_MAX = 256 << 20
MESSAGES_HELD_MAX = 200
_FACTS = ("fact", "name", "content")


def graph(path: Path, met: Met) -> Iterator[Said]:
    """`memory.json` of the MCP reference server: what is said of each entity, and how entities are related."""
    for _, told in lines(path):
        kind = told.get("type") if isinstance(told, dict) else None
        if kind == "entity":
            met.conversations += 1
            name, sort = as_text(told.get("name")), as_text(told.get("entityType"))
            seen = [as_text(each) for each in told.get("observations") or ()]
            texts = [f"{name} is a {sort}." if sort else "", *(f"{name}: {each}" for each in seen if each.strip())]
            yield from exchanges(f"graph:{name}", [each for text in texts for each in message("user", text, None)])
        elif kind == "relation":
            first, how, second = (as_text(told.get(part)) for part in ("from", "relationType", "to"))
            words = f"{first} {how.replace('_', ' ')} {second}."
            yield from exchanges("graph:relations", message("user", words, None))
        else:
            met.left_out["other line"] += 1


def mem0(path: Path, met: Met) -> Iterator[Said]:
    """Memories as mem0 lists them: a list, or an object with `results`."""
    prefix = "item" if beginning(path, 1_024).lstrip("\ufeff \t\r\n").startswith("[") else "results.item"
    for told in items(path, prefix):
        text = as_text(told.get("memory")) or as_text(told.get("text")) if isinstance(told, dict) else ""
        at = moment(told.get("created_at")) if isinstance(told, dict) else None
        found = message("user", text, at)
        if not found:
            met.left_out["without words"] += 1
            continue
        met.conversations += 1
        owner = as_text(told.get("user_id")) or as_text(told.get("agent_id")) or "everybody"
        yield from exchanges(f"mem0:{owner}", found)


def zep(path: Path, met: Met) -> Iterator[Said]:
    """Episodes and facts of Zep or Graphiti."""
    for told in items(path, "episodes.item"):
        met.conversations += 1
        role = role_of(told.get("role_type") or told.get("role")) or "user"
        at = moment(told.get("valid_at")) or moment(told.get("created_at"))
        speaker = as_text(told.get("role")) if role_of(told.get("role")) is None else ""
        session = as_text(told.get("session_id")) or as_text(told.get("group_id")) or "episodes"
        yield from exchanges(f"zep:{session}", message(role, as_text(told.get("content")), at, speaker or None))
    for prefix in ("facts.item", "edges.item"):
        for told in items(path, prefix):
            if told.get("invalid_at") or told.get("expired_at"):
                met.left_out["no longer true"] += 1
                continue
            words = next((as_text(told.get(name)) for name in _FACTS if told.get(name)), "")
            at = moment(told.get("valid_at")) or moment(told.get("created_at"))
            yield from exchanges("zep:facts", message("user", words, at))


def letta(path: Path, met: Met) -> Iterator[Said]:
    """An agent file of Letta: its blocks of memory, and its messages."""
    if path.stat().st_size > WHOLE_BYTES_MAX:
        raise InvalidInputError("source", f"{path.name} has more than {WHOLE_BYTES_MAX >> 20} MiB")
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError("source", f"{path.name} is no JSON: {exc}") from exc
    for agent in told["agents"] if isinstance(told.get("agents"), list) else [told]:
        yield from _agent(agent, told, met)


def _agent(agent: Json, told: Json, met: Met) -> Iterator[Said]:
    met.conversations += 1
    name = as_text(agent.get("name")) or "agent"
    blocks = [*(agent.get("core_memory") or ()), *(agent.get("blocks") or ()), *(told.get("blocks") or ())]
    values = [as_text(block.get("value")) for block in blocks if isinstance(block, dict)]
    kept = [each for value in values for each in message("user", value, None)]
    yield from exchanges(f"letta:{name}:memory", kept)
    messages: list[Message] = []
    for said in agent.get("messages") or ():
        role = role_of(said.get("role")) if isinstance(said, dict) else None
        if role not in ("user", "assistant"):
            met.left_out["system or tool"] += 1
            continue
        content = said.get("content")
        parts = (
            [content]
            if isinstance(content, str)
            else [each.get("text") for each in content or () if isinstance(each, dict)]
        )
        text = "\n\n".join(part for part in parts if isinstance(part, str))
        messages += message(role, text, moment(said.get("created_at")))
    yield from exchanges(f"letta:{name}", messages)


def old_store(path: Path, met: Met) -> Iterator[Said]:
    """A `memory.db` of the earlier public program: its messages, by session; everything else is derived from them."""
    session, messages = "", list[Message]()
    try:
        for said in former_messages(path):
            if messages and (said.session != session or len(messages) >= MESSAGES_HELD_MAX):
                yield from exchanges(f"old:{session}", messages)
                messages = []
            met.conversations += said.session != session
            session = said.session
            messages += message(role_of(said.role) or "user", as_text(said.text), moment(said.at))
    except StorageCorruptError as exc:
        raise InvalidInputError("source", str(exc)) from exc
    yield from exchanges(f"old:{session}", messages)
