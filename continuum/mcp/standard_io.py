"""Messages over standard input and output, with a client that may leave, stall or send nonsense at any moment.

The transport of the protocol's library is not used: a signal cannot end it while it waits for a line, what was asked
last gets no answer if the input ends with it, and a line that is no message is passed over, so that whoever sent it
waits for ever.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any, Final, TypeVar

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.shared.message import ServerMessageMetadata, SessionMessage

from continuum.domain.records import Json

LINE_BYTES_MAX: Final = 16 << 20
"""Of one message: several times the longest texts that a tool takes, escaped."""
READ_BYTES: Final = 1 << 16
ANSWERS_WAITED_SECONDS: Final = 5.0
"""How long answers to what was asked before the input ended are waited for."""

Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]
Answer = TypeVar("Answer")
_logger = logging.getLogger(__name__)


async def serve_standard_io(server: Server[Any]) -> None:  # Any: the library leaves the state to the application
    """Serve one client until it leaves, or the process is told to end. What it asked before is still answered."""
    with _taken_pipes() as (source, sink):
        wire = _Wire(sink)
        async with wire.flowing(source) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())


class Lines:
    """Cuts what is read into lines. Of one that is too long only that is known: it comes as None."""

    def __init__(self, bytes_max: int = LINE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._kept = bytearray()
        self._size = 0

    def fed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The lines that end in a chunk; an empty chunk ends the last one."""
        *ended, rest = chunk.split(b"\n") if chunk else (b"", b"")
        for part in ended:
            self._keep(part)
            yield bytes(self._kept) if self._size <= self._bytes_max else None
            self._kept, self._size = bytearray(), 0
        self._keep(rest)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._bytes_max:
            self._kept += part
        else:
            self._kept.clear()


class _Wire:
    """The messages in flight between two pipes and the server."""

    def __init__(self, sink: int) -> None:
        self._sink = sink
        self._to_server, self._incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        self._outgoing, self._to_client = anyio.create_memory_object_stream[SessionMessage](0)
        self._refusals = self._outgoing.clone()
        self._asked: set[types.RequestId] = set()
        self._all_answered = anyio.Event()
        self._reading = anyio.CancelScope()
        self._is_client_gone = False

    @asynccontextmanager
    async def flowing(self, source: int) -> AsyncIterator[tuple[Incoming, Outgoing]]:
        """The two streams of the server. Leaving waits until what was said is written, with a bound."""
        async with anyio.create_task_group() as writing, anyio.create_task_group() as listening:
            writing.start_soon(self._write)
            listening.start_soon(self._read, source)
            if sys.platform != "win32":
                listening.start_soon(self._heed_signals)
            yield self._incoming, self._outgoing
            listening.cancel_scope.cancel()
            writing.cancel_scope.deadline = anyio.current_time() + ANSWERS_WAITED_SECONDS  # a stalled client

    async def _heed_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
            async for _ in signals:
                self._reading.cancel()

    async def _read(self, source: int) -> None:
        worker, lines = _Worker("mcp-input"), Lines()
        async with self._to_server, self._refusals:
            with self._reading:
                while chunk := await worker.do(partial(_read_some, source)):
                    for line in lines.fed(chunk):
                        await self._arrived(line)
                for line in lines.fed(b""):
                    await self._arrived(line)
            with anyio.move_on_after(ANSWERS_WAITED_SECONDS):
                while self._asked:
                    self._all_answered = anyio.Event()
                    await self._all_answered.wait()

    async def _arrived(self, line: bytes | None) -> None:
        if line is None:
            await self._refuse(None, types.INVALID_REQUEST, f"a message has at most {LINE_BYTES_MAX} bytes")
        elif line.strip():
            try:
                message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                await self._refuse(*_what_is_wrong(line))
            else:
                if isinstance(message, types.JSONRPCNotification) and _has_id(line):
                    await self._refuse(None, types.INVALID_REQUEST, "the id of a request is text or a whole number")
                else:
                    await self._pass_on(message)

    async def _pass_on(self, message: types.JSONRPCMessage) -> None:
        metadata = None
        if isinstance(message, types.JSONRPCRequest):
            self._asked.add(message.id)
            metadata = ServerMessageMetadata(on_request_unanswered=partial(self._given_up, message.id))
        await self._to_server.send(SessionMessage(message, metadata))

    async def _refuse(self, request_id: types.RequestId | None, code: int, sentence: str) -> None:
        error = types.JSONRPCError(jsonrpc="2.0", id=request_id, error=types.ErrorData(code=code, message=sentence))
        await self._refusals.send(SessionMessage(error))

    async def _given_up(self, request_id: types.RequestId) -> None:
        self._settle(request_id)

    def _settle(self, request_id: types.RequestId) -> None:
        self._asked.discard(request_id)
        if not self._asked:
            self._all_answered.set()

    async def _write(self) -> None:
        """Write what the server says; once the client reads no more, only take it away."""
        worker = _Worker("mcp-output")
        async with self._to_client:
            async for said in self._to_client:
                message = said.message
                line = message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"
                if not self._is_client_gone:
                    try:
                        await worker.do(partial(_write_all, self._sink, line))
                    except OSError as exc:
                        _logger.info("the client reads no more: %s", exc)
                        self._is_client_gone = True
                        self._reading.cancel()
                if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and message.id is not None:
                    self._settle(message.id)


