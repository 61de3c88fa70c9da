"""Checksums tell rows apart, and nothing else: not the order, not the driver that read them."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.errors import StorageError
from continuum.portability.rows_checksum import RowSum, TableChecksum, canonical, differing
from continuum.storage.base import Row

values = st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary())
tables = st.lists(st.lists(values, min_size=2, max_size=2).map(tuple), max_size=8)


def summed(rows: list[Row]) -> TableChecksum:
    total = RowSum()
    for row in rows:
        total.add(row)
    return total.checksum("t")


@given(rows=tables, seed=st.integers())
def test_the_order_of_rows_does_not_matter(rows: list[Row], seed: int) -> None:
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    assert summed(shuffled) == summed(rows)


@given(one=tables, other=tables)
def test_other_rows_have_another_checksum(one: list[Row], other: list[Row]) -> None:
    same = sorted(map(repr, one)) == sorted(map(repr, other))
    assert (summed(one) == summed(other)) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), ("1",)),
        ((1,), (1.0,)),
        (("1",), (b"1",)),
        ((None,), ("None",)),
        (("a", "b"), ("ab", "")),
        ((0.0,), (-0.0,)),
    ],
)
def test_values_of_different_types_are_different(one: Row, other: Row) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [((True,), (1,)), ((memoryview(b"ab"),), (b"ab",)), ((bytearray(b"ab"),), (b"ab",)),
     ((Decimal("0.1"),), (0.1,)), ((Decimal("7"),), (7,))],
)  # fmt: skip
def test_what_drivers_give_for_the_same_value_is_the_same(one: Row, other: Row) -> None:
    assert canonical(one) == canonical(other)


def test_a_value_that_no_column_holds_is_refused() -> None:
    with pytest.raises(StorageError, match="holds a dict"):
        canonical(({"a": 1},))


def test_a_row_twice_is_not_the_row_once_nor_none() -> None:
    sums = [summed([(1, "a")] * count) for count in range(4)]
    assert len({each.sha256 for each in sums}) == 4


def test_the_first_table_that_differs_is_named_with_its_counts() -> None:
    one, two, other = (TableChecksum("a", 1, "x"), TableChecksum("b", 2, "x"), TableChecksum("b", 2, "y"))
    assert differing([one, two], [two, one]) is None
    assert differing([one, two], [one, other]) == "b: 2 rows in both, with different contents"
    assert differing([one], [TableChecksum("a", 3, "x")]) == "a: 1 rows in the source, 3 in the target"
