"""The composition root of a memory: builds the shared parts once, from settings, and closes them in reverse order.

What only vectors or kept answers need is loaded when it is first needed: a process that recalls once and
ends, as an assistant's hook does, would spend most of its time on it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import continuum
from continuum.core.change_feed import ChangeFeed
from continuum.core.companions import accompanied_unit, companion_of
from continuum.core.config import MemoryConfig
from continuum.core.index_store import IndexStore
from continuum.core.link_settings import LinkSettings
from continuum.core.listeners import HarmlessSink
from continuum.core.origin_seal import Sealer
from continuum.core.redacting import redactor_from
from continuum.core.upkeep import Upkeep
from continuum.core.use_state import UseStore
from continuum.core.validation import Limits
from continuum.domain.clock import Clock, SystemClock
from continuum.domain.events import EventSink, NoEvents
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId
from continuum.errors import ConfigurationError, StorageUnavailableError, shown
from continuum.extraction.at_first_use import PipelineAtFirstUse
from continuum.extraction.base import Redacting, Understanding
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.retrieval.use import UseSettings
from continuum.storage.base import StorageBackend
from continuum.storage.factory import open_backend
from continuum.storage.postgres_settings import PostgresSettings
from continuum.storage.unit_of_work import UnitOfWork, unit_of_work

if TYPE_CHECKING:
    from continuum.cache import Cache
    from continuum.core.kept_answers import KeptAnswers
    from continuum.embeddings.base import EmbeddingProvider
    from continuum.embeddings.keeping import VectorKeeper

DAY_MICROS = 86_400_000_000
ASYNC_WRITERS = 30
"""Learns that may wait for the store at once: the connection pool's 10 + 20."""


REDIS_PREFIX = "continuum:answers:"
REDIS_CONNECT_SECONDS = 0.1
_WAYS = (
    "enable_embeddings",
    "embedding_provider",
    "hebbian_rate",
    "initial_link_strength",
    "learned_ranking",
    "min_link_strength",
    "recall_id_days",
    "resonance_decay",
    "suspicion_threshold",
    "use_half_life_days",
)


@dataclass(slots=True, weakref_slot=True)
class Engine:
    """What all tenants of one store share in this process."""

    config: MemoryConfig
    backend: StorageBackend
    index_store: IndexStore
    pipeline: Understanding
    clock: Clock
    events: EventSink
    cache: KeptAnswers | None
    vectors: VectorKeeper | None
    uses: UseStore
    sealer: Sealer | None
    redactor: Redacting
    readers: ThreadPoolExecutor
    writers: ThreadPoolExecutor
    owns_backend: bool
    closed: bool = False
    upkeep: Upkeep = field(init=False)
    feed: ChangeFeed = field(init=False)

    def __post_init__(self) -> None:
        self.feed = ChangeFeed(self.backend, self.backend.wakes())
        at_fork(self, in_child=Engine._renew)
        self.upkeep = Upkeep(self)

    def _renew(self) -> None:
        """In a forked child: the threads of these pools stayed with the parent."""
        self.readers, self.writers = _pools()

    def unit(self, tenant: TenantId, *, write: bool, may_lag: bool = False) -> AbstractContextManager[UnitOfWork]:
        """One transaction of one tenant; durable when a writing one ends without an exception.

        Raises StorageUnavailableError once the engine is closed: a store must not open again behind one's back.
        """
        if self.closed:
            self.refuse_if_closed()
        if write and (companion := companion_of(tenant)) is not None:
            return accompanied_unit(self.backend, companion)
        return unit_of_work(self.backend, tenant, write=write, may_lag=may_lag)

    @property
    def links(self) -> LinkSettings:
        return LinkSettings(self.config.initial_link_strength, self.config.hebbian_rate)

    @property
    def limits(self) -> Limits:
        return Limits(self.config.max_text_bytes, self.config.max_metadata_bytes)

    def refuse_if_closed(self) -> None:
        """Raise StorageUnavailableError if the engine is closed."""
        if self.closed:
            raise StorageUnavailableError("the memory is closed; open a new one")

    def is_healthy(self) -> bool:
        """Whether the store is open and answers."""
        return not self.closed and self.backend.is_healthy()

    def close(self) -> None:
        """Finish what runs, save indexes, release the store. Calling it again does nothing."""
        self.writers.shutdown(wait=True)
        self.readers.shutdown(wait=True)
        self.upkeep.close()
        self.closed = True
        if self.vectors is not None:
            self.vectors.close()
        if self.cache is not None:
            self.cache.close()
        self.index_store.save_all()
        if self.owns_backend:
            self.backend.close_all()


