"""Settings of the service: who may call, how much, what is watched, and how it is served.

A library user may leave them all alone. Those whose variables belong to other programs too (``SENTRY_...``) are read
as texts, and checked by the service only: a host application's own value must not keep a memory from opening.
"""

from __future__ import annotations

from dataclasses import dataclass

from continuum.core.setting import Secret, setting


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """The part of `MemoryConfig` that only `continuum serve` looks at."""

    require_api_key: bool = setting(False, "refuse callers without a key or token", env="CONTINUUM_REQUIRE_API_KEY")
    api_key: Secret | None = setting(None, "the operator's key, at least 32 characters", env="CONTINUUM_API_KEY")
    operator_key_file: str | None = setting(
        None,
        "where a first start in production writes the operator's key; operator.key beside the store if empty",
        env="CONTINUUM_OPERATOR_KEY_FILE",
    )
    jwt_secret: Secret | None = setting(None, "secret of HS256 tokens, at least 32 bytes", env="CONTINUUM_JWT_SECRET")
    jwt_issuer: str = setting("continuum", "issuer that HS256 tokens must name", env="CONTINUUM_JWT_ISSUER")
    jwt_audience: str = setting("continuum", "audience that every token must name", env="CONTINUUM_JWT_AUDIENCE")
    oidc_issuer: str | None = setting(
        None, "address of the OpenID Connect issuer whose tokens are taken", env="CONTINUUM_OIDC_ISSUER"
    )
    oidc_operators: bool = setting(
        False, "let the issuer's tokens carry the role operator", env="CONTINUUM_OIDC_OPERATORS"
    )
    jwt_tenant_claim: str = setting(
        "tenant_id", "claim of a token that names the tenant", env="CONTINUUM_JWT_TENANT_CLAIM"
    )
    cors_origins: str | None = setting(
        None, "origins of web pages that may call, separated by commas", env="CONTINUUM_CORS_ORIGINS"
    )
    trusted_proxies: str | None = setting(
        None,
        "addresses or networks of proxies whose X-Forwarded-For counts, separated by commas",
        env="CONTINUUM_TRUSTED_PROXIES",
    )
    redis_url: Secret | None = setting(
        None, "Redis for the shared cache, limits and events of several processes", env="REDIS_URL"
    )
    rate_per_minute: int = setting(
        6_000, "requests of one credential, 0 for no limit", unit="a minute", env="CONTINUUM_RATE_PER_MINUTE"
    )
    tenant_rate_per_minute: int = setting(
        60_000, "requests of one tenant, 0 for no limit", unit="a minute", env="CONTINUUM_TENANT_RATE_PER_MINUTE"
    )
    request_slots: int = setting(
        0,
        "requests of one process that are worked on at once; 0 for 4 on the embedded store and 16 on a server",
        env="CONTINUUM_REQUEST_SLOTS",
    )
    waiting_requests: int = setting(
        2_000, "requests of one process that may wait for their turn", env="CONTINUUM_WAITING_REQUESTS"
    )
    waiting_seconds: float = setting(
        2.5, "longest wait of a request for its turn", unit="seconds", env="CONTINUUM_WAITING_SECONDS"
    )
    request_seconds: float = setting(
        60.0, "time after which a request is answered with 503", unit="seconds", env="CONTINUUM_REQUEST_SECONDS"
    )
    max_body_bytes: int = setting(
        4 * 1_048_576, "largest body of a request, imports apart", unit="bytes", env="CONTINUUM_MAX_BODY_BYTES"
    )
    idempotency_hours: float = setting(
        24.0, "how long the answer under an Idempotency-Key is kept", unit="hours", env="CONTINUUM_IDEMPOTENCY_HOURS"
    )
    heartbeat_seconds: float = setting(
        30.0, "time between signs of life on a socket", unit="seconds", env="CONTINUUM_HEARTBEAT_SECONDS"
    )
    lease_seconds: float = setting(
        90.0,
        "time without a sign of life after which an instance is lost",
        unit="seconds",
        env="CONTINUUM_LEASE_SECONDS",
    )
    instances_max: int = setting(
        1_000, "instances of one tenant, unless its own quota says otherwise", env="CONTINUUM_INSTANCES_MAX"
    )
    log_level: str = setting("INFO", "DEBUG, INFO, WARNING, ERROR or CRITICAL", env="CONTINUUM_LOG_LEVEL")
    log_format: str = setting("json", "json or text", env="CONTINUUM_LOG_FORMAT")
    metrics_public: bool = setting(False, "serve /metrics to callers without a key", env="CONTINUUM_METRICS_PUBLIC")
    metrics_by_tenant: bool = setting(False, "count requests by tenant too", env="CONTINUUM_METRICS_BY_TENANT")
    sentry_dsn: Secret | None = setting(None, "Sentry project that errors are sent to", env="SENTRY_DSN")
    sentry_traces_sample_rate: str = setting(
        "0.1", "share of requests whose timing is sent to Sentry, 0 to 1", env="SENTRY_TRACES_SAMPLE_RATE"
    )
    sentry_release: str | None = setting(None, "release that Sentry shows; this version if empty", env="SENTRY_RELEASE")
    posthog_api_key: Secret | None = setting(None, "PostHog project that use is counted in", env="POSTHOG_API_KEY")
    posthog_host: str | None = setting(None, "address of PostHog", env="POSTHOG_HOST")
    otel_endpoint: str | None = setting(
        None, "OTLP/HTTP address that traces are sent to", env="CONTINUUM_OTEL_ENDPOINT"
    )
    realtime_poll_seconds: float = setting(
        1.0,
        "how often live sync looks at the log unasked",
        unit="seconds",
        env="CONTINUUM_REALTIME_POLL_SECONDS",
    )
    server_url: str | None = setting(None, "service that commands with --server talk to", env="CONTINUUM_SERVER_URL")
    client_key: Secret | None = setting(
        None, "key or token that commands with --server show", env="CONTINUUM_CLIENT_KEY"
    )
    workers: int = setting(1, "processes that serve", env="CONTINUUM_WORKERS")
    tls_certificate: str | None = setting(
        None, "file of the certificate chain to serve with", env="CONTINUUM_TLS_CERTIFICATE"
    )
    tls_key: str | None = setting(None, "file of the certificate's private key", env="CONTINUUM_TLS_KEY")
    tls_minimum: str = setting("1.3", "oldest TLS that is spoken, 1.2 or 1.3", env="CONTINUUM_TLS_MINIMUM")
    drain_seconds: float = setting(
        0.5,
        "time that readiness is red before no more calls are taken",
        unit="seconds",
        env="CONTINUUM_DRAIN_SECONDS",
    )
    shutdown_seconds: float = setting(
        30.0,
        "time that running requests have when the service stops",
        unit="seconds",
        env="CONTINUUM_SHUTDOWN_SECONDS",
    )


SERVICE_BOUNDS: dict[str, tuple[float, float]] = {
    "rate_per_minute": (0, 100_000_000),
    "tenant_rate_per_minute": (0, 100_000_000),
    "request_slots": (0, 10_000),
    "waiting_requests": (1, 1_000_000),
    "waiting_seconds": (0.01, 600),
    "request_seconds": (0.1, 86_400),
    "max_body_bytes": (1_024, 1 << 30),
    "idempotency_hours": (0.01, 24 * 366),
    "heartbeat_seconds": (0.05, 3_600),
    "realtime_poll_seconds": (0.01, 3_600),
    "lease_seconds": (0.1, 86_400),
    "instances_max": (1, 1_000_000),
    "workers": (1, 256),
    "drain_seconds": (0, 3_600),
    "shutdown_seconds": (0.1, 3_600),
}
CHOICES: dict[str, tuple[str, ...]] = {
    "cache_strategy": ("lru", "lfu", "ttl"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
    "log_format": ("json", "text"),
    "tls_minimum": ("1.2", "1.3"),
}
