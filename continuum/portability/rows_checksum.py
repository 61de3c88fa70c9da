"""Checksums of tables that are the same for the same rows, whichever database holds them and however it sorts text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from continuum.errors import StorageError
from continuum.storage.base import Row

_PLAIN = frozenset((int, float, str, bytes, type(None)))
_DIGEST_BITS = 256


@dataclass(frozen=True, slots=True)
class TableChecksum:
    """A table's rows of one tenant: how many, and the checksum over all of their columns."""

    table: str
    rows: int
    sha256: str


class RowSum:
    """Adds up the rows of a table, each exactly once, in any order.

    The SHA-256 of each row are added modulo 2**256, and the sum is hashed with the number of rows. A digest over
    the rows in the order of their keys would differ wherever two databases compare text by different rules; this
    one is no defence against somebody who chooses rows to collide, and need not be: both sides are read here.

    >>> one, other = RowSum(), RowSum()
    >>> one.add((1, "a", b"x")), one.add((2, "b", None))
    (14, 14)
    >>> other.add((2, "b", None)), other.add((True, "a", memoryview(b"x")))
    (14, 14)
    >>> one.checksum("t") == other.checksum("t")
    True
    """

    __slots__ = ("_sum", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, row: Row) -> int:
        """Count a row in; gives the size of its canonical form in bytes."""
        form = canonical(row)
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(form).digest(), "big")) % (1 << _DIGEST_BITS)
        return len(form)

    def checksum(self, table: str) -> TableChecksum:
        """The checksum of what was added so far."""
        digest = hashlib.sha256(b"%d:%x" % (self.rows, self._sum)).hexdigest()
        return TableChecksum(table, self.rows, digest)


def canonical(row: Row) -> bytes:
    """A row in a form that is the same for every driver: floats by their shortest digits, texts in ASCII.

    Raises StorageError for a value that no column of ours holds.

    >>> canonical((1, 0.1, "é", b"x", None))
    b"(1, 0.1, '\\\\xe9', b'x', None)"
    """
    if not _PLAIN.issuperset(map(type, row)):
        row = tuple(_plain(value) for value in row)
    return ascii(row).encode("ascii")


def differing(ours: Iterable[TableChecksum], theirs: Iterable[TableChecksum]) -> str | None:
    """The first table that differs, in words with both counts; None if all are equal."""
    others = {each.table: each for each in theirs}
    for each in ours:
        other = others[each.table]
        if each.rows != other.rows:
            return f"{each.table}: {each.rows} rows in the source, {other.rows} in the target"
        if each.sha256 != other.sha256:
            return f"{each.table}: {each.rows} rows in both, with different contents"
    return None


def _plain(value: object) -> int | float | str | bytes | None:
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float | str | bytes):
        return value
    raise StorageError(
        f"a column holds a {type(value).__name__}, which has no canonical form; its driver must adapt it"
    )
