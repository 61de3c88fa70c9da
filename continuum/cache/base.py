"""The interface of a cache of computed answers."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import Protocol, TypeVar

Value = TypeVar("Value")

Key = tuple[str, *tuple[Hashable, ...]]
"""The tenant, then all that the answer depends on: two questions with equal keys must have one answer.

A cache that is shared writes the parts down, so there they are texts, bytes, integers or None.
"""

Part = str | bytes | int | None


class Cache(Protocol[Value]):
    """Keeps values under keys for a bounded time and in a bounded amount.

    Laws: `get` gives the value last put under an equal key, or None, and None is always right: a cache may forget.
    A value is never given after its time, nor after `clear`, nor under another tenant's key. Nothing here raises for
    a medium that is away, slow or spoilt: that is a miss, counted under `errors`. Every method may be called from any
    thread, and in a child of `os.fork`. Values are shared with whoever gets them: nobody may change one.
    """

    def get(self, key: Key) -> Value | None: ...

    def put(self, key: Key, value: Value) -> None: ...

    def clear(self, tenant_id: str | None = None) -> None:
        """Forget what one tenant has here, or all tenants."""
        ...

    def stats(self) -> dict[str, int]:
        """`hits`, `misses` and `errors` since it was made, `entries` that this process holds now; and more."""
        ...

    def close(self) -> None:
        """Give threads and connections back; afterwards everything is a miss. May be called again."""
        ...


def key_bytes(key: Key) -> bytes:
    """A key as bytes that no other key has, in every process the same.

    Raises TypeError for a part that is no text, bytes, integer or None: its printed form might not be its own.

    >>> key_bytes(("a", 1)) != key_bytes(("a", "1"))
    True
    """
    return b"".join(_tagged(part) for part in key)


def key_digest(key: Key) -> bytes:
    """32 bytes in place of a key whose parts are long or secret."""
    return hashlib.sha256(key_bytes(key)).digest()


def _tagged(part: Hashable) -> bytes:
    if isinstance(part, str):
        tag, content = b"s", part.encode("utf-8", "surrogatepass")
    elif isinstance(part, bytes):
        tag, content = b"b", part
    elif isinstance(part, bool):
        tag, content = b"t", b"1" if part else b"0"
    elif isinstance(part, int):
        tag, content = b"i", b"%d" % part
    elif part is None:
        tag, content = b"n", b""
    else:
        raise TypeError(f"a {type(part).__name__} cannot be a part of a shared cache's key")
    return b"%s%d:%s" % (tag, len(content), content)
