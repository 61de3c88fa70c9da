"""A client that leaves, stalls, is ended or sends nonsense: what it asked is answered, and the server ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum import ConsciousMemory
from continuum.mcp.standard_io import LINE_BYTES_MAX, Lines
from tests.mcp.test_tools import environ
from tests.requirements import requirement

pytestmark = pytest.mark.timeout(60)
END_SECONDS = 30
"""More than any end takes on a busy machine; a server that hangs never gets there."""
Message = dict[str, Any]  # Any: JSON
HELLO: Message = {
    "jsonrpc": "2.0",
    "id": "hello",
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
NESTED = '{"a":' * 500 + "1" + "}" * 500


class Spoken:
    """A server process that messages are written to by hand."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def say(self, message: Message | bytes) -> None:
        assert self.process.stdin is not None
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def heard(self) -> Message:
        assert self.process.stdout is not None
        answer: Message = json.loads(self.process.stdout.readline())
        return answer

    def ended(self) -> tuple[int, str]:
        """The exit code, and what stands on standard error."""
        assert self.process.stderr is not None
        code = self.process.wait(END_SECONDS)
        return code, self.process.stderr.read().decode()

    def hang_up(self) -> list[Message]:
        """End the input; what is still said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        return [json.loads(line) for line in self.process.stdout]


@contextmanager
def server_on(store: Path) -> Iterator[Spoken]:
    """A server that was greeted."""
    process = subprocess.Popen(
        [sys.executable, "-m", "continuum.mcp.server"],
        env=environ(store),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        spoken = Spoken(process)
        spoken.say(HELLO)
        assert spoken.heard()["id"] == "hello"
        spoken.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield spoken
    finally:
        process.kill()
        process.wait(END_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):  # what was still to be written has no reader
                pipe.close()


def call(number: int, tool: str, **arguments: object) -> Message:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def kept(store: Path) -> int:
    with ConsciousMemory("alice", store) as memory:
        return int(memory.get_stats()["messages"])


@requirement("mcp:trouble")
def test_what_was_asked_last_is_done_and_answered_though_the_input_ends_with_it(tmp_path: Path) -> None:
    with server_on(tmp_path / "own.db") as server:
        server.say(call(1, "learn", user_message="I like coffee."))
        server.say(call(2, "stats"))
        answers = {each["id"]: each for each in server.hang_up()}
        assert server.ended() == (0, "")
    assert answers[1]["result"]["structuredContent"]["facts"] == ["user likes: coffee"]
    assert not answers[2]["result"]["isError"]
    assert kept(tmp_path / "own.db") == 1


@requirement("mcp:trouble")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_a_signal_ends_a_server_that_waits_for_its_client(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with server_on(tmp_path / "own.db") as server:
        server.say(call(1, "learn", user_message="I like tea."))
        server.heard()
        server.process.send_signal(number)
        assert server.ended() == (code, "")
    assert kept(tmp_path / "own.db") == 1


@requirement("mcp:trouble")
def test_a_client_that_reads_no_more_ends_the_server_though_its_other_pipe_stays(tmp_path: Path) -> None:
    with server_on(tmp_path / "own.db") as server:
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.say(call(1, "learn", user_message="I like tea."))
        assert server.ended() == (0, "")
    assert kept(tmp_path / "own.db") == 1


@requirement("mcp:trouble")
def test_a_client_that_asks_and_never_reads_does_not_keep_the_server(tmp_path: Path) -> None:
    """Far more is asked than the pipes hold, so that both sides wait for each other."""

    def ask() -> None:
        with suppress(OSError):  # the server has ended
            for number in range(2_000):
                server.say({"jsonrpc": "2.0", "id": number, "method": "tools/list"})

    with server_on(tmp_path / "own.db") as server:
        asking = threading.Thread(target=ask)
        asking.start()
        asking.join(1)
        server.process.send_signal(signal.SIGTERM)
        assert server.ended()[0] == 0
        asking.join(END_SECONDS)
        assert not asking.is_alive()


@requirement("mcp:trouble")
def test_a_request_that_is_cancelled_is_not_answered_and_holds_up_nothing(tmp_path: Path) -> None:
    with server_on(tmp_path / "own.db") as server:
        server.say(call(1, "recall", message="tea"))
        server.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        server.say(call(2, "stats"))
        answers = [each["id"] for each in server.hang_up()]
        assert server.ended() == (0, "")
    assert answers in ([2], [1, 2], [2, 1])  # it may have been done before


@requirement("mcp:trouble")
@pytest.mark.parametrize(
    ("line", "number", "code"),
    [
        (b"{broken", None, -32700),
        (b"\xff\xfe", None, -32700),
        (b"[" * 100_000, None, -32700),
        (b"[]", None, -32600),
        (b'"text"', None, -32600),
        (b'{"jsonrpc": "1.0", "id": 7, "method": "ping"}', 7, -32600),
        (b'{"jsonrpc": "2.0", "id": "seven", "method": "tools/call", "params": []}', "seven", -32600),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "result": 3}', None, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "x", "params": {"text": "\\ud800"}}', 7, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "x", "params": ' + NESTED.encode() + b"}", 7, -32600),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "no/such"}', 7, -32601),
        (b'{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": 3}}', 7, -32602),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "x", "params": {"n": ' + b"9" * 5_000 + b"}}", None, -32700),
        (b'{"text": "' + b"x" * LINE_BYTES_MAX + b'"}', None, -32600),
    ],
    ids=range(16),
)
def test_a_line_that_is_no_message_is_answered_with_what_is_wrong_and_the_next_one_counts(
    nonsense: Spoken, line: bytes, number: object, code: int
) -> None:
    nonsense.say(line)
    refused = nonsense.heard()
    assert (refused["id"], refused["error"]["code"]) == (number, code)
    nonsense.say(call(8, "forget", message_id=""))
    assert nonsense.heard()["id"] == 8


@pytest.fixture(scope="module")
def nonsense(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoken]:
    """One server that hears all of it: none may harm the next."""
    with server_on(tmp_path_factory.mktemp("nonsense") / "own.db") as server:
        yield server


@given(
    lines=st.lists(st.binary(max_size=12).map(lambda part: part.replace(b"\n", b"")), min_size=1, max_size=8),
    sizes=st.lists(st.integers(1, 9), min_size=1),
    longest=st.integers(1, 10),
)
def test_lines_are_the_same_however_they_arrive(lines: list[bytes], sizes: list[int], longest: int) -> None:
    whole = b"\n".join(lines)
    cut, found, place = Lines(longest), [], 0
    while place < len(whole):
        size = sizes[place % len(sizes)]
        found += list(cut.fed(whole[place : place + size]))
        place += size
    found += list(cut.fed(b""))
    assert found == [line if len(line) <= longest else None for line in lines]
