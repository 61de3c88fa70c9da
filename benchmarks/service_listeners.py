"""Instances that listen, in a process of their own.

`python -m benchmarks.service_listeners PORT KEY COUNT EVENTS FILE` prints ``ready``, and at the end writes JSON to the
file: for each instance the numbers of the events it got, in their order, each with the moment (seconds of the
machine's monotonic clock) at which it came.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path

import uvloop
from websockets.asyncio.client import connect

NUMBER = re.compile(r'"content_preview":"event (\d+) ')
GIVE_UP_SECONDS = 120.0


async def listen(url: str, key: str, events: int, connected: asyncio.Semaphore, got: list[tuple[int, float]]) -> None:
    """One instance, until it has got all events."""
    headers = {"X-API-Key": key}
    async with connect(url, additional_headers=headers, compression=None, max_queue=None, ping_interval=None) as socket:
        await socket.recv()  # the welcome
        connected.release()
        async for message in socket:
            found = NUMBER.search(str(message))
            if found is not None:
                got.append((int(found[1]), time.monotonic()))
                if len(got) == events:
                    return


async def run(port: int, key: str, count: int, events: int) -> list[list[tuple[int, float]]]:
    """All instances."""
    connected = asyncio.Semaphore(0)
    received: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    base = f"ws://127.0.0.1:{port}/ws/sync?tenant_id=bench&instance_id=listener"
    tasks = [
        asyncio.create_task(listen(f"{base}-{number}", key, events, connected, received[number]))
        for number in range(count)
    ]
    for _ in range(count):
        await connected.acquire()
    print("ready", flush=True)
    await asyncio.wait(tasks, timeout=GIVE_UP_SECONDS)
    return received


if __name__ == "__main__":
    heard = uvloop.run(run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    Path(sys.argv[5]).write_text(json.dumps(heard))
