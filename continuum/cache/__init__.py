"""Keeps computed answers for a while. Keys carry the tenant and its log position, so an entry is never stale."""

from continuum.cache.base import Cache
from continuum.cache.memory_cache import MemoryCache

__all__ = ["Cache", "MemoryCache"]
