"""Identifiers: tenant and instance names, uuid7 for log entries, keyed ids for what is derived.

A derived id is an HMAC of kind and normalised name under the tenant's own secret: the same name gives the same
id in every process (so learn needs no look-up), and the id alone betrays nothing. Neither kind orders anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import NewType

from continuum.domain.clock import Micros
from continuum.errors import InvalidInputError, shown

TenantId = NewType("TenantId", str)

NAME_PATTERN = re.compile(r"[A-Za-z0-9._:@-]{1,128}\Z")
NAME_RULE = "1 to 128 characters of A-Z a-z 0-9 . _ : @ -"
DERIVED_ID_BYTES = 12  # 96 bits: a billion names of one tenant collide with probability below 1e-11


def tenant_id(value: str, field: str = "tenant_id") -> TenantId:
    """Check a tenant's name and give it its type.

    Raises InvalidInputError.
    """
    return TenantId(checked_name(value, field))


def checked_name(value: str, field: str) -> str:
    """Check the name of a tenant, an instance or a scope. Raises InvalidInputError."""
    if not isinstance(value, str) or not NAME_PATTERN.match(value):
        size = len(value) if isinstance(value, str) else type(value).__name__
        raise InvalidInputError(field, f"must be {NAME_RULE}; got {shown(value)} (size {size})", limit=NAME_RULE)
    return value


def derived_id(secret: bytes, kind: str, *names: str) -> str:
    """The id of a derived thing: 16 characters of base64url, equal for equal (secret, kind, names)."""
    message = "\x1f".join((kind, *names)).encode("utf-8", "surrogatepass")
    digest = hmac.digest(secret, message, hashlib.sha256)[:DERIVED_ID_BYTES]
    return base64.urlsafe_b64encode(digest).decode("ascii")


def uuid7(now: Micros) -> str:
    """A random RFC 9562 version 7 identifier of this moment, as 36 lower-case characters."""
    millis = max(now, 0) // 1_000
    value = (millis & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
