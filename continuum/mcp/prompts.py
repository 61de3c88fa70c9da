"""Prompts that a person picks: what is known about something, and the start of a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from continuum.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from continuum.mcp.desk import Memory

PROMPTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "what-do-you-know-about": ("What do you know about ...?", ("topic",)),
    "start-of-session": ("Begin with what is remembered of the user and the work under way.", ()),
}
START = "What do I like, what did we decide, and what are we working on?"


def prompted(memory: Memory, name: str, given: Mapping[str, str]) -> str:
    """The words of a prompt. Raises NotFoundError, InvalidInputError."""
    if name not in PROMPTS:
        raise NotFoundError(f"there is no prompt of that name; they are {', '.join(PROMPTS)}")
    if name == "start-of-session":
        return _with_context(memory, START, "Keep this in mind in what follows; do not repeat it.")
    topic = given.get("topic", "").strip()
    if not topic:
        raise InvalidInputError("topic", "is missing; name what it is about")
    return _with_context(memory, topic, f"Tell me what you know about {topic}, and where each part comes from.")


def _with_context(memory: Memory, asked: str, wish: str) -> str:
    context = memory.recall(asked).context_string
    return f"{context}\n\n{wish}" if context else f"{wish}\n\n(Nothing is remembered about it yet.)"