def build_engine(
    config: MemoryConfig,
    *,
    storage: str | StorageBackend | None = None,
    clock: Clock | None = None,
    events: EventSink | None = None,
    provider: EmbeddingProvider | None = None,
    pipeline: Understanding | None = None,
) -> Engine:
    """Open the store and build what works on it.

    `storage` (a URL, a path or a backend of the caller's own) takes the place of the settings' store. A `provider`
    of the caller's own switches vectors on. Raises ConfigurationError and StorageError.
    """
    target = storage if storage is not None else config.store
    if not isinstance(target, str | Path | StorageBackend) or "\0" in str(target):
        raise ConfigurationError(f"storage: {shown(target)} is no path, URL or StorageBackend")
    if provider is None and config.enable_embeddings:
        key = None if config.embedding_api_key is None else config.embedding_api_key.reveal()
        from continuum.embeddings.providers import provider_from_name

        provider = provider_from_name(config.embedding_provider, base_url=config.embedding_url, api_key=key)
    redactor = redactor_from(config)
    # Last of what can fail: nothing would close it.
    backend = open_backend(target, timeout_seconds=config.db_timeout, postgres=_postgres_settings(config))
    readers, writers = _pools()
    engine = Engine(
        config=config,
        backend=backend,
        index_store=IndexStore(_index_folder(backend), config.index_memory_mb * 1_048_576),
        pipeline=pipeline or PipelineAtFirstUse(config.suspicion_threshold),
        clock=clock or SystemClock(),
        events=NoEvents() if events is None else HarmlessSink(events),
        cache=_kept_answers(config) if config.cache_enabled else None,
        vectors=None if provider is None else _vectors(provider, backend),
        uses=UseStore(UseSettings(config.hebbian_rate, round(config.use_half_life_days * DAY_MICROS))),
        redactor=redactor,
        sealer=None if config.origin_key is None else Sealer(config.origin_key),
        readers=readers,
        writers=writers,
        owns_backend=not isinstance(storage, StorageBackend),
    )
    engine.upkeep.resume()
    return engine


def _kept_answers(config: MemoryConfig) -> KeptAnswers:
    """Kept answers in this process, and beyond it where there is a Redis. Raises ConfigurationError for its address."""
    from continuum.cache import DistributedCache, MemoryCache, RedisCache
    from continuum.cache.redis_connection import open_redis
    from continuum.cache.strategies import STRATEGIES
    from continuum.core.kept_answers import KeptAnswers

    near = MemoryCache[bytes](
        config.cache_max_entries,
        config.cache_ttl,
        bytes_max=config.cache_max_bytes,
        size_of=len,
        strategy=STRATEGIES[config.cache_strategy],
        tenant_share=config.cache_tenant_share,
    )
    cache: Cache[bytes] = near
    if config.redis_url is not None:
        budget = config.cache_redis_budget
        client = open_redis(config.redis_url.reveal(), budget_seconds=budget, connect_seconds=REDIS_CONNECT_SECONDS)
        # Without a secret of its own: the key of each answer is a secret digest already.
        far = RedisCache(client, REDIS_PREFIX, config.cache_ttl, secret=b"", budget_seconds=budget)
        cache = DistributedCache(near, far, encode=bytes, decode=bytes)
    return KeptAnswers(cache, _ways(config), config.cache_ttl, config.db_timeout)


def _ways(config: MemoryConfig) -> str:
    """All that an answer depends on beside the log and the question: processes share answers if theirs is equal."""
    told = {name: getattr(config, name) for name in _WAYS}
    return repr((continuum.__version__, EXTRACTORS_VERSION, sorted(told.items())))


@contextmanager
def open_store(config: MemoryConfig, *, migrates: bool = True) -> Iterator[StorageBackend]:
    """The settings' store alone, for its care: closed with the `with`; a server's schema is left as it is if asked."""
    settings = replace(_postgres_settings(config), migrates=migrates)
    backend = open_backend(config.store, timeout_seconds=config.db_timeout, postgres=settings)
    try:
        yield backend
    finally:
        backend.close_all()


def _postgres_settings(config: MemoryConfig) -> PostgresSettings:
    replicas = "" if config.postgres_replica_url is None else config.postgres_replica_url.reveal()
    return PostgresSettings(
        pool_size=config.postgres_pool_size,
        max_overflow=config.postgres_max_overflow,
        lock_seconds=config.db_timeout,
        partitions=config.postgres_partitions,
        replica_urls=tuple(url.strip() for url in replicas.split(",") if url.strip()),
        unsafe_role=config.postgres_unsafe_role,
    )


def _pools() -> tuple[ThreadPoolExecutor, ThreadPoolExecutor]:
    """Threads for recalls, half as many as there are cores, and for learns, as many as may wait for the store.

    Recalls are bound to the interpreter: with as many threads as cores, two, each took a quarter longer and fewer were
    done in a second, because they and the event loop waited for each other.
    """
    return (
        ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="continuum-recall"),
        ThreadPoolExecutor(ASYNC_WRITERS, thread_name_prefix="continuum-learn"),
    )


def _vectors(provider: EmbeddingProvider, backend: StorageBackend) -> VectorKeeper:
    from continuum.embeddings.keeping import VectorKeeper

    return VectorKeeper(provider, _unit_of(backend))


def _unit_of(backend: StorageBackend) -> Callable[[TenantId, bool], AbstractContextManager[UnitOfWork]]:
    return lambda tenant, write: unit_of_work(backend, tenant, write=write)


def _index_folder(backend: StorageBackend) -> Path | None:
    """Saved indexes lie in a folder beside the database file; a store without a file has none."""
    path = backend.get_backend_info()["configuration"].get("db_path")
    return Path(f"{path}-index") if isinstance(path, str) and path != ":memory:" else None
