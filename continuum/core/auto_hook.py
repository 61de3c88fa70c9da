"""Wraps a callable, sync or async, so that what goes in and comes out of it is learnt as an exchange."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from continuum.core.listeners import harmless

if TYPE_CHECKING:
    from continuum.core.memory import ConsciousMemory

P = ParamSpec("P")
R = TypeVar("R")
_logger = logging.getLogger(__name__)

Arguments = tuple[Any, ...]  # Any: a stranger's arguments and answers have any type
Keywords = dict[str, Any]
_MESSAGE_KEYWORDS = ("message", "user_message", "prompt", "question", "query", "input", "text")


def message_of_call(arguments: Arguments, keywords: Keywords) -> str | None:
    """The user's message in a call: the last one of a chat, else a text that is named as one, else the first text.

    Chats are sequences of mappings with ``role`` and ``content``, as all chat APIs take them.
    """
    values = (*arguments, *keywords.values())
    for value in values:
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            for turn in reversed(value):
                if isinstance(turn, Mapping) and turn.get("role") == "user":
                    return text_of_answer(turn.get("content"))
    named = (keywords.get(name) for name in _MESSAGE_KEYWORDS)
    return next((value for value in (*named, *values) if isinstance(value, str)), None)


def text_of_answer(answer: Any) -> str | None:  # Any: see above
    """The text in an answer: a text itself, or where the usual chat APIs put it."""
    if answer is None or isinstance(answer, str):
        return answer
    if isinstance(answer, Mapping):
        found = (answer.get(name) for name in _TEXT_FIELDS)
    elif isinstance(answer, Sequence) and not isinstance(answer, bytes):
        parts = [text for part in answer if (text := text_of_answer(part))]
        return "\n".join(parts) or None
    else:
        found = (getattr(answer, name, None) for name in _TEXT_FIELDS)
    return next((text for value in found if (text := text_of_answer(value))), None)


_TEXT_FIELDS = ("output_text", "content", "text", "delta", "message", "choices")


@dataclass(frozen=True, slots=True)
class Extractors:
    """How a call's message and its answer's text are found; None means there is nothing to learn.

    Of a generator's answer each piece is asked for its text.
    """

    message: Callable[[Arguments, Keywords], str | None] = message_of_call
    answer: Callable[[Any], str | None] = text_of_answer  # Any: see above


def hooked(
    memory: ConsciousMemory,
    function: Callable[P, R],
    extractors: Extractors,
    on_error: Callable[[Exception], None] | None,
) -> Callable[P, R]:
    """`function` with every exchange learnt once it has answered; its answer and its errors are its own."""
    if _is_async(function):

        @functools.wraps(function)
        async def asynchronous(*args: P.args, **kwargs: P.kwargs) -> object:
            call = _Call(memory, extractors, on_error, args, kwargs)
            return await call.awaited(cast("Callable[P, Awaitable[object]]", function)(*args, **kwargs))

        return cast("Callable[P, R]", asynchronous)

    @functools.wraps(function)
    def synchronous(*args: P.args, **kwargs: P.kwargs) -> R:
        call = _Call(memory, extractors, on_error, args, kwargs)
        return cast("R", call.answered(function(*args, **kwargs)))

    return synchronous


def _is_async(function: Callable[..., object]) -> bool:
    """Whether a call gives a coroutine; objects may be called too."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004  # not whether, but how it is called


class _Pieces:
    """The text of a stream so far, no longer than one message may be."""

    def __init__(self, text_of: Callable[[Any], str | None], bytes_max: int) -> None:
        self._text_of = text_of
        self._room = bytes_max // 4  # the most bytes that a character takes
        self._pieces: list[str] = []

    def add(self, piece: object) -> None:
        if self._room > 0 and (text := self._text_of(piece)):
            self._pieces.append(text[: self._room])
            self._room -= len(text)

    @property
    def text(self) -> str:
        return "".join(self._pieces)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a wrapped function: what went in, and how to learn it with what comes out."""

    memory: ConsciousMemory
    extractors: Extractors
    on_error: Callable[[Exception], None] | None
    arguments: Arguments
    keywords: Keywords

    def answered(self, answer: object) -> object:
        """The answer as the caller gets it: learnt now, or when an awaitable has come, or a stream has ended."""
        if isinstance(answer, asyncio.Future):
            answer.add_done_callback(self._done)
            return answer
        if inspect.isgenerator(answer):
            return self._stream(cast("Generator[object, object, object]", answer))
        if inspect.isasyncgen(answer):
            return self._async_stream(cast("AsyncGenerator[object, object]", answer))
        if inspect.isawaitable(answer):
            return self.awaited(answer)
        self._learn(answer, self.extractors.answer)
        return answer

    async def awaited(self, coming: Awaitable[object]) -> object:
        answer = await coming
        await self._learn_off_loop(answer, self.extractors.answer)
        return answer

    def _done(self, future: asyncio.Future[object]) -> None:
        if not future.cancelled() and future.exception() is None:
            task = asyncio.ensure_future(self._learn_off_loop(future.result(), self.extractors.answer))
            _learning.add(task)
            task.add_done_callback(_learning.discard)

    def _stream(self, pieces: Generator[object, object, object]) -> Generator[object, object, object]:
        kept = self._pieces()
        try:
            piece = next(pieces)
            while True:
                self._keep(kept, piece)
                piece = pieces.send((yield piece))
        except StopIteration as end:
            self._learn(kept.text, _itself)
            return end.value
        finally:
            pieces.close()

    async def _async_stream(self, pieces: AsyncGenerator[object, object]) -> AsyncGenerator[object, object]:
        kept = self._pieces()
        try:
            piece = await anext(pieces)
            while True:
                self._keep(kept, piece)
                piece = await pieces.asend((yield piece))
        except StopAsyncIteration:
            await self._learn_off_loop(kept.text, _itself)
        finally:
            await pieces.aclose()

    def _pieces(self) -> _Pieces:
        return _Pieces(self.extractors.answer, self.memory.config.max_text_bytes)

    def _keep(self, kept: _Pieces, piece: object) -> None:
        with harmless(self._failed):
            kept.add(piece)

    def _said(self, answer: object, text_of: Callable[[Any], str | None]) -> tuple[str, str] | None:
        message, text = self.extractors.message(self.arguments, self.keywords), text_of(answer)
        return (message or "", text or "") if (message or "").strip() or (text or "").strip() else None

    def _learn(self, answer: object, text_of: Callable[[Any], str | None]) -> None:
        with harmless(self._failed):
            if said := self._said(answer, text_of):
                self.memory.learn(*said)

    async def _learn_off_loop(self, answer: object, text_of: Callable[[Any], str | None]) -> None:
        with harmless(self._failed):
            if said := self._said(answer, text_of):
                await self.memory.alearn(*said)

    def _failed(self, error: Exception) -> None:
        if self.on_error is None:
            _logger.error("an exchange was not learnt", exc_info=error)
            return
        said = "on_error failed for an exchange that was not learnt: %s"
        with harmless(lambda failure: _logger.error(said, error, exc_info=failure)):
            self.on_error(error)


_learning: set[asyncio.Task[None]] = set()
"""Learns under way for futures; the event loop itself holds its tasks weakly."""


def _itself(text: str) -> str:
    return text
