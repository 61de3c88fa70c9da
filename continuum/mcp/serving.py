"""The memory for one client, over standard input and output: opened, whose it is, and served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from continuum.core.config import LoadedSettings, MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.clock import SystemClock
from continuum.domain.ids import tenant_id
from continuum.errors import AuthenticationError, FeatureUnavailableError, install_hint
from continuum.identity.api_key_format import Environment
from continuum.identity.api_keys import ApiKeys
from continuum.identity.principals import Principal
from continuum.identity.roles import permissions_of
from continuum.mcp.loading import loading

if TYPE_CHECKING:
    from continuum.mcp.desk import Memory

KEY_PREFIX = "ck_"


def serve(settings: LoadedSettings, key: str | None = None) -> None:
    """Serve one client over standard input and output; `key` is what a service is shown instead of the settings'.

    Raises ContinuumError and OSError of the start.
    """
    if find_spec("mcp") is None:
        raise FeatureUnavailableError(f"the MCP server needs an optional package: {install_hint('mcp')}")
    with opened(settings, key) as (memory, principal):
        with loading():  # not while the store is opened: both need the interpreter, and the store takes 12 ms
            import anyio

            from continuum.mcp.building import build_server
            from continuum.mcp.desk import OwnDesk
            from continuum.mcp.standard_io import serve_standard_io

        desk = OwnDesk(memory, principal)
        anyio.run(serve_standard_io, build_server(lambda ctx: desk))


@contextmanager
def opened(settings: LoadedSettings, key: str | None = None) -> Iterator[tuple[Memory, Principal]]:
    """The memory to serve, a store's or a service's, and who its client is. Raises ContinuumError."""
    config = settings.config
    if config.server_url is not None:
        named = config.tenant_id if settings.sources.get("tenant_id", "default") != "default" else None
        if key is None and config.client_key is not None:
            key = config.client_key.reveal()
        from continuum.client import Client  # and with it the library for HTTP

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
    from continuum.portability.exporting import engine_of
    from continuum.runtime.key_store import StoredKeys

    key = config.api_key.reveal()
    if not key.startswith(KEY_PREFIX):
        message = "CONTINUUM_API_KEY is no key of this store; make one through the service, or unset it"
        raise AuthenticationError(message)
    environment: Environment = "live" if config.env == "production" else "test"
    keys = ApiKeys(StoredKeys(engine_of(memory), lambda tenant, limits: None), SystemClock(), environment=environment)
    principal = keys.verify(key)
    named = config.tenant_id
    if principal.tenant_id is not None and named not in (principal.tenant_id, MemoryConfig().tenant_id):
        raise AuthenticationError(f"CONTINUUM_API_KEY belongs to another tenant than {tenant_id(named)}")
    return principal


def _owner(credential: str) -> Principal:
    return Principal(None, "owner", credential, permissions_of("owner"))
