"""A memory behind a service, as one side of a sync."""

from __future__ import annotations

from pathlib import Path

from continuum.client import Client
from continuum.portability.syncing import Taken


class ServiceSide:
    """Gives and takes changes over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def give(self, path: Path, after_seq: int) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            self._client.export(file, after_seq=after_seq, for_sync=True)

    def take(self, path: Path) -> Taken:
        with path.open("rb") as file:
            done = self._client.import_(file, for_sync=True)
        return Taken(done.position, done.entries, done.messages, done.forgotten, done.left_out)
