"""The interface of a cache of computed answers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

Value = TypeVar("Value")


class Cache(Protocol, Generic[Value]):
    """Keeps values under keys for a bounded time and in a bounded number.

    Laws: `get` gives the value last put under an equal key, or None; a value is never given after its time;
    the number of entries never passes the bound; every method may be called from any thread.
    """

    def get(self, key: Hashable) -> Value | None: ...

    def put(self, key: Hashable, value: Value) -> None: ...

    def clear(self) -> None: ...

    def stats(self) -> dict[str, int]:
        """`entries`, `hits` and `misses` since it was made."""
        ...
