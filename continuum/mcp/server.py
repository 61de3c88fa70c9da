"""`python -m continuum.mcp.server`: the memory for one client, over standard input and output."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import anyio

from continuum.assistants.own_store import with_own_store
from continuum.client import Client
from continuum.core.config import LoadedSettings, MemoryConfig, load_settings
from continuum.core.memory import ConsciousMemory
from continuum.domain.clock import SystemClock
from continuum.domain.ids import tenant_id
from continuum.errors import AuthenticationError, ContinuumError
from continuum.identity.api_keys import ApiKeys
from continuum.identity.principals import Principal
from continuum.identity.roles import permissions_of
from continuum.mcp.desk import Memory, OwnDesk
from continuum.portability.exporting import engine_of
from continuum.runtime.key_store import StoredKeys

KEY_PREFIX = "ck_"
START_FAILED = 1


def main() -> None:
    """Serve until the client leaves. A start that fails says why in one sentence on standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        serve(with_own_store(load_settings()))
    except (ContinuumError, OSError) as exc:
        sys.stderr.write(f"continuum mcp: {exc}\n")
        sys.exit(START_FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def serve(settings: LoadedSettings, key: str | None = None) -> None:
    """Serve one client over standard input and output; `key` is what a service is shown instead of the settings'.

    Raises ContinuumError and OSError of the start.
    """
    with opened(settings, key) as (memory, principal):
        anyio.run(_served, memory, principal)


async def _served(memory: Memory, principal: Principal) -> None:
    from mcp.server.stdio import stdio_server  # the protocol's library takes longest to load: the store opens first

    from continuum.mcp.building import build_server

    desk = OwnDesk(memory, principal)
    server = build_server(lambda ctx: desk)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


@contextmanager
def opened(settings: LoadedSettings, key: str | None = None) -> Iterator[tuple[Memory, Principal]]:
    """The memory to serve, a store's or a service's, and who its client is. Raises ContinuumError."""
    config = settings.config
    if config.server_url is not None:
        named = config.tenant_id if settings.sources.get("tenant_id", "default") != "default" else None
        if key is None and config.client_key is not None:
            key = config.client_key.reveal()
        with Client(config.server_url, token=key, tenant_id=named, instance_id=config.instance_id) as client:
            client.get_stats()  # a service that is away, or a wrong key, is said now and not at the first recall
            yield client, _owner("service")
        return
    with ConsciousMemory(config=replace(config, api_key=None)) as memory:
        principal = _identified(config, memory)
        if principal.tenant_id in (None, memory.tenant_id):
            yield memory, principal
            return
    assert principal.tenant_id is not None
    with ConsciousMemory(config=replace(config, api_key=None, tenant_id=principal.tenant_id)) as own:
        yield own, principal


def _identified(config: MemoryConfig, memory: ConsciousMemory) -> Principal:
    """Who the client is: the owner of this machine's store, or whom the key in the settings belongs to.

    Raises AuthenticationError for a key that this store does not know.
    """
    if config.api_key is None:
        return _owner("local")
    key = config.api_key.reveal()
    if not key.startswith(KEY_PREFIX):
        message = "CONTINUUM_API_KEY is no key of this store; make one through the service, or unset it"
        raise AuthenticationError(message)
    keys = ApiKeys(StoredKeys(engine_of(memory), lambda tenant, limits: None), SystemClock(), environment="test")
    principal = keys.verify(key)
    named = config.tenant_id
    if principal.tenant_id is not None and named not in (principal.tenant_id, MemoryConfig().tenant_id):
        raise AuthenticationError(f"CONTINUUM_API_KEY belongs to another tenant than {tenant_id(named)}")
    return principal


def _owner(credential: str) -> Principal:
    return Principal(None, "owner", credential, permissions_of("owner"))


if __name__ == "__main__":
    main()
