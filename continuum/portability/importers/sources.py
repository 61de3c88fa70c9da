"""Opens what is imported: files, folders, archives; with bounds on what an archive may unpack to."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from continuum.domain.records import Json
from continuum.errors import FeatureUnavailableError, InvalidInputError, install_hint

UNPACKED_BYTES_MAX = 16 << 30
RATIO_MAX = 200
SMALL_BYTES = 64 << 20
"""Below this nobody minds how well a file was packed."""
LINE_BYTES_MAX = 64 << 20
FILES_MAX = 100_000


@contextmanager
def opened(path: Path, name: str | None = None) -> Iterator[IO[bytes]]:
    """A file, or the file of a name in an archive. Raises InvalidInputError for a broken archive, and OSError."""
    if not is_archive(path):
        with path.open("rb") as file:
            yield file
        return
    try:
        with zipfile.ZipFile(path) as archive:
            member = next((each for each in members(path, archive) if PurePosixPath(each.filename).name == name), None)
            if member is None:
                raise InvalidInputError("source", f"{path.name} holds no {name}")
            with archive.open(member) as file:
                yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
        raise InvalidInputError("source", f"{path.name} is cut or damaged: {exc}; fetch it again") from exc


def is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive. Raises InvalidInputError for names that lead elsewhere, and for bombs."""
    found = archive.infolist()
    if len(found) > FILES_MAX:
        raise InvalidInputError("source", f"{path.name} holds more than {FILES_MAX} files", limit=FILES_MAX)
    total = 0
    for each in found:
        parts = PurePosixPath(each.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts:
            raise InvalidInputError("source", f"{path.name} holds a name that leads out of it; it is not to be trusted")
        total += each.file_size
        if each.file_size > SMALL_BYTES and each.file_size > RATIO_MAX * max(each.compress_size, 1):
            raise InvalidInputError("source", f"{path.name} would unpack to more than {RATIO_MAX} times its size")
    if total > UNPACKED_BYTES_MAX:
        limit = UNPACKED_BYTES_MAX >> 30
        raise InvalidInputError("source", f"{path.name} would unpack to more than {limit} GiB; unpack it yourself")
    return found


def names_in(path: Path) -> set[str]:
    """The names of the files in an archive, without their folders."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {PurePosixPath(each.filename).name for each in members(path, archive)}
    except zipfile.BadZipFile as exc:
        raise InvalidInputError("source", f"{path.name} is cut or damaged: {exc}; fetch it again") from exc


def items(path: Path, prefix: str, name: str | None = None) -> Iterator[Json]:
    """The items of a list in a JSON file, one by one, whatever its size. Raises InvalidInputError and OSError.

    `prefix` leads to them: ``item`` for a list at the top, ``results.item`` for one inside.
    """
    try:
        import ijson  # type: ignore[import-untyped]  # it comes without types
        from ijson.common import JSONError  # type: ignore[import-untyped]  # as above
    except ImportError as exc:
        hint = install_hint("imports")
        raise FeatureUnavailableError(f"reading an export needs an optional package: {hint}") from exc
    with opened(path, name) as file:
        try:
            yield from ijson.items(file, prefix, use_float=True)
        except (JSONError, UnicodeDecodeError, ValueError) as exc:
            problem = f"{path.name} is no whole JSON: {str(exc)[:200]}; fetch it again"
            raise InvalidInputError("source", problem) from exc


def lines(path: Path) -> Iterator[tuple[int, Json]]:
    """The values of a file of JSON Lines, with their numbers; None for a line that is none. Raises OSError."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES_MAX):
            number += 1
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, None


def files_below(folder: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """The files of a folder and what lies in it, in the order of their names; links that lead out are passed over."""
    home = folder.resolve()
    for number, path in enumerate(sorted(folder.rglob("*"))):
        if number > FILES_MAX:
            problem = f"holds more than {FILES_MAX} files; import a part of it"
            raise InvalidInputError("source", problem, limit=FILES_MAX)
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts[:-1])
        if path.suffix.lower() in endings and not hidden and path.is_file() and path.resolve().is_relative_to(home):
            yield path


def beginning(path: Path, size: int = 65_536) -> str:
    """The first characters of a file."""
    with path.open("rb") as file:
        return file.read(size).decode("utf-8", "replace")
