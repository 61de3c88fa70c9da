"""What an API key looks like: ``ck_<environment>_<public id>_<secret>``.

The public id is 12 random characters, by which the key is found among its tenant's, and after them the tenant's name
in base32: so a look-up reads the tenant's own rows only, and needs no index over all tenants. It is no secret. The
secret has 256 random bits, which is why a single SHA-256 of the key is enough to store.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final, Literal

from continuum.domain.ids import NAME_PATTERN, TenantId
from continuum.errors import NotFoundError

Environment = Literal["live", "test"]

KEY_ID_CHARS: Final = 12
SECRET_BYTES: Final = 32
KEY_CHARS_MAX: Final = 300
"""Longer texts are no keys and are not looked at."""

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_KEY: Final = re.compile(r"ck_(live|test)_([a-z2-7]{12})([a-z2-7]{2,205})_([A-Za-z0-9_-]{43})")
_PUBLIC_ID: Final = re.compile(r"([a-z2-7]{12})([a-z2-7]{2,205})")


class ShownOnce:
    """A text that never shows itself; `reveal` gives it to the one who needs it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "***"

    def reveal(self) -> str:
        return self._text


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key: what its holder gets, and what is stored of it."""

    full: ShownOnce
    public_id: str
    key_id: str
    secret_hash: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A text that has the form of a key, whoever made it; `secret_hash` is what a stored hash is compared with."""

    environment: str
    tenant_id: TenantId
    key_id: str
    public_id: str
    secret_hash: bytes = field(repr=False)


def mint(environment: Environment, tenant: TenantId) -> MintedKey:
    """A new key of a tenant, with 60 random bits to find it by and 256 to know it by."""
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(KEY_ID_CHARS))
    public_id = public_id_for(tenant, key_id)
    full = f"ck_{environment}_{public_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    return MintedKey(ShownOnce(full), public_id, key_id, hash_of(full))


def parse(text: str) -> PresentedKey | None:
    """Read what a caller presents as a key; None for anything else, in time linear in at most 300 characters."""
    found = _KEY.fullmatch(text) if len(text) <= KEY_CHARS_MAX else None
    if found is None:
        return None
    environment, key_id, coded, _ = found.groups()
    tenant = _tenant_in(coded)
    if tenant is None:
        return None
    return PresentedKey(environment, tenant, key_id, key_id + coded, hash_of(text))


def matches(presented: PresentedKey, stored_hash: bytes) -> bool:
    """Whether a presented key is the stored one, in a time that does not depend on how much of it is."""
    return hmac.compare_digest(presented.secret_hash, stored_hash)


def hash_of(full: str) -> bytes:
    """The SHA-256 of a whole key. It binds the tenant and the environment too: a row moved to another is no key there.

    >>> len(hash_of("ck_test_..."))
    32
    """
    return hashlib.sha256(full.encode("utf-8", "surrogatepass")).digest()


def public_id_for(tenant: TenantId, key_id: str) -> str:
    """The public id of a tenant's key.

    >>> public_id_for(TenantId("alice"), "aaaabbbbcccc")
    'aaaabbbbccccmfwgsy3f'
    """
    return key_id + base64.b32encode(tenant.encode()).decode("ascii").rstrip("=").lower()


def key_id_of(text: str) -> tuple[str, TenantId, str]:
    """(public id, tenant, key id) of a public id, or of a whole key that somebody names a key by.

    Raises NotFoundError for other texts; its message does not repeat them, as they may be keys with a slip.
    """
    presented = parse(text)
    if presented is not None:
        return presented.public_id, presented.tenant_id, presented.key_id
    found = _PUBLIC_ID.fullmatch(text) if len(text) <= KEY_CHARS_MAX else None
    tenant = None if found is None else _tenant_in(found.group(2))
    if found is None or tenant is None:
        raise NotFoundError("key: there is no key of that id")
    return text, tenant, found.group(1)


def _tenant_in(coded: str) -> TenantId | None:
    """The tenant's name in a public id; only the one way in which `public_id_for` writes it counts."""
    try:
        name = base64.b32decode(coded.upper() + "=" * (-len(coded) % 8)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    tenant = TenantId(name)
    if NAME_PATTERN.fullmatch(name) is None or public_id_for(tenant, "") != coded:
        return None
    return tenant
