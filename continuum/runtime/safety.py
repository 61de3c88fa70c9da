"""What the service refuses to be started with, each with a sentence that says what to do."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from continuum.core.config import MemoryConfig
from continuum.errors import ConfigurationError
from continuum.storage.factory import is_postgres

KEY_CHARS_MIN = 32
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def needs_credentials(config: MemoryConfig) -> bool:
    """Whether callers must show a key or a token: only this machine's own programs, in `dev`, need none."""
    return config.require_api_key or config.env != "dev" or not is_loopback(config.api_host)


def refuse_unsafe(config: MemoryConfig) -> None:
    """Raise ConfigurationError for settings that would serve memories to whoever comes by."""
    if config.api_key is not None and len(config.api_key.reveal()) < KEY_CHARS_MIN:
        raise ConfigurationError(
            f"CONTINUUM_API_KEY has fewer than {KEY_CHARS_MIN} characters; make one with: "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if needs_credentials(config) and not config.require_api_key and not _has_operator(config):
        where = f"CONTINUUM_ENV is {config.env}" if config.env != "dev" else f"serving on {config.api_host}"
        raise ConfigurationError(
            f"{where} needs callers to show keys: set CONTINUUM_REQUIRE_API_KEY=true (and CONTINUUM_API_KEY, the "
            "operator's own key, which creates the others), or serve on 127.0.0.1 with CONTINUUM_ENV=dev"
        )
    if (config.tls_certificate is None) != (config.tls_key is None):
        raise ConfigurationError("tls_certificate and tls_key belong together; give both or none")
    if "*" in origins_of(config):
        raise ConfigurationError(
            "CONTINUUM_CORS_ORIGINS=* would let any web page call with its visitor's credentials; name the origins"
        )
    proxies_of(config)


def _has_operator(config: MemoryConfig) -> bool:
    """Whether somebody can create keys: the operator, or an issuer's tokens. Production makes a key of its own."""
    return config.env == "production" or config.api_key is not None or config.oidc_issuer is not None


def origins_of(config: MemoryConfig) -> tuple[str, ...]:
    """The origins of web pages that may call. Raises ConfigurationError for what is no origin."""
    origins = tuple(each.strip() for each in (config.cors_origins or "").split(",") if each.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query):
            raise ConfigurationError(
                f"CONTINUUM_CORS_ORIGINS holds {origin[:60]!r}, which is no origin such as https://app.example"
            )
    return origins


def proxies_of(config: MemoryConfig) -> Sequence[Network]:
    """The networks of trusted proxies. Raises ConfigurationError."""
    named = [each.strip() for each in (config.trusted_proxies or "").split(",") if each.strip()]
    try:
        return [ipaddress.ip_network(each, strict=False) for each in named]
    except ValueError as exc:
        raise ConfigurationError(f"CONTINUUM_TRUSTED_PROXIES: {exc}") from exc


def operator_key_path(config: MemoryConfig) -> Path:
    """Where a first start in production keeps the operator's key."""
    if config.operator_key_file is not None:
        return Path(config.operator_key_file).expanduser().absolute()
    store = config.db_path if not is_postgres(config.store) else Path("./continuum_data/memory.db")
    return store.expanduser().absolute().parent / "operator.key"
