"""Tokens of callers: signed by a secret that is shared with us, or by an OpenID Connect issuer.

The algorithm of a token only chooses between the two; which key it is checked with, and how, is decided here. So
a token signed with a public key as if it were a secret, with another curve, or not at all, is refused.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from continuum.domain.clock import Clock
from continuum.errors import ConfigurationError, FeatureUnavailableError, install_hint
from continuum.identity.issuer_keys import ALGORITHMS, IssuerKeys
from continuum.identity.principals import Principal
from continuum.identity.remembering import Remembered
from continuum.identity.steady_clock import SteadyClock
from continuum.identity.token_claims import (
    TOKEN_CHARS_MAX,
    check_audience,
    check_times,
    header_of,
    json_object,
    principal_of,
    refusal,
)

if TYPE_CHECKING:
    from jwt import PyJWK

SECRET_BYTES_MIN: Final = 32
TRUSTED_SECONDS: Final = 5.0
"""How long a token is known without checking it again, at most until it expires."""
REMEMBERED_TOKENS_MAX: Final = 10_000


class TokenVerifier:
    """Checks tokens. May be used from several threads."""

    def __init__(
        self,
        *,
        clock: Clock,
        audience: str,
        secret: bytes | None = None,
        secret_issuer: str = "continuum",  # noqa: S107  a name, no secret
        oidc_issuer: str | None = None,
        tenant_claim: str = "tenant_id",
        operator_claims: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        trusted_seconds: float = TRUSTED_SECONDS,
    ) -> None:
        """Take HS256 tokens by `secret` that name `secret_issuer`, tokens of `oidc_issuer`, or both.

        `operator_claims` lets those of `oidc_issuer` carry the role operator; those by `secret` never do. Nothing is
        read from the issuer before its first token. Raises ConfigurationError (a short secret, an unsafe address),
        FeatureUnavailableError without the package pyjwt.
        """
        _require_jwt()
        if secret is not None and len(secret) < SECRET_BYTES_MIN:
            raise ConfigurationError(
                f"CONTINUUM_JWT_SECRET has {len(secret)} bytes and needs at least {SECRET_BYTES_MIN}; make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        self._clock = SteadyClock(clock, monotonic)
        self._audience = audience
        self._secret = None if secret is None else _hmac_key(secret)
        self._secret_issuer = secret_issuer
        self._oidc_issuer = oidc_issuer
        self._issuer_keys = None if oidc_issuer is None else IssuerKeys(oidc_issuer, monotonic=monotonic)
        self._tenant_claim = tenant_claim
        self._operator_claims = operator_claims
        self._trusted_seconds = trusted_seconds
        self._known: Remembered[Principal] = Remembered(REMEMBERED_TOKENS_MAX, monotonic)

    def remembered(self, token: str) -> Principal | None:
        """The caller of a token that was verified a moment ago; None to `verify` it. Raises AuthenticationError."""
        if len(token) > TOKEN_CHARS_MAX:
            raise refusal("malformed")
        principal = self._known.get(_digest(token))
        if principal is not None and principal.expires_at is not None and principal.expires_at <= self._clock.now():
            raise refusal("expired")
        return principal

    def verify(self, token: str) -> Principal:
        """The caller that a token stands for. Raises AuthenticationError; may wait for the issuer some seconds."""
        known = self.remembered(token)
        if known is not None:
            return known
        asking = self._known.begin(self._trusted_seconds)
        header = header_of(token)
        if header.algorithm == "HS256" and self._secret is not None:
            principal = self._checked(token, self._secret, self._secret_issuer, operators=False)
        elif header.algorithm in ALGORITHMS and self._issuer_keys is not None:
            assert self._oidc_issuer is not None
            key = self._issuer_keys.find(header.kid)
            if key.algorithm_name != header.algorithm:
                raise refusal("algorithm")
            principal = self._checked(token, key, self._oidc_issuer, operators=self._operator_claims)
        else:
            raise refusal("algorithm")
        asking.keep(_digest(token), principal)
        return principal

    def _checked(self, token: str, key: PyJWK, issuer: str, *, operators: bool) -> Principal:
        claims = json_object(_signed_payload(token, key))
        if claims.get("iss") is None:
            raise refusal("malformed")
        if claims["iss"] != issuer:
            raise refusal("issuer")
        check_audience(claims, self._audience)
        expires_at = check_times(claims, self._clock.now())
        return principal_of(
            claims, issuer=issuer, tenant_claim=self._tenant_claim, operators=operators, expires_at=expires_at
        )


def _signed_payload(token: str, key: PyJWK) -> bytes:
    """What was signed. Raises AuthenticationError unless it was signed with this key, by this key's algorithm."""
    from jwt import PyJWS
    from jwt.exceptions import InvalidSignatureError, PyJWTError

    try:
        payload = PyJWS().decode_complete(token, key, algorithms=[key.algorithm_name])["payload"]
    except InvalidSignatureError as exc:
        raise refusal("signature") from exc
    except (PyJWTError, ValueError, TypeError, RecursionError) as exc:
        raise refusal("malformed") from exc
    assert isinstance(payload, bytes)
    return payload


def _hmac_key(secret: bytes) -> PyJWK:
    from jwt import PyJWK
    from jwt.utils import base64url_encode

    return PyJWK({"kty": "oct", "k": base64url_encode(secret).decode("ascii")}, "HS256")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _require_jwt() -> None:
    try:
        import jwt  # noqa: F401 - only whether it is there
    except ImportError as exc:
        raise FeatureUnavailableError(f"tokens need an optional package: {install_hint('server')}") from exc
