"""Other memory systems: the reference server's graph, mem0, Zep and Graphiti, Letta, and stores of an older program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from continuum.domain.records import Json, Message, Role
from continuum.errors import InvalidInputError, StorageCorruptError
from continuum.portability.importers.said import (
    Met,
    Said,
    as_list,
    as_object,
    as_text,
    exchanges,
    message,
    moment,
    role_of,
)
from continuum.portability.importers.sources import PIECE_BYTES_MAX, Part, beginning, items, lines, value_of
from continuum.storage.former_store import FormerMessage, former_messages

_EVENTS = ("heartbeat", "login", "system_alert")
_ANSWERS = ("send_message", "send_message_to_user")


def graph(path: Path, met: Met) -> Iterator[Said]:
    """`memory.json` of the MCP reference server: what is said of each entity, and how entities are related."""
    for _, value in lines(path):
        told = as_object(value)
        if told.get("type") == "entity":
            met.conversations += 1
            name, sort = as_text(told.get("name")), as_text(told.get("entityType"))
            seen = (as_text(each) for each in as_list(told.get("observations")))
            texts = [f"{name} is a {sort}." if sort else "", *(f"{name}: {each}" for each in seen if each.strip())]
            yield from exchanges(f"graph:{name}", (each for text in texts for each in message("user", text, None)))
        elif told.get("type") == "relation":
            first, how, second = (as_text(told.get(part)) for part in ("from", "relationType", "to"))
            words = f"{first} {how.replace('_', ' ')} {second}."
            yield from exchanges("graph:relations", message("user", words, None))
        else:
            met.leave_out("other line")


def _prefixes(path: Path, *lists: str) -> list[str]:
    """Where the rows of a file are: it is a list, or an object with lists of these names."""
    is_list = beginning(path, 1_024).lstrip().startswith("[")
    return ["item"] if is_list else [f"{name}.item" for name in lists]


def mem0(path: Path, met: Met) -> Iterator[Said]:
    """Memories as mem0 lists them: a list, or an object with `results`."""
    for prefix in _prefixes(path, "results", "memories"):
        for value in items(Part(path), prefix):
            told = as_object(value)
            text = as_text(told.get("memory")) or as_text(told.get("text"))
            found = message("user", text, moment(told.get("created_at")))
            if not found:
                met.leave_out("without words")
                continue
            met.conversations += 1
            owner = as_text(told.get("user_id")) or as_text(told.get("agent_id")) or "everybody"
            yield from exchanges(f"mem0:{owner}", found)


def zep(path: Path, met: Met) -> Iterator[Said]:
    """Episodes, messages and facts of Zep or Graphiti; of the facts those that still hold."""
    for prefix in _prefixes(path, "episodes", "messages", "facts", "edges"):
        for value in items(Part(path), prefix):
            told = as_object(value)
            if told.get("invalid_at") or told.get("expired_at"):
                met.leave_out("no longer true")
                continue
            met.conversations += "fact" not in told
            found = _zep_row(told)
            if not found:
                met.leave_out("without words")
            session = as_text(told.get("session_id")) or as_text(told.get("group_id")) or "episodes"
            yield from exchanges("zep:facts" if "fact" in told else f"zep:{session}", found)


def _zep_row(told: Mapping[str, Json]) -> list[Message]:
    at = moment(told.get("valid_at")) or moment(told.get("created_at"))
    if "fact" in told:
        return message("user", as_text(told.get("fact")), at)
    named = as_text(told.get("name")) or as_text(told.get("role"))
    role = role_of(told.get("role_type") or told.get("role")) or "user"
    return message(role, as_text(told.get("content")), at, None if role_of(named) else named)


def letta(path: Path, met: Met) -> Iterator[Said]:
    """An agent file of Letta: its blocks of memory, and its messages."""
    size = path.stat().st_size
    if size > PIECE_BYTES_MAX:
        problem = f"{path.name} has {size >> 20} MiB; the limit is {PIECE_BYTES_MAX >> 20}; take agents out of it"
        raise InvalidInputError("source", problem, limit=PIECE_BYTES_MAX)
    told = value_of(path.read_bytes())
    if not isinstance(told, dict):
        raise InvalidInputError("source", f"{path.name} is no whole agent file; fetch it again")
    blocks = {as_text(block.get("id")): block for block in map(as_object, as_list(told.get("blocks")))}
    for agent in as_list(told.get("agents")) or [told]:
        own = as_object(agent)
        met.conversations += 1
        name = as_text(own.get("name")) or "agent"
        held = [*as_list(own.get("core_memory")), *as_list(own.get("memory_blocks"))]
        held += [blocks.get(as_text(each)) for each in as_list(own.get("block_ids"))]
        kept = (each for block in held for each in _block(as_object(block)))
        yield from exchanges(f"letta:{name}:memory", kept)
        spoken = (each for said in as_list(own.get("messages")) for each in _letta_message(as_object(said), met))
        yield from exchanges(f"letta:{name}", spoken)


def _block(block: Mapping[str, Json]) -> list[Message]:
    """A block of memory: who the agent takes itself for is not what its user said."""
    role: Role = "assistant" if block.get("label") == "persona" else "user"
    return message(role, as_text(block.get("value")), None)


def _letta_message(said: Mapping[str, Json], met: Met) -> list[Message]:
    role = role_of(said.get("role"))
    if role not in ("user", "assistant"):
        met.leave_out("system or tool")
        return []
    content = said.get("content")
    texts = [as_text(content), *(as_text(as_object(each).get("text")) for each in as_list(content))]
    text = "\n\n".join(each for each in texts if each.strip())
    text = _answered(said) or text if role == "assistant" else _asked(text)
    found = message(role, text, moment(said.get("created_at")))
    if not found:
        met.leave_out("without words")
    return found


def _asked(text: str) -> str:
    """What a user said: agents of older kinds wrap it, as they wrap what only the program says."""
    told = as_object(value_of(text)) if text.startswith("{") else {}
    if told.get("type") == "user_message":
        return as_text(told.get("message"))
    return "" if told.get("type") in _EVENTS else text


def _answered(said: Mapping[str, Json]) -> str:
    """What an agent of an older kind said: it calls a tool to speak, and its content is what it thinks."""
    calls = (as_object(as_object(call).get("function")) for call in as_list(said.get("tool_calls")))
    told = (as_object(value_of(as_text(call.get("arguments")))) for call in calls if call.get("name") in _ANSWERS)
    return "\n\n".join(as_text(each.get("message")) for each in told if as_text(each.get("message")).strip())


def old_store(path: Path, met: Met) -> Iterator[Said]:
    """A `memory.db` of the earlier public program: its messages, by session; everything else is derived from them."""
    try:
        for session, own in groupby(former_messages(path), lambda said: str(said.session)):
            met.conversations += 1
            yield from exchanges(f"old:{session}", (each for said in own for each in _old_message(said, met)))
    except StorageCorruptError as exc:
        raise InvalidInputError("source", str(exc)) from exc


def _old_message(said: FormerMessage, met: Met) -> list[Message]:
    role = role_of(said.role)
    if role is None:
        met.leave_out("system or tool")
        return []
    found = message(role, as_text(said.text), moment(said.at))
    if not found:
        met.leave_out("without words")
    return found
