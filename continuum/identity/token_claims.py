"""What a token says, read strictly: its three parts, its header, and the claims that make a principal."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from continuum.domain.clock import Micros
from continuum.domain.ids import NAME_PATTERN, TenantId
from continuum.domain.records import Json
from continuum.errors import AuthenticationError
from continuum.identity.principals import Principal
from continuum.identity.roles import PERMISSIONS, ROLES, Role, narrowed

TOKEN_CHARS_MAX: Final = 8_192
LEEWAY_SECONDS: Final = 60
TEXT_CHARS_MAX: Final = 255
LIST_MAX: Final = 64
_LAST_SECOND: Final = 253_402_300_799
_MICROS: Final = 1_000_000
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
_REFUSED_HEADERS: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc", "epk"})
"""Headers that let a token choose its own key, or its own reading."""

Kind = Literal[
    "malformed", "algorithm", "signature", "issuer", "audience", "expired", "not valid yet", "tenant", "role"
]
_WHY: Final[Mapping[Kind, str]] = {
    "malformed": "it is not a well-formed token with the claims that are needed (iss, sub, aud, exp)",
    "algorithm": "its algorithm is not one that is taken here",
    "signature": "its signature does not fit",
    "issuer": "its issuer is not one that is trusted here",
    "audience": "it was made for another audience",
    "expired": "it has expired",
    "not valid yet": "it is not valid yet; compare the clocks",
    "tenant": "it names no tenant, or none that can be",
    "role": "its role is not one that its issuer may give",
}


def refusal(kind: Kind) -> AuthenticationError:
    """The error for a token, which says what kind of fault it has and nothing of what stands in it."""
    return AuthenticationError(f"the token is refused: {_WHY[kind]}")


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """The part of a header that is looked at."""

    algorithm: str
    kid: str | None


def header_of(token: str) -> TokenHeader:
    """The header of a token of at most `TOKEN_CHARS_MAX` that nothing else is known of. Raises AuthenticationError."""
    if token.count(".") != 2 or not token.isascii():
        raise refusal("malformed")
    header = json_object(_decoded(token.partition(".")[0]))
    algorithm, kid, form = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or not _REFUSED_HEADERS.isdisjoint(header):
        raise refusal("algorithm" if not isinstance(algorithm, str) else "malformed")
    if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= TEXT_CHARS_MAX):
        raise refusal("malformed")
    if form is not None and (not isinstance(form, str) or form.lower() not in _TYPES):
        raise refusal("malformed")
    return TokenHeader(algorithm, kid)


def json_object(data: bytes) -> dict[str, Json]:
    """A JSON object in which no name stands twice. Raises AuthenticationError."""
    try:
        value = json.loads(data, object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise refusal("malformed") from exc
    if not isinstance(value, dict):
        raise refusal("malformed")
    return value


def _once_each(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a number")


def _decoded(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as exc:
        raise refusal("malformed") from exc


def check_audience(claims: Mapping[str, Json], audience: str) -> None:
    """Raise AuthenticationError unless the token is made for this audience."""
    named = claims.get("aud")
    all_named = named if isinstance(named, list) else [named]
    if named is None or len(all_named) > LIST_MAX or not all(isinstance(each, str) for each in all_named):
        raise refusal("malformed")
    if audience not in all_named:
        raise refusal("audience")


def check_times(claims: Mapping[str, Json], now: Micros) -> Micros:
    """The moment at which the token stops to count: a minute late, as clocks differ. Raises AuthenticationError."""
    seconds = now / _MICROS
    expires = _seconds_of(claims, "exp")
    if expires is None:
        raise refusal("malformed")
    if expires + LEEWAY_SECONDS <= seconds:
        raise refusal("expired")
    for name in ("nbf", "iat"):
        begins = _seconds_of(claims, name)
        if begins is not None and begins - LEEWAY_SECONDS > seconds:
            raise refusal("not valid yet")
    return int((expires + LEEWAY_SECONDS) * _MICROS)


def _seconds_of(claims: Mapping[str, Json], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise refusal("malformed")
    return value


def principal_of(
    claims: Mapping[str, Json], *, issuer: str, tenant_claim: str, operators: bool, expires_at: Micros
) -> Principal:
    """The caller that checked claims speak of. Raises AuthenticationError."""
    subject = _text_of(claims, "sub")
    if subject is None:
        raise refusal("malformed")
    role = _role_of(claims, subject, operators=operators)
    return Principal(
        _tenant_of(claims, tenant_claim, role),
        role,
        f"token:{issuer}|{subject}",
        narrowed(role, _scopes_of(claims)),
        expires_at=expires_at,
    )


def _text_of(claims: Mapping[str, Json], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARS_MAX or not value.isprintable():
        raise refusal("malformed")
    return value


def _role_of(claims: Mapping[str, Json], subject: str, *, operators: bool) -> Role:
    """The role that the token names; a program that speaks for itself is a service, whoever else a member."""
    named = _text_of(claims, "role")
    if named is None:
        return "service" if subject in (claims.get("client_id"), claims.get("azp")) else "member"
    for role in ROLES:
        if named == role and (operators or role != "operator"):
            return role
    raise refusal("role")


def _tenant_of(claims: Mapping[str, Json], claim: str, role: Role) -> TenantId | None:
    value = claims.get(claim)
    if value is None and role == "operator":
        return None
    if not isinstance(value, str) or NAME_PATTERN.fullmatch(value) is None:
        raise refusal("tenant")
    return TenantId(value)


def _scopes_of(claims: Mapping[str, Json]) -> list[str]:
    """Those scopes that are permissions of ours: others, such as ``openid``, say nothing about them."""
    given = claims.get("scope")
    listed = given.split(" ") if isinstance(given, str) else given
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise refusal("malformed")
    return [each for each in listed if isinstance(each, str) and each in PERMISSIONS]
