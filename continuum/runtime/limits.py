"""How often callers may ask: limits by credential and by tenant, the tenant's own included."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from continuum.core.config import MemoryConfig
from continuum.core.tenant_limits import TenantLimits
from continuum.core.tenants import TenantManager
from continuum.core.twins import run_in
from continuum.domain.ids import TenantId
from continuum.identity.principals import Principal
from continuum.identity.rate_limit import Limits, Policy, RateLimiter, limit_headers

KNOWN_SECONDS = 2.0
"""How long a tenant's limits are believed: a change counts everywhere after this."""
KNOWN_TENANTS_MAX = 10_000
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Admission:
    """What the caller is told about its limits, as headers."""

    headers: tuple[tuple[str, str], ...] = ()


class DoorLimits:
    """Counts requests, in this process or in Redis, by the limiter it is given."""

    def __init__(
        self,
        config: MemoryConfig,
        tenants: TenantManager,
        limiter: RateLimiter,
        *,
        blocks: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`blocks` is whether the limiter waits for a network."""
        self._config = config
        self._tenants = tenants
        self._limits = Limits(limiter)
        self._blocks = blocks
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: OrderedDict[TenantId, tuple[float, TenantLimits]] = OrderedDict()

    async def take(self, principal: Principal, tenant: TenantId, cost: float) -> Admission:
        """Count a request. Raises RateLimitedError if it is one too many, and StorageError."""
        limits = await self._limits_of(tenant)
        counted = [
            (f"credential:{principal.credential}", _policy("credential", self._config.rate_per_minute)),
            (f"tenant:{tenant}", _policy("tenant", self._rate_of(limits))),
        ]
        if principal.credential == "local":  # this machine's own programs, which share one name
            counted = counted[1:] if limits.requests_per_minute is not None else []
        wanted = [(key, policy) for key, policy in counted if policy is not None]
        if not wanted:
            return Admission()
        if self._blocks:
            taken = await run_in(self._tenants.engine.readers, lambda: self._limits.take(wanted, cost))
        else:
            taken = self._limits.take(wanted, cost)
        return Admission(tuple(limit_headers(taken)))

    def audits_reads(self, tenant: TenantId) -> bool:
        """Whether reads of this tenant are written down, as its limits said when they were read last."""
        known = self._known.get(tenant)
        return known is not None and known[1].audit_reads

    def know(self, tenant: TenantId, limits: TenantLimits) -> None:
        """Believe what somebody has read of a tenant's limits just now; from any thread."""
        with self._lock:
            self._known[tenant] = (self._monotonic() + KNOWN_SECONDS, limits)
            self._known.move_to_end(tenant)
            if len(self._known) > KNOWN_TENANTS_MAX:
                self._known.popitem(last=False)

    def forget(self, tenant: TenantId) -> None:
        """Read a tenant's limits anew with its next request."""
        with self._lock:
            self._known.pop(tenant, None)

    def _rate_of(self, limits: TenantLimits) -> int:
        own = limits.requests_per_minute
        return self._config.tenant_rate_per_minute if own is None else own

    async def _limits_of(self, tenant: TenantId) -> TenantLimits:
        now = self._monotonic()
        known = self._known.get(tenant)
        if known is not None and known[0] > now:
            return known[1]
        limits = await run_in(self._tenants.engine.readers, lambda: self._tenants.limits_of(tenant))
        self.know(tenant, limits)
        return limits


def _policy(name: str, per_minute: int) -> Policy | None:
    return Policy(name, per_minute, MINUTE) if per_minute else None
