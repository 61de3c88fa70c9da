"""Files of an export: written beside and renamed, packed or not; read line by line, with a bound on each line."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from continuum.domain.records import Json
from continuum.errors import InvalidInputError
from continuum.portability.line_fields import compact

PACKED_ENDING = ".gz"
_PACKED_MAGIC = b"\x1f\x8b"
_COPY_BYTES = 1 << 20

Target = str | Path | TextIO
Source = str | Path | TextIO | BinaryIO


class LineWriter:
    """Writes objects as lines, and keeps their number and SHA-256."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._digest = hashlib.sha256()
        self.lines = 0
        self.bytes = 0

    def write(self, value: Json) -> None:
        line = compact(value) + "\n"
        data = line.encode()
        self._digest.update(data)
        self._out.write(line)
        self.lines += 1
        self.bytes += len(data)

    @property
    def digest(self) -> str:
        """Of all lines so far, in hex digits."""
        return self._digest.hexdigest()


@contextmanager
def written(target: Target) -> Iterator[TextIO]:
    """A text file to write lines to. A path appears when all is written and synced, or not at all.

    Only the owner may read it: it holds what the memory holds. A path that ends with ``.gz`` is packed. An open
    file is left open. Raises OSError.
    """
    if not isinstance(target, str | Path):
        yield target
        return
    path = Path(target)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    except OSError as exc:
        exc.filename = str(path)  # the name that the caller knows
        raise
    try:
        with os.fdopen(descriptor, "wb") as raw:
            packed = gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if path.name.endswith(PACKED_ENDING) else None
            out = cast("BinaryIO", raw if packed is None else packed)
            text = io.TextIOWrapper(out, "utf-8", newline="\n")
            yield text
            text.flush()
            text.detach()
            if packed is not None:
                packed.close()
            raw.flush()
            os.fsync(raw.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def readable_path(source: Source) -> Iterator[Path]:
    """The path of an export; what is no path is first copied to a file that goes with the `with`."""
    if isinstance(source, str | Path):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory(prefix="continuum-import-") as folder:
        path = Path(folder) / "export.jsonl"
        with path.open("wb") as copy:
            while piece := source.read(_COPY_BYTES):
                copy.write(piece.encode() if isinstance(piece, str) else piece)
        yield path


def numbered_lines(path: Path, line_bytes_max: int) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, from 1; memory is bounded by one line. Raises InvalidInputError.

    A packed file is recognised by its content.
    """
    number = 0
    with path.open("rb") as raw:
        packed = raw.peek(2)[:2] == _PACKED_MAGIC
        out = cast("BinaryIO", gzip.GzipFile(fileobj=raw, mode="rb") if packed else raw)
        try:
            while line := out.readline(line_bytes_max + 1):
                number += 1
                if len(line) > line_bytes_max:
                    problem = f"has more than {line_bytes_max} bytes"
                    raise InvalidInputError(f"line {number}", problem, limit=line_bytes_max)
                yield number, line
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            raise InvalidInputError(f"line {number + 1}", f"the packed file was cut or changed: {exc}") from exc
