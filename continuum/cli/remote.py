"""The memory that a command works on: a store here, or a service that --server names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from continuum.cli.settings import Options
from continuum.client import Client
from continuum.core.memory import ConsciousMemory


@contextmanager
def opened(options: Options, *, must_exist: bool = True) -> Iterator[ConsciousMemory | Client]:
    """The memory in use. With `must_exist` a store that is not there yet raises NotFoundError, and is not made."""
    if options.server is None:
        config = options.existing if must_exist else options.settings.config
        with ConsciousMemory(config=config) as memory:
            yield memory
    else:
        with service_of(options) as client:
            yield client


def service_of(options: Options) -> Client:
    """A client of the service in use. Raises InvalidInputError, FeatureUnavailableError, OSError of the key's file."""
    assert options.server is not None
    config, sources = options.settings.config, options.settings.sources
    # A credential says which tenant it belongs to; only one that somebody named must agree with it.
    tenant = config.tenant_id if sources.get("tenant_id", "default") != "default" else None
    return Client(options.server, token=options.key, tenant_id=tenant, instance_id=config.instance_id)


def tenant_of(memory: ConsciousMemory | Client) -> str:
    """Whose memory it is; a service is asked."""
    return memory.tenant_id if isinstance(memory, ConsciousMemory) else memory.limits().tenant_id
