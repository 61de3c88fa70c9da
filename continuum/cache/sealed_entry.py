"""How an entry lies in a shared store: under a name that tells nothing, and sealed, so that only we can have put it."""

from __future__ import annotations

import hmac
import zlib
from dataclasses import dataclass
from typing import Final

from continuum.cache.base import Key, key_bytes

VERSION: Final = 1
COMPRESSED: Final = 1
COMPRESS_BYTES_MIN: Final = 4_096
COMPRESSED_SHARE_MAX: Final = 0.9
"""What compression must save to be worth undoing at every hit."""
_MAC_BYTES: Final = 32
_HEAD_BYTES: Final = 2 + _MAC_BYTES


@dataclass(frozen=True, slots=True)
class EntryName:
    """Where an entry lies, and what seals it. Nobody can tell the seal from the name."""

    name: str
    seal: bytes


def entry_name(prefix: str, secret: bytes, key: Key) -> EntryName:
    """The name and the seal of a key, for all who share `secret`, or know a secret part of the key."""
    written = key_bytes(key)
    name = hmac.digest(secret, b"name:" + written, "sha256").hex()
    return EntryName(tenant_prefix(prefix, secret, key[0]) + name, hmac.digest(secret, b"seal:" + written, "sha256"))


def tenant_prefix(prefix: str, secret: bytes, tenant_id: str) -> str:
    """What the names of all entries of a tenant begin with."""
    tenant = hmac.digest(secret, b"tenant:" + tenant_id.encode("utf-8", "surrogatepass"), "sha256")
    return f"{prefix}{tenant[:16].hex()}:"


def sealed(name: EntryName, value: bytes) -> bytes:
    """A value with its version, its seal, and smaller if that pays."""
    flags, content = 0, value
    if len(value) >= COMPRESS_BYTES_MIN:
        smaller = zlib.compress(value, 1)
        if len(smaller) <= COMPRESSED_SHARE_MAX * len(value):
            flags, content = COMPRESSED, smaller
    head = bytes((VERSION, flags))
    return head + hmac.digest(name.seal, head + content, "sha256") + content


def unsealed(name: EntryName, entry: bytes, bytes_max: int) -> bytes:
    """The value that `sealed` was given under the same name.

    Raises ValueError for anything else: another version, other content, another key's entry, or more than `bytes_max`.
    """
    head, seal, content = entry[:2], entry[2:_HEAD_BYTES], entry[_HEAD_BYTES:]
    if not hmac.compare_digest(seal, hmac.digest(name.seal, head + content, "sha256")) or head[0] != VERSION:
        raise ValueError("not an entry of ours")
    if not head[1] & COMPRESSED:
        return content
    undoing = zlib.decompressobj()
    value = undoing.decompress(content, bytes_max + 1)
    if len(value) > bytes_max or not undoing.eof:
        raise ValueError(f"an entry of more than {bytes_max} bytes")
    return value
