"""A load generator: connections that each send one request after the other, as fast as the answers come.

`python -m benchmarks.service_load` reads a plan (JSON) from standard input and writes what it measured to standard
output: a process of its own, so that its work is not taken for the server's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict, cast

import uvloop


class Plan(TypedDict):
    """What is sent: raw requests, each connection's in turn, until the time is over."""

    host: str
    port: int
    connections: int
    seconds: float
    warm_seconds: float
    pause_seconds: float
    """Between two requests of a connection; 0 for none."""
    requests: list[list[str]]
    """One list for each connection, or a single one for all of them."""


@dataclass(slots=True)
class Measured:
    """What came back after the warm-up."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, requests: list[bytes], offset: int, plan: Plan, begins: float, measured: Measured) -> None:
        self._requests = requests
        self._next = offset
        self._plan = plan
        self._counts_from = begins + plan["warm_seconds"]
        self._ends = self._counts_from + plan["seconds"]
        self._measured = measured
        self._buffer = b""
        self._needed = -1
        self._sent_at = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._measured.statuses[0] += 1
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._needed < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 : head.find(b"\r\n", at) if b"\r\n" in head[at:] else None]) if at >= 0 else 0
            self._needed = end + 4 + length
        if len(self._buffer) >= self._needed:
            self._answered(int(self._buffer[9:12]))

    def _answered(self, status: int) -> None:
        now = time.perf_counter()
        if self._sent_at >= self._counts_from and now < self._ends:
            self._measured.milliseconds.append((now - self._sent_at) * 1_000)
            self._measured.statuses[status] += 1
        self._buffer, self._needed = b"", -1
        if now >= self._ends:
            self.done.set_result(None)
            self._transport.close()
        elif self._plan["pause_seconds"]:
            asyncio.get_running_loop().call_later(self._plan["pause_seconds"], self._send)
        else:
            self._send()

    def _send(self) -> None:
        if self._transport.is_closing():
            return
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        self._sent_at = time.perf_counter()
        self._transport.write(request)


async def run(plan: Plan) -> Measured:
    """Carry out a plan."""
    measured = Measured()
    begins = time.perf_counter()
    loop = asyncio.get_running_loop()
    callers = []
    for number in range(plan["connections"]):
        own = plan["requests"][number % len(plan["requests"])]
        encoded = [each.encode("latin-1") for each in own]
        _, caller = await loop.create_connection(
            lambda encoded=encoded, number=number: Caller(encoded, number * 7, plan, begins, measured),  # type: ignore[misc]  # a lambda with defaults
            plan["host"],
            plan["port"],
        )
        callers.append(caller)
    await asyncio.gather(*(caller.done for caller in callers))
    return measured


def main() -> None:
    plan: Plan = json.load(sys.stdin)
    measured = uvloop.run(run(plan))
    json.dump({"milliseconds": measured.milliseconds, "statuses": measured.statuses}, sys.stdout)


if __name__ == "__main__":
    main()
