"""The public keys of an OpenID Connect issuer: found by discovery, kept, and read anew when they are rotated.

A key has one algorithm, which the key decides and never the token. Keys of no other use are passed over, and so are
symmetric, private and short ones.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from continuum.domain.forking import at_fork
from continuum.domain.records import Json
from continuum.errors import AuthenticationError, ConfigurationError
from continuum.identity.issuer_documents import IssuerTrouble, is_plain, is_safe_address, read_document

if TYPE_CHECKING:
    from jwt import PyJWK

REFRESH_SECONDS: Final = 3_600.0
"""Keys are read anew after this time: one that the issuer has withdrawn counts no longer than that."""
RETRY_SECONDS: Final = 10.0
"""Between two attempts, whatever callers present: a flood of unknown keys must not reach the issuer."""
AWAY_SECONDS_MAX: Final = 86_400.0
"""How long keys go on counting while the issuer is away."""
WAIT_SECONDS: Final = 7.0
"""How long a caller waits for keys that are being read: two documents of 3 seconds each, and a little."""
KEYS_MAX: Final = 100
RSA_BITS_MIN: Final = 2_048
RSA_BITS_MAX: Final = 8_192
WELL_KNOWN: Final = "/.well-known/openid-configuration"

_RSA: Final = ("RS256", "RS384", "RS512")
_OF_CURVE: Final[Mapping[tuple[str, str], str]] = {
    ("EC", "P-256"): "ES256",
    ("EC", "P-384"): "ES384",
    ("EC", "P-521"): "ES512",
    ("OKP", "Ed25519"): "EdDSA",
}
ALGORITHMS: Final = (*_RSA, *_OF_CURVE.values())
_logger = logging.getLogger(__name__)

Keys = Mapping[str, "PyJWK"]
"""Keys by their `kid`; a key without one has the empty name."""


class IssuerKeys:
    """The keys of one issuer. May be used from several threads; one at a time reads, and only that one waits long."""

    def __init__(
        self,
        issuer: str,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        read: Callable[[str], dict[str, Json]] = read_document,
    ) -> None:
        """Nothing is read yet. Raises ConfigurationError for an address that keys must not come from."""
        if not is_safe_address(issuer):
            raise ConfigurationError(
                "CONTINUUM_OIDC_ISSUER must be an https address (http on this machine only) without a user or a query"
            )
        self._issuer = issuer
        self._monotonic = monotonic
        self._read = read
        self._keys: Keys = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading: Future[None] | None = None
        self._lock = threading.Lock()
        at_fork(self, in_child=IssuerKeys._renew)

    def _renew(self) -> None:
        """In a forked child: the thread that was reading stayed with the parent."""
        self._lock = threading.Lock()
        self._reading = None
        self._tried_at = None

    def find(self, kid: str | None) -> PyJWK:
        """The key of this name; without a name, the only key. Raises AuthenticationError.

        Waits for the issuer only if the key is not known; else, an hour after they were read, keys are read anew
        while the old ones count.
        """
        now = self._monotonic()
        key = self._known(kid, now)
        if key is None:
            reading = self._start_reading(now)
            if reading is not None:
                _wait_for(reading)
            key = self._known(kid, now)
        elif self._read_at is None or now - self._read_at >= REFRESH_SECONDS:
            self._start_reading(now)
        if key is None:
            is_away = self._read_at is None or now - self._read_at > AWAY_SECONDS_MAX
            why = "the issuer's keys cannot be read now" if is_away else "its key is not one of the issuer's"
            raise AuthenticationError(f"the token is refused: {why}")
        return key

    def _known(self, kid: str | None, now: float) -> PyJWK | None:
        if self._read_at is None or now - self._read_at > AWAY_SECONDS_MAX:
            return None
        keys = self._keys
        if kid is not None:
            return keys.get(kid)
        return next(iter(keys.values())) if len(keys) == 1 else None

    def _start_reading(self, now: float) -> Future[None] | None:
        """What is being read now, by this call or by another; None if it is too early to try again."""
        with self._lock:
            if self._reading is not None:
                return self._reading
            if self._tried_at is not None and now - self._tried_at < RETRY_SECONDS:
                return None
            self._tried_at = now
            reading = self._reading = Future()
        # A daemon: an issuer that hangs must not keep the service from stopping.
        threading.Thread(target=self._read_keys, args=(reading,), name="continuum-issuer", daemon=True).start()
        return reading

    def _read_keys(self, reading: Future[None]) -> None:
        try:
            keys = usable_keys(self._read(self._keys_address()))
            if not keys:
                raise IssuerTrouble(f"{self._issuer} names no key that can be used")
            self._keys = keys
            self._read_at = self._monotonic()
        except IssuerTrouble as exc:
            _logger.warning("the keys of the token issuer were not read; those known go on counting: %s", exc)
        finally:
            with self._lock:
                self._reading = None
            reading.set_result(None)

    def _keys_address(self) -> str:
        document = self._read(self._issuer.rstrip("/") + WELL_KNOWN)
        if document.get("issuer") != self._issuer:
            raise IssuerTrouble(f"the document of {self._issuer} names another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_safe_address(address, loopback_allowed=is_plain(self._issuer)):
            raise IssuerTrouble(f"the jwks_uri of {self._issuer} is not an address that keys may come from")
        return address


def _wait_for(reading: Future[None]) -> None:
    try:
        reading.result(WAIT_SECONDS)
    except TimeoutError:
        return  # the caller is refused; the keys may still come for the next one


def usable_keys(document: Mapping[str, Json]) -> Keys:
    """The keys of a JWKS that tokens may be signed with, by name; what cannot be used is passed over."""
    listed = document.get("keys")
    keys: dict[str, PyJWK] = {}
    for each in listed[:KEYS_MAX] if isinstance(listed, list) else ():
        key = _usable(each) if isinstance(each, dict) else None
        kid = each.get("kid", "") if isinstance(each, dict) else None
        if key is not None and isinstance(kid, str):
            keys.setdefault(kid, key)
    return keys


def _usable(jwk: Mapping[str, Json]) -> PyJWK | None:
    from jwt import PyJWK
    from jwt.exceptions import PyJWTError

    algorithm = _algorithm_of(jwk)
    operations = jwk.get("key_ops")
    is_for_signing = jwk.get("use", "sig") == "sig" and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )
    if algorithm is None or not is_for_signing or "d" in jwk:
        return None
    try:
        key = PyJWK(dict(jwk), algorithm)
    except (PyJWTError, ValueError, TypeError):
        return None
    return key if algorithm not in _RSA or RSA_BITS_MIN <= key.key.key_size <= RSA_BITS_MAX else None


def _algorithm_of(jwk: Mapping[str, Json]) -> str | None:
    """The one algorithm of a key, from its type, its curve and what it says itself; None if they disagree."""
    kty, curve, named = (jwk.get(name) for name in ("kty", "crv", "alg"))
    if kty == "RSA":
        return "RS256" if named is None else str(named) if named in _RSA else None
    by_curve = _OF_CURVE.get((str(kty), str(curve)))
    return by_curve if named in (None, by_curve) or (named == "Ed25519" and by_curve == "EdDSA") else None
