"""Cursors: where a listing goes on. They are opaque to callers, and fit the listing and the tenant they came from."""

from __future__ import annotations

import base64
import binascii
import hashlib

import orjson

from continuum.domain.ids import TenantId
from continuum.domain.records import Json
from continuum.errors import NotFoundError

CURSOR_CHARS_MAX = 2_048
_MARK_BYTES = 6


def cursor_of(tenant: TenantId, listing: str, *place: str | int) -> str:
    """The cursor that goes on behind a place of a listing."""
    told = orjson.dumps(place)
    return base64.urlsafe_b64encode(_mark(tenant, listing, told) + told).rstrip(b"=").decode("ascii")


def place_of(tenant: TenantId, listing: str, cursor: str | None, *kinds: type) -> tuple[Json, ...] | None:
    """Where a cursor goes on; None for the beginning.

    Raises NotFoundError for one that came from another listing, another tenant, or nowhere. What it says is
    only a place: it leads to nothing that the caller could not list without it.
    """
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor[:CURSOR_CHARS_MAX] + "=" * (-len(cursor) % 4), b"-_", validate=True)
        told = packed[_MARK_BYTES:]
        place = orjson.loads(told)
    except (binascii.Error, ValueError):
        raise _unknown() from None
    fits = isinstance(place, list) and [type(each) for each in place] == list(kinds)
    if not fits or packed[:_MARK_BYTES] != _mark(tenant, listing, told):
        raise _unknown()
    return tuple(place)


def _mark(tenant: TenantId, listing: str, told: bytes) -> bytes:
    """Not a signature: it tells a cursor of this listing from one that strayed here."""
    named = f"{tenant}\x1f{listing}\x1f".encode()
    return hashlib.blake2b(named + told, digest_size=_MARK_BYTES).digest()


def _unknown() -> NotFoundError:
    return NotFoundError("the cursor is none of this listing; begin without one, and go on with next_cursor")
