"""Composes the service from its settings, and closes it in reverse order."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Self

from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.config import MemoryConfig, refuse_absent_service_features
from continuum.core.tenants import TenantManager
from continuum.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the doors of the service work on."""

    config: MemoryConfig
    tenants: TenantManager

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def memory_of(self, tenant: str | None) -> AsyncConsciousMemory:
        """The memory of a tenant, or of the default one. Raises InvalidInputError."""
        return AsyncConsciousMemory(memory=self.tenants.get_tenant(self.config.tenant_id if tenant is None else tenant))

    def close(self) -> None:
        """Release everything. Calling it again does nothing."""
        self.tenants.close()


def open_runtime(config: MemoryConfig) -> Runtime:
    """Build the service. Raises ConfigurationError if it would be unsafe or asks for what is not there."""
    refuse_absent_service_features()
    _refuse_open_server(config)
    return Runtime(config, TenantManager(config=config))


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _refuse_open_server(config: MemoryConfig) -> None:
    """Without keys, which this version does not have, only this machine's own programs may be served."""
    if config.env != "dev":
        raise ConfigurationError(
            f"CONTINUUM_ENV is {config.env}, which needs API keys, and this version has none; "
            "serve on loopback with CONTINUUM_ENV=dev"
        )
    if not is_loopback(config.api_host):
        raise ConfigurationError(
            f"serving on {config.api_host} needs API keys, and this version has none; serve on 127.0.0.1"
        )
