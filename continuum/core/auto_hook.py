"""Wraps a callable, sync or async, so that what goes in and comes out of it is learnt as an exchange."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from continuum.core.memory import ConsciousMemory

P = ParamSpec("P")
R = TypeVar("R")
_logger = logging.getLogger(__name__)

Arguments = tuple[Any, ...]  # Any: a stranger's arguments and answers have any type
Keywords = dict[str, Any]


def message_of_call(arguments: Arguments, keywords: Keywords) -> str | None:
    """The user's message in a call: the first text among the arguments, or the last user message of a chat.

    Chats are sequences of mappings with ``role`` and ``content``, as all chat APIs take them.
    """
    for value in (*arguments, *keywords.values()):
        if isinstance(value, str):
            return value
        if isinstance(value, Sequence) and not isinstance(value, bytes):
            for turn in reversed(value):
                if isinstance(turn, Mapping) and turn.get("role") == "user":
                    return text_of_answer(turn.get("content"))
    return None


def text_of_answer(answer: Any) -> str | None:  # Any: see above
    """The text in an answer: a text itself, or where the usual chat APIs put it."""
    if answer is None or isinstance(answer, str):
        return answer
    if isinstance(answer, Mapping):
        found = (answer.get(name) for name in ("content", "text", "message", "choices", "output_text"))
    elif isinstance(answer, Sequence) and not isinstance(answer, bytes):
        parts = [text for part in answer if (text := text_of_answer(part))]
        return "\n".join(parts) or None
    else:
        found = (getattr(answer, name, None) for name in ("output_text", "content", "text", "message", "choices"))
    return next((text for value in found if (text := text_of_answer(value))), None)


@dataclass(frozen=True, slots=True)
class Extractors:
    """How a call's message and its answer's text are found; None means there is nothing to learn."""

    message: Callable[[Arguments, Keywords], str | None] = message_of_call
    answer: Callable[[Any], str | None] = text_of_answer  # Any: see above


def hooked(
    memory: ConsciousMemory,
    function: Callable[P, R],
    extractors: Extractors,
    on_error: Callable[[Exception], None] | None,
) -> Callable[P, R]:
    """`function` with every exchange learnt once it has answered; its answer and its errors are its own."""

    def exchange(args: Arguments, kwargs: Keywords, answer: object) -> tuple[str, str] | None:
        message, text = extractors.message(args, kwargs), extractors.answer(answer)
        return (message or "", text or "") if (message or "").strip() or (text or "").strip() else None

    def failed(error: Exception) -> None:
        if on_error is not None:
            on_error(error)
        else:
            _logger.error("an exchange was not learnt", exc_info=error)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def asynchronous(*args: P.args, **kwargs: P.kwargs) -> object:
            answer = await cast("Callable[P, Awaitable[object]]", function)(*args, **kwargs)
            try:
                if said := exchange(args, kwargs, answer):
                    await memory.alearn(*said)
            except Exception as error:  # noqa: BLE001  # the wrapped call has succeeded; learning must not undo that
                failed(error)
            return answer

        return cast("Callable[P, R]", asynchronous)

    @functools.wraps(function)
    def synchronous(*args: P.args, **kwargs: P.kwargs) -> R:
        answer = function(*args, **kwargs)
        try:
            if said := exchange(args, kwargs, answer):
                memory.learn(*said)
        except Exception as error:  # noqa: BLE001  # as above
            failed(error)
        return answer

    return synchronous
