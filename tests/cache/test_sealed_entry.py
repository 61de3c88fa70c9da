"""An entry in a shared store comes back as it was put, or not at all."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.cache.base import key_bytes
from continuum.cache.sealed_entry import COMPRESS_BYTES_MIN, entry_name, sealed, tenant_prefix, unsealed
from tests.requirements import requirement

BYTES_MAX = 1 << 20
NAME = entry_name("prefix:", b"secret", ("alice", "key", 7))

parts = st.one_of(st.text(max_size=5), st.binary(max_size=5), st.integers(), st.none())
keys = st.tuples(st.text(max_size=5), parts, parts)


@given(value=st.one_of(st.binary(max_size=200), st.binary(max_size=20).map(lambda piece: piece * 1_000)))
def test_a_value_comes_back_as_it_was_put(value: bytes) -> None:
    assert unsealed(NAME, sealed(NAME, value), BYTES_MAX) == value


def test_what_compresses_well_is_compressed_and_nothing_else() -> None:
    assert len(sealed(NAME, b"x" * COMPRESS_BYTES_MIN)) < 200
    small = b"x" * (COMPRESS_BYTES_MIN - 1)
    assert small in sealed(NAME, small)


@requirement("cache:sealed")
@given(value=st.binary(max_size=40), place=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.integers(0, 100))
def test_a_changed_or_cut_entry_is_refused(value: bytes, place: int, bit: int, cut: int) -> None:
    entry = bytearray(sealed(NAME, value))
    entry[place % len(entry)] ^= 1 << bit
    with pytest.raises(ValueError, match="not an entry"):
        unsealed(NAME, bytes(entry), BYTES_MAX)
    entry = bytearray(sealed(NAME, value))
    with pytest.raises(ValueError, match="not an entry"):
        unsealed(NAME, bytes(entry[: cut % len(entry)]), BYTES_MAX)


@requirement("cache:sealed")
@pytest.mark.parametrize(
    "other",
    [
        entry_name("prefix:", b"another secret", ("alice", "key", 7)),
        entry_name("prefix:", b"secret", ("bob", "key", 7)),
        entry_name("prefix:", b"secret", ("alice", "key", 8)),
    ],
)
def test_an_entry_of_another_key_or_secret_is_refused(other: object) -> None:
    assert isinstance(other, type(NAME))
    with pytest.raises(ValueError, match="not an entry"):
        unsealed(NAME, sealed(other, b"value"), BYTES_MAX)


def test_an_entry_that_grows_beyond_the_bound_is_refused_before_it_has() -> None:
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        unsealed(NAME, sealed(NAME, bytes(50_000_000)), 1_000)
    entry = sealed(NAME, b"x" * COMPRESS_BYTES_MIN)
    assert zlib.decompress(entry[34:]) == b"x" * COMPRESS_BYTES_MIN
    assert unsealed(NAME, entry, COMPRESS_BYTES_MIN) == b"x" * COMPRESS_BYTES_MIN


@given(one=keys, other=keys)
def test_keys_that_differ_are_written_differently(
    one: tuple[str, object, object], other: tuple[str, object, object]
) -> None:
    same = [(type(part), part) for part in one] == [(type(part), part) for part in other]
    assert (key_bytes(one) == key_bytes(other)) is same


def test_a_part_that_has_no_form_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        key_bytes(("t", 1.0))


def test_names_betray_neither_tenant_nor_key_and_begin_alike_for_one_tenant() -> None:
    assert NAME.name.startswith(tenant_prefix("prefix:", b"secret", "alice"))
    assert not NAME.name.startswith(tenant_prefix("prefix:", b"secret", "bob"))
    assert "alice" not in NAME.name
    assert NAME.seal.hex() not in NAME.name
