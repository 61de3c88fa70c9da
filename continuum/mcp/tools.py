"""What each tool does on a memory, a store's or a service's: plain functions from arguments to a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from continuum.core.memory import ConsciousMemory
from continuum.domain.records import Json
from continuum.domain.results import RecalledFact
from continuum.errors import InvalidInputError
from continuum.mcp.schemas import BY_NAME, ToolSpec, checked_arguments

if TYPE_CHECKING:
    from continuum.mcp.desk import Memory

SEARCH_LIMIT = 10
SEARCH_LIMIT_MAX = 100
TIMELINE_LIMIT = 50
SESSIONS_LOOKED_AT = 1_000
COMPLETED_MAX = 100
Arguments = Mapping[str, Json]

_ALIASES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "memory_store": ("learn", {}),
    "memory_recall": ("recall", {"query": "message"}),
    "memory_search": ("search", {"search_type": "kind", "max_results": "limit"}),
}
"""Names under which older configurations call, with the arguments that were called otherwise. They are not listed."""
_IGNORED_OF_OLD = ("tenant_id", "max_results")
"""The tenant comes from the credential, and the length of a context from its tokens."""
_KINDS_OF_OLD = {"all": "memories", "sessions": "memories"}


def named(name: str, given: Arguments) -> tuple[ToolSpec, dict[str, Json]] | None:
    """The tool of a name and its checked arguments; None if there is none. Raises InvalidInputError."""
    if name in _ALIASES:
        name, renamed = _ALIASES[name]
        given = {renamed.get(key, key): value for key, value in given.items()}
        given = {key: value for key, value in given.items() if key not in _IGNORED_OF_OLD}
        given = {**given, "kind": _KINDS_OF_OLD.get(given["kind"], given["kind"])} if "kind" in given else given
    tool = BY_NAME.get(name)
    return None if tool is None else (tool, checked_arguments(tool, given))


def done(tool: ToolSpec, memory: Memory, given: Arguments) -> dict[str, Json]:
    """Do what a tool does. Raises ContinuumError."""
    return _DONE[tool.name](memory, given)


def _recall(memory: Memory, given: Arguments) -> dict[str, Json]:
    found = memory.recall(
        given["message"],
        max_tokens=given.get("max_tokens"),
        session_id=given.get("session_id"),
        as_of=given.get("as_of"),
        current_only=given.get("current_only", False),
    )
    context = found.context_string or "Nothing is remembered about that."
    count = len(found.memories) + len(found.facts)
    return {"context": context, "found": count, "recall_id": found.recall_id}


def _learn(memory: Memory, given: Arguments) -> dict[str, Json]:
    learnt = memory.learn(
        given["user_message"],
        given.get("ai_response", ""),
        session_id=given.get("session_id"),
        speaker=given.get("speaker"),
        timestamp=given.get("timestamp"),
        metadata=given.get("metadata"),
    )
    facts = [f"{fact.subject} {fact.attribute}: {fact.value}" for fact in learnt.facts]
    return {
        "message_ids": list(learnt.message_ids),
        "concepts": list(learnt.concepts),
        "facts": facts,
        "duplicate": learnt.duplicate,
    }


def _search(memory: Memory, given: Arguments) -> dict[str, Json]:
    limit = given.get("limit", SEARCH_LIMIT)
    if not 1 <= limit <= SEARCH_LIMIT_MAX:
        raise InvalidInputError("limit", f"is {limit}; it must be from 1 to {SEARCH_LIMIT_MAX}", limit=SEARCH_LIMIT_MAX)
    kind = given.get("kind", "memories")
    found = memory.recall(
        given["query"],
        max_memories=limit if kind == "memories" else 1,
        max_concepts=limit if kind == "concepts" else 10,
    )
    items: list[dict[str, Json]]
    if kind == "facts":
        items = [_fact(fact) for fact in found.facts or memory.facts(given["query"])]
    elif kind == "concepts":
        items = [
            {"id": each.id, "name": each.name, "type": each.entity_type, "description": each.description}
            for each in found.concepts
        ]
    elif kind == "decisions":
        items = [{"id": d.id, "text": d.text, "when": d.timestamp.isoformat()} for d in found.decisions]
    else:
        items = [
            {"id": m.id, "when": m.timestamp.isoformat(), "who": m.speaker or m.role, "text": m.passage}
            | ({"outdated": m.outdated} if m.outdated else {})
            for m in found.memories
        ]
    return {"items": items[:limit]}


def _fact(fact: RecalledFact) -> dict[str, Json]:
    value = fact.value if fact.polarity else f"not {fact.value}"
    told = {"id": fact.id, "subject": fact.subject, "attribute": fact.attribute, "value": value}
    return {**told, "current": fact.current, "when": fact.label}


def _timeline(memory: Memory, given: Arguments) -> dict[str, Json]:
    limit = given.get("limit", TIMELINE_LIMIT)
    events = memory.timeline(given["concept"], limit=limit)
    return {"events": [{"at": each.at.isoformat(), "what": each.kind, "words": each.text} for each in events]}


def _feedback(memory: Memory, given: Arguments) -> dict[str, Json]:
    said = memory.feedback(given["recall_id"], given.get("used", ()), given.get("ignored", ()))
    return {"used": said.used, "ignored": said.ignored}


def _forget(memory: Memory, given: Arguments) -> dict[str, Json]:
    gone = memory.forget(
        given.get("message_id"),
        concept=given.get("concept"),
        fact_id=given.get("fact_id"),
        session_id=given.get("session_id"),
        reason=given.get("reason", ""),
        dry_run=given.get("dry_run", True),
    )
    receipt = "" if gone.receipt is None else gone.receipt.id
    return {"dry_run": gone.dry_run, "messages": gone.messages, "facts": gone.facts, "receipt": receipt}


def _stats(memory: Memory, given: Arguments) -> dict[str, Json]:
    return dict(memory.get_stats())


def sessions_of(memory: Memory, offset: int, count: int) -> list[str]:
    """The ids of sessions, those active last first."""
    if isinstance(memory, ConsciousMemory):
        return [each.session_id for each in memory.sessions(offset + count)[offset:]]
    return [each.session_id for each in islice(memory.sessions(), offset, offset + count)]


def sessions_like(memory: Memory, beginning: str) -> list[str]:
    """The newest sessions whose ids begin so."""
    return [each for each in sessions_of(memory, 0, SESSIONS_LOOKED_AT) if each.startswith(beginning)][:COMPLETED_MAX]


def concepts_like(memory: Memory, beginning: str) -> list[str]:
    """The concepts whose names begin so. Raises InvalidInputError."""
    if isinstance(memory, ConsciousMemory):
        return [each.name for each in memory.entities(query=beginning, limit=COMPLETED_MAX)]
    return [each.name for each in islice(memory.entities(query=beginning or None), COMPLETED_MAX)]


_DONE: Mapping[str, Callable[[Memory, Arguments], dict[str, Json]]] = {
    "recall": _recall,
    "learn": _learn,
    "search": _search,
    "timeline": _timeline,
    "feedback": _feedback,
    "forget": _forget,
    "stats": _stats,
}
