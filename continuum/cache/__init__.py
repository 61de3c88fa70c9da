"""Keeps computed answers for a while. Keys carry the tenant and its log position, so an entry is never stale."""

from continuum.cache.base import Cache, Key
from continuum.cache.breaker import BreakerState, CircuitBreaker
from continuum.cache.distributed import DistributedCache
from continuum.cache.memory_cache import MemoryCache
from continuum.cache.redis_cache import RedisCache
from continuum.cache.single_flight import SingleFlight

__all__ = [
    "BreakerState",
    "Cache",
    "CircuitBreaker",
    "DistributedCache",
    "Key",
    "MemoryCache",
    "RedisCache",
    "SingleFlight",
]
