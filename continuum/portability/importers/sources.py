"""Opens what is imported: files, folders, archives; with bounds on what an archive may unpack to."""

from __future__ import annotations

import json
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from continuum.domain.records import Json
from continuum.errors import FeatureUnavailableError, InvalidInputError, install_hint, shown

UNPACKED_BYTES_MAX = 16 << 30
RATIO_MAX = 200
SMALL_BYTES = 64 << 20
"""Below this nobody minds how well a file was packed."""
PIECE_BYTES_MAX = 32 << 20
"""One conversation, one line: what has to be held in memory at once."""
HELD_BYTES_MAX = 140 << 20
"""What a piece may take up when it is read; small objects take up many times what they take up in a file."""
FILES_MAX = 100_000
_ZIP_SIGNS = (b"PK\x03\x04", b"PK\x05\x06")
_MARK = b"\xef\xbb\xbf"
_ENCRYPTED = 1
_FOLDERS_OF_EXPORTS = ("", "projects", "memories")


class Part(NamedTuple):
    """A file, or the file of a name in an archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """How a message names it."""
        return self.path.name if self.member is None else f"{self.path.name} ({shown(self.member)})"


def parts(path: Path, pattern: re.Pattern[str]) -> list[Part]:
    """What an export holds under names that match, in their order: an archive, a folder; a file is its only part."""
    if path.is_dir():
        home = path.resolve()
        found = (each for folder in _FOLDERS_OF_EXPORTS for each in (path / folder).glob("*.json"))
        inside = (each for each in found if each.is_file() and each.resolve().is_relative_to(home))
        return [Part(each) for each in sorted(inside) if pattern.search(each.relative_to(path).as_posix())]
    if not is_archive(path):
        return [Part(path)]
    with _archive(path) as archive:
        names = (each.filename for each in members(path, archive) if not each.is_dir())
        return [Part(path, each) for each in sorted(names) if pattern.search(each) and "__MACOSX/" not in each]


def parts_needed(path: Path, *patterns: re.Pattern[str]) -> list[Part]:
    """The same, of several names. Raises InvalidInputError where there is none."""
    found = [part for pattern in patterns for part in parts(path, pattern)]
    if not found:
        raise InvalidInputError("source", f"{path.name} holds no file that such an export has; name the file itself")
    return found


@contextmanager
def opened(part: Part) -> Iterator[IO[bytes]]:
    """The bytes of a part. Raises InvalidInputError for a broken archive, and OSError."""
    if part.member is None:
        with part.path.open("rb") as file:
            yield file
        return
    with _archive(part.path) as archive:
        member = next(each for each in members(part.path, archive) if each.filename == part.member)
        if member.flag_bits & _ENCRYPTED:
            raise InvalidInputError("source", f"{part.path.name} is locked with a password; unpack it yourself")
        with archive.open(member) as file:
            yield file


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as exc:
        raise InvalidInputError("source", f"{path.name} is cut or damaged: {exc}; fetch it again") from exc


def is_archive(path: Path) -> bool:
    """Whether a file begins as a zip archive does."""
    with path.open("rb") as file:
        return file.read(4) in _ZIP_SIGNS


def members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive. Raises InvalidInputError for names that lead elsewhere, and for bombs."""
    found = archive.infolist()
    if len(found) > FILES_MAX:
        raise InvalidInputError("source", f"{path.name} holds more than {FILES_MAX} files", limit=FILES_MAX)
    total = 0
    for each in found:
        inside = PurePosixPath(each.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts:
            raise InvalidInputError("source", f"{path.name} holds a name that leads out of it; it is not to be trusted")
        total += each.file_size
        if each.file_size > SMALL_BYTES and each.file_size > RATIO_MAX * max(each.compress_size, 1):
            problem = f"{path.name} would unpack to more than {RATIO_MAX} times its size; it is not to be trusted"
            raise InvalidInputError("source", problem, limit=RATIO_MAX)
    if total > UNPACKED_BYTES_MAX:
        limit = UNPACKED_BYTES_MAX >> 30
        problem = f"{path.name} would unpack to more than {limit} GiB; unpack it yourself"
        raise InvalidInputError("source", problem, limit=UNPACKED_BYTES_MAX)
    return found


def held_bytes(data: bytes) -> int:
    """About what a piece of JSON takes up in memory; measured for texts, for small objects and for numbers."""
    return 3 * len(data) + 350 * data.count(b"{") + 100 * data.count(b"[") + 40 * data.count(b",")


class _Measured:
    """A file without the mark at its beginning, that holds no piece that is too large."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self._name, self._begun = file, name, False
        self._bytes = self._held = 0

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes. Raises InvalidInputError where a piece is too large."""
        data = self._file.read(size)
        if data and not self._begun:
            self._begun = True
            data = data.removeprefix(_MARK) or self._file.read(size)
        self._bytes += len(data)
        self._held += held_bytes(data)
        if self._bytes > PIECE_BYTES_MAX or self._held > HELD_BYTES_MAX:
            problem = f"{self._name} holds one thing of more than {self._bytes >> 20} MiB; take it out"
            raise InvalidInputError("source", problem, limit=PIECE_BYTES_MAX)
        return data

    def next_piece(self) -> None:
        """What was read so far is held no longer."""
        self._bytes = self._held = 0


def items(part: Part, prefix: str) -> Iterator[Json]:
    """The items of a list in a JSON file, one by one, whatever its size. Raises InvalidInputError and OSError.

    `prefix` leads to them: ``item`` for a list at the top, ``results.item`` for one inside, nothing for the whole.
    """
    try:
        import ijson  # type: ignore[import-untyped]  # it comes without types
        from ijson.common import JSONError  # type: ignore[import-untyped]  # as above
    except ImportError as exc:
        hint = install_hint("imports")
        raise FeatureUnavailableError(f"reading an export needs an optional package: {hint}") from exc
    with opened(part) as file:
        measured = _Measured(file, part.name)
        try:
            for item in ijson.items(measured, prefix, use_float=True):
                yield item
                measured.next_piece()
        except InvalidInputError:
            raise
        except (JSONError, UnicodeDecodeError, ValueError) as exc:
            why = " ".join(str(exc).split())[:120]
            raise InvalidInputError("source", f"{part.name} is no whole JSON: {why}; fetch it again") from exc


def rows(part: Part) -> Iterator[Json]:
    """The items of the list that a JSON file is, or the one value that it is."""
    with opened(part) as file:
        is_list = file.read(1_024).removeprefix(_MARK).lstrip()[:1] == b"["
    yield from items(part, "item" if is_list else "")


def lines(path: Path) -> Iterator[tuple[int, Json]]:
    """The values of a file of JSON Lines, with their numbers; None for a line that is none. Raises OSError."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(PIECE_BYTES_MAX):
            number += 1
            if len(line) == PIECE_BYTES_MAX and not line.endswith(b"\n"):
                _pass_over_the_rest(file)
                yield number, None
            elif held_bytes(line) > HELD_BYTES_MAX:
                yield number, None
            elif line.strip():
                yield number, value_of(line.removeprefix(_MARK) if number == 1 else line)


def _pass_over_the_rest(file: IO[bytes]) -> None:
    while (rest := file.readline(PIECE_BYTES_MAX)) and not rest.endswith(b"\n"):
        pass


def value_of(line: bytes | str) -> Json:
    """What a text of JSON says; None for what is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def files_below(folder: Path, endings: tuple[str, ...] = ()) -> Iterator[Path]:
    """The files of a folder and what lies in it, in the order of their names.

    What is hidden is passed over, and links that lead out of it. Raises InvalidInputError where there are too many.
    """
    home, count = folder.resolve(), 0
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(names):
            path = Path(root, name)
            if (endings and path.suffix.lower() not in endings) or not path.is_file():
                continue
            count += 1
            if count > FILES_MAX:
                problem = f"holds more than {FILES_MAX} files; import a part of it"
                raise InvalidInputError("source", problem, limit=FILES_MAX)
            if path.resolve().is_relative_to(home):
                yield path


def encoding_of(path: Path) -> str:
    """How a text is written: UTF-8, or UTF-16 where it says so."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def beginning(path: Path, size: int = 65_536) -> str:
    """The first characters of a file."""
    with path.open("rb") as file:
        return file.read(size).removeprefix(_MARK).decode("utf-8", "replace")
