"""The service as its doors see it: built once from the settings, closed in reverse order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol, Self

from continuum.cache.redis_connection import open_redis
from continuum.compliance.audit import PLATFORM, AuditLog
from continuum.core.assembly import Engine
from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.config import MemoryConfig, refuse_absent_service_features
from continuum.core.listeners import HarmlessSink
from continuum.core.stating import ensure_tenant
from continuum.core.tenants import TenantManager
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId, tenant_id
from continuum.errors import InvalidInputError, KeyInFlightError
from continuum.identity.rate_limit import MemoryLimiter, RateLimiter
from continuum.identity.redis_limit import BUDGET_SECONDS, CONNECT_SECONDS, RedisLimiter
from continuum.observability.watching import Watching, check_watching, open_watching
from continuum.realtime.broadcast import RedisBroadcaster
from continuum.realtime.integration import Realtime, open_realtime
from continuum.runtime.figures import engine_figures
from continuum.runtime.gatekeeper import Gatekeeper
from continuum.runtime.limits import DoorLimits
from continuum.runtime.refusals import Refusals
from continuum.runtime.safety import Network, proxies_of, refuse_unsafe

HOUR_MICROS = 3_600_000_000


class _Keyed(Protocol):
    @property
    def tenant_id(self) -> TenantId: ...

    @property
    def key(self) -> str: ...


@dataclass(slots=True)
class Runtime:
    """What the doors of the service work on."""

    config: MemoryConfig
    tenants: TenantManager
    gatekeeper: Gatekeeper
    limits: DoorLimits
    audit: AuditLog
    refusals: Refusals
    realtime: Realtime
    watching: Watching
    proxies: tuple[Network, ...]
    is_draining: bool = False
    """Whether the service is about to stop: it says so before it takes no more calls."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _in_flight: set[tuple[str, str]] = field(default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        return self.tenants.engine

    @property
    def default_tenant(self) -> TenantId:
        """The tenant of callers without credentials that name none."""
        return tenant_id(self.config.tenant_id)

    @property
    def idempotency_micros(self) -> Micros:
        return round(self.config.idempotency_hours * HOUR_MICROS)

    def memory_of(self, tenant: TenantId, instance_id: str | None = None) -> AsyncConsciousMemory:
        """The memory of a tenant, as one instance uses it. Raises InvalidInputError."""
        memory = self.tenants.get_tenant(self.checked_tenant(tenant), instance_id=instance_id)
        return AsyncConsciousMemory(memory=memory)

    def checked_tenant(self, tenant: TenantId) -> TenantId:
        """A tenant that callers may act on. Raises InvalidInputError for the platform's own."""
        if tenant == PLATFORM:
            raise InvalidInputError("tenant_id", f"{PLATFORM} is the platform's own; name another tenant")
        return tenant

    def audits_reads(self, tenant: TenantId) -> bool:
        """Whether reads of a tenant are written down."""
        return self.limits.audits_reads(tenant)

    @contextmanager
    def in_flight(self, keyed: _Keyed) -> Iterator[None]:
        """One request of a key at a time, in this process. Raises KeyInFlightError."""
        own = (keyed.tenant_id, keyed.key)
        if own in self._in_flight:
            raise KeyInFlightError("a request with this Idempotency-Key is being worked on; ask again for its answer")
        self._in_flight.add(own)
        try:
            yield
        finally:
            self._in_flight.discard(own)

    def dependencies(self) -> dict[str, str]:
        """What the service stands on, by name: ``ok``, ``unused``, or what is wrong. Blocks for a short read."""
        return {"storage": "ok" if self.engine.is_healthy() else "the store does not answer; see the server's log"}

    async def send_sockets_elsewhere(self) -> None:
        """Tell those who listen where to go on, and let them go. Calling it again does nothing."""
        await self.realtime.stop()

    def close(self) -> None:
        """Release everything. Calling it again does nothing."""
        self._stack.close()


def check_service(config: MemoryConfig) -> None:
    """Raise ConfigurationError if the settings, or the environment, ask for what is unsafe or not there."""
    refuse_absent_service_features()
    refuse_unsafe(config)
    check_watching(config)


def open_runtime(config: MemoryConfig) -> Runtime:
    """Build the service. Raises ConfigurationError if it would be unsafe or asks for what is not there."""
    check_service(config)
    with ExitStack() as stack:
        tenants = stack.enter_context(TenantManager(config=config))
        watching = open_watching(config, lambda: _store_secret(tenants.engine))
        stack.callback(watching.close)
        tenants.engine.events = HarmlessSink(watching)
        limits = DoorLimits(config, tenants, _limiter(config, stack), blocks=config.redis_url is not None)
        gatekeeper = Gatekeeper(config, tenants.engine, limits.know)
        stack.callback(gatekeeper.close)
        audit = AuditLog(tenants.engine)
        refusals = Refusals(audit)
        stack.callback(refusals.close)
        realtime = open_realtime(
            tenants,
            heartbeat_seconds=config.heartbeat_seconds,
            lease_seconds=config.lease_seconds,
            poll_seconds=config.realtime_poll_seconds,
            instances_max=lambda tenant: _instances_max(tenants, tenant),
            broadcaster=None if config.redis_url is None else RedisBroadcaster(config.redis_url.reveal()),
        )
        stack.callback(realtime.close)
        proxies = tuple(proxies_of(config))
        runtime = Runtime(
            config,
            tenants,
            gatekeeper,
            limits,
            audit,
            refusals,
            realtime,
            watching,
            proxies,
            _stack=stack.pop_all(),
        )
        watching.watch(lambda: engine_figures(runtime))
        return runtime


def _store_secret(engine: Engine) -> bytes:
    """A secret of the store's own: the one of the platform's tenant, which is made if there is none."""
    with engine.unit(PLATFORM, write=True) as work:
        return work.tenants.secret() or ensure_tenant(work, engine.clock.now()).secret


def _limiter(config: MemoryConfig, stack: ExitStack) -> RateLimiter:
    """Counts in this process, or for all that share a Redis."""
    if config.redis_url is None:
        return MemoryLimiter()
    client = open_redis(config.redis_url.reveal(), budget_seconds=BUDGET_SECONDS, connect_seconds=CONNECT_SECONDS)
    stack.callback(client.close)
    return RedisLimiter(client)


def _instances_max(tenants: TenantManager, tenant: TenantId) -> int:
    own = tenants.limits_of(tenant).instances_max
    return tenants.config.instances_max if own is None else own


__all__ = ["Runtime", "open_runtime"]