def _loaded(line: bytes) -> Json:
    """The JSON of a line, None if it is none, or too much of it."""
    with suppress(ValueError, RecursionError):
        return json.loads(line)
    return None


def _has_id(line: bytes) -> bool:
    """Whether a notification is none: the library passes over an id that it cannot read."""
    told = _loaded(line) if b'"id"' in line else None
    return isinstance(told, dict) and "id" in told


def _what_is_wrong(line: bytes) -> tuple[types.RequestId | None, int, str]:
    """Whose request a line would have been, as far as that can be told, and what is wrong with it."""
    told = _loaded(line)
    if told is None:
        return None, types.PARSE_ERROR, "a line is no JSON; send one message a line"
    found = told.get("id") if isinstance(told, dict) and "method" in told else None
    named = found if isinstance(found, str | int) and not isinstance(found, bool) else None
    return named, types.INVALID_REQUEST, "a line is no message of JSON-RPC 2.0, or is nested too deep"


class _Worker:
    """Does blocking calls, one after the other, on a thread that never holds up the end of the process."""

    def __init__(self, name: str) -> None:
        self._todo: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while True:
            self._todo.get()()

    async def do(self, work: Callable[[], Answer]) -> Answer:
        """What some work gives. Raises OSError of it. If it is given up, its outcome is let go."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def settle(answer: Answer | None, error: OSError | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(answer)  # type: ignore[arg-type]  # without an error it is the answer

        def work_and_tell() -> None:
            answer, error = None, None
            try:
                answer = work()
            except OSError as exc:
                error = exc
            with suppress(RuntimeError):  # the loop may have ended meanwhile
                loop.call_soon_threadsafe(settle, answer, error)

        self._todo.put(work_and_tell)
        return await future


def _read_some(source: int) -> bytes:
    try:
        return os.read(source, READ_BYTES)
    except OSError as exc:  # a terminal that hung up, for instance: an end like any other
        _logger.info("the input ended: %s", exc)
        return b""


def _write_all(sink: int, line: bytes) -> None:
    left = memoryview(line)
    while left:
        left = left[os.write(sink, left) :]


@contextmanager
def _taken_pipes() -> Iterator[tuple[int, int]]:
    """Input and output for messages alone: meanwhile the process reads nothing, and prints to standard error."""
    sys.stdout.flush()
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # no standard error either
        os.dup2(nothing, 1)
    os.close(nothing)
    try:
        yield source, sink
    finally:
        sys.stdout.flush()
        os.dup2(sink, 1)
        os.dup2(source, 0)  # the copies stay open: a thread may still wait on one of them
