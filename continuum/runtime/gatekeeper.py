"""Who a credential stands for: an API key, a token, the operator's key, or nobody while none is asked for."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from continuum.core.assembly import Engine
from continuum.core.config import MemoryConfig
from continuum.core.tenant_limits import TenantLimits
from continuum.core.twins import run_in
from continuum.domain.ids import TenantId
from continuum.errors import AuthenticationError, ConfigurationError
from continuum.identity.api_keys import ApiKeys
from continuum.identity.operator_key import Environment, operator_key, write_key_file
from continuum.identity.principals import Principal
from continuum.identity.roles import permissions_of
from continuum.runtime.key_store import StoredKeys
from continuum.runtime.safety import KEY_CHARS_MIN, needs_credentials, operator_key_path

if TYPE_CHECKING:
    from continuum.identity.tokens import TokenVerifier

MISSING = "the request carries no credential; send X-API-Key, or Authorization: Bearer"


class Gatekeeper:
    """Knows callers by their credentials. Keys and tokens are known anew at least every half second."""

    def __init__(self, config: MemoryConfig, engine: Engine, heard: Callable[[TenantId, TenantLimits], None]) -> None:
        """`heard` is told the limits of each tenant whose key is looked up."""
        self.asks_for_credentials = needs_credentials(config)
        environment: Environment = "live" if config.env == "production" else "test"
        self.keys = ApiKeys(StoredKeys(engine, heard), engine.clock, environment=environment)
        self._tokens = _verifier(config, engine)
        self._operator_hash = _operator_hash(config, engine)
        # Of its own: who waits for an issuer must not keep recalls waiting.
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="continuum-identify")

    def without_credential(self) -> Principal:
        """Whoever is on this machine owns every tenant, while no keys are asked for. Raises AuthenticationError."""
        if self.asks_for_credentials:
            raise AuthenticationError(MISSING)
        return Principal(None, "owner", "local", permissions_of("owner") | permissions_of("operator"))

    async def identify(self, credential: str) -> Principal:
        """Who a credential stands for. Raises AuthenticationError, StorageError."""
        if self._is_operators(credential):
            return Principal(None, "operator", "operator", permissions_of("operator"))
        if credential.startswith("ck_"):
            known = self.keys.remembered(credential)
            return known if known is not None else await run_in(self._pool, lambda: self.keys.verify(credential))
        tokens = self._tokens
        if tokens is None:
            raise AuthenticationError("the credential is no key of this service, and it takes no tokens")
        known = tokens.remembered(credential)
        return known if known is not None else await run_in(self._pool, lambda: tokens.verify(credential))

    def _is_operators(self, credential: str) -> bool:
        return self._operator_hash is not None and hmac.compare_digest(_hash(credential), self._operator_hash)

    def close(self) -> None:
        """Let go of the threads; who is being identified is waited for."""
        self._pool.shutdown(wait=True)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _verifier(config: MemoryConfig, engine: Engine) -> TokenVerifier | None:
    if config.jwt_secret is None and config.oidc_issuer is None:
        return None
    from continuum.identity.tokens import TokenVerifier  # loads cryptography, which keys do not need

    return TokenVerifier(
        clock=engine.clock,
        audience=config.jwt_audience,
        secret=None if config.jwt_secret is None else config.jwt_secret.reveal().encode(),
        secret_issuer=config.jwt_issuer,
        oidc_issuer=config.oidc_issuer,
        tenant_claim=config.jwt_tenant_claim,
        operator_claims=config.oidc_operators,
    )


def _operator_hash(config: MemoryConfig, engine: Engine) -> bytes | None:
    """The hash of the operator's key: of the settings', else of the file that a first start in production writes."""
    if config.api_key is not None:
        return _hash(config.api_key.reveal())
    path = operator_key_path(config)
    if path.exists():
        return _hash(_read_key(path))
    if config.env != "production" or config.oidc_operators:
        return None
    try:
        write_key_file(path, operator_key("live"))
    except ConfigurationError:
        if not path.exists():  # else another process of the same first start was faster
            raise
    return _hash(_read_key(path))


def _read_key(path: Path) -> str:
    """Raises ConfigurationError if others than its owner may read it."""
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ConfigurationError(f"{path} can be read by others than its owner; chmod 600 it, or set CONTINUUM_API_KEY")
    key = path.read_text(encoding="ascii").strip()
    if len(key) < KEY_CHARS_MIN:
        raise ConfigurationError(f"{path} holds no key; remove it, and the next start makes one")
    return key
