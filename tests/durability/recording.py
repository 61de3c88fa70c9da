"""A disk that can lose its power: records every write and sync of SQLite, and rebuilds what would be left.

The model is the usual one of ext4 and xfs: what was synced is there; of what was not, each 512-byte sector is there
or not; a later sync of any file also makes earlier deletions durable.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import apsw

from continuum.storage.sqlite_driver import ClosableConnection, SQLiteDriver

SECTOR = 512
Mode = Literal["strict", "torn"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that was asked of the disk."""

    kind: Literal["write", "truncate", "sync", "delete", "everything"]
    name: str
    offset: int = 0
    data: bytes = b""


@dataclass(slots=True)
class Tape:
    """What the disk was asked, in order."""

    operations: list[Operation] = field(default_factory=list)

    def add(self, operation: Operation) -> None:
        self.operations.append(operation)

    def left_over(self, until: int, mode: Mode, rng: random.Random) -> dict[str, bytes]:
        """The files that a disk may hold whose power went after `until` operations."""
        durable: dict[str, bytearray] = {}
        pending: dict[str, list[Operation]] = {}
        gone: set[str] = set()
        for operation in self.operations[:until]:
            if operation.kind in ("sync", "everything"):
                for name in gone:
                    durable.pop(name, None)
                    pending.pop(name, None)
                gone.clear()
                for name in list(pending) if operation.kind == "everything" else [operation.name]:
                    _apply(durable.setdefault(name, bytearray()), pending.pop(name, []))
            elif operation.kind == "delete":
                gone.add(operation.name)
            else:
                if operation.name in gone:
                    gone.discard(operation.name)
                    durable.pop(operation.name, None)
                pending.setdefault(operation.name, []).append(operation)
        if mode == "torn":
            for name, operations in pending.items():
                _tear(durable.setdefault(name, bytearray()), operations, rng)
        return {name: bytes(content) for name, content in durable.items()}


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _apply(content: bytearray, operations: list[Operation]) -> None:
    for operation in operations:
        if operation.kind == "write":
            _put(content, operation.offset, operation.data)
        else:
            del content[operation.offset :]


def _tear(content: bytearray, operations: list[Operation], rng: random.Random) -> None:
    for operation in operations:
        if operation.kind == "truncate" and rng.random() < 0.5:
            del content[operation.offset :]
        for start in range(0, len(operation.data), SECTOR):
            if rng.random() < 0.5:
                _put(content, operation.offset + start, operation.data[start : start + SECTOR])


def recording_driver(tape: Tape, *, explicit_sync: bool = True) -> SQLiteDriver:
    """A driver whose SQLite and whose explicit syncs go through `tape`; keep it alive as long as its backend.

    Without `explicit_sync` the syncs that precede an acknowledgement are left out: a test of the test.
    """
    vfs = _RecordingVFS(f"recording-{id(tape)}", tape)

    def connect(path: str) -> ClosableConnection:
        connection = apsw.Connection(path, vfs=vfs.name)
        connection.set_busy_timeout(30_000)
        return connection

    def sync(descriptor: int) -> None:
        if explicit_sync:
            os.fdatasync(descriptor)
            tape.add(Operation("sync", _name_of(descriptor)))

    return SQLiteDriver(connect=connect, errors=(apsw.Error,), code_of=apsw_code, sync=sync)


def apsw_code(exc: Exception) -> int:
    """SQLite's result code of a failure that apsw reports."""
    return int(getattr(exc, "extendedresult", 0))


def _name_of(descriptor: int) -> str:
    return Path(f"/proc/self/fd/{descriptor}").readlink().name


class _RecordingVFS(apsw.VFS):
    def __init__(self, name: str, tape: Tape) -> None:
        self.name = name
        self._tape = tape
        super().__init__(name, "")

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802  # apsw's name
        return _RecordingFile(name, flags, self._tape.add)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        self._tape.add(Operation("delete", Path(filename).name))
        super().xDelete(filename, syncdir)


class _RecordingFile(apsw.VFSFile):
    def __init__(self, name: apsw.URIFilename | str | None, flags: list[int], add: Callable[[Operation], None]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path or "unnamed").name
        self._add = add
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._add(Operation("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._add(Operation("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._add(Operation("sync", self._name))
