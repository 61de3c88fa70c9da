"""API keys in use: issued, verified, listed, revoked. What they look like stands in `api_key_format`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn, Protocol

from continuum.domain.clock import Clock, Micros
from continuum.domain.ids import TenantId
from continuum.errors import AuthenticationError, InvalidInputError, PermissionDeniedError, StorageError
from continuum.identity.api_key_format import (
    Environment,
    MintedKey,
    PresentedKey,
    ShownOnce,
    hash_of,
    key_id_of,
    matches,
    mint,
    parse,
    public_id_for,
)
from continuum.identity.principals import Principal
from continuum.identity.remembering import Remembered
from continuum.identity.roles import ROLES, checked_role, checked_scopes, narrowed, permissions_of
from continuum.identity.steady_clock import SteadyClock

TRUSTED_SECONDS: Final = 0.5
"""How long a key is known without asking the store: with this, a revocation anywhere counts within a second."""
TRUSTED_SECONDS_MAX: Final = 1.0
REMEMBERED_KEYS_MAX: Final = 10_000
USE_NOTED_SECONDS: Final = 60.0
NAME_CHARS_MAX: Final = 200
KEYS_PER_PAGE_MAX: Final = 1_000
REFUSED: Final = "the key is not known, has expired or was revoked; check it, or ask for a new one"
_NO_HASH: Final = bytes(32)  # the hash of nothing that anybody can present
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of a key. Without `scopes` it may do all that its role may; times are None for what never was."""

    tenant_id: TenantId
    key_id: str
    secret_hash: bytes = field(repr=False)
    role: str
    scopes: tuple[str, ...]
    name: str
    created_at: Micros
    created_by: str
    expires_at: Micros | None = None
    revoked_at: Micros | None = None
    last_used_at: Micros | None = None


class KeyStore(Protocol):
    """Where keys are kept. Each call is one transaction in the tenant's own rows and may raise StorageError.

    What `put` kept, `get` gives until it is revoked and after; `list` goes by key id, behind `after`. `revoke` says
    whether the key was there and not revoked yet; it never changes an earlier time of revocation.
    """

    def get(self, tenant_id: TenantId, key_id: str) -> StoredKey | None: ...

    def put(self, key: StoredKey) -> None: ...

    def list(self, tenant_id: TenantId, limit: int, after: str) -> list[StoredKey]: ...

    def revoke(self, tenant_id: TenantId, key_id: str, now: Micros) -> bool: ...

    def note_used(self, tenant_id: TenantId, key_id: str, at: Micros) -> None: ...


class ApiKeys:
    """The keys of all tenants of a store. May be used from several threads.

    What the store said of a key is believed for `trusted_seconds`, good or bad; revoking one here counts at once.
    """

    def __init__(
        self,
        store: KeyStore,
        clock: Clock,
        *,
        environment: Environment,
        monotonic: Callable[[], float] = time.monotonic,
        trusted_seconds: float = TRUSTED_SECONDS,
    ) -> None:
        assert 0 <= trusted_seconds <= TRUSTED_SECONDS_MAX
        self._store = store
        self._clock = clock
        self._steady = SteadyClock(clock, monotonic)
        self._environment: Environment = environment
        self._trusted_seconds = trusted_seconds
        # Apart: a flood of wrong keys must not push out the good ones.
        self._good: Remembered[Principal] = Remembered(REMEMBERED_KEYS_MAX, monotonic)
        self._bad: Remembered[None] = Remembered(REMEMBERED_KEYS_MAX, monotonic)
        self._noted: Remembered[None] = Remembered(REMEMBERED_KEYS_MAX, monotonic)

    def remembered(self, full: str) -> Principal | None:
        """The caller of a key that was verified a moment ago, without a look at the store; None to `verify` it.

        Raises AuthenticationError for one that was refused a moment ago.
        """
        digest = hash_of(full)
        principal = self._good.get(digest)
        if principal is not None:
            return self._unexpired(principal)
        if digest in self._bad:
            _refuse()
        return None

    def verify(self, full: str) -> Principal:
        """The caller that a key stands for. Asks the store, unless it was asked a moment ago.

        Raises AuthenticationError, with the same words whatever is wrong with the key, and StorageError.
        """
        known = self.remembered(full)
        if known is not None:
            return known
        presented = parse(full)
        if presented is None or presented.environment != self._environment:
            _refuse()
        good, bad = self._good.begin(self._trusted_seconds), self._bad.begin(self._trusted_seconds)
        stored = self._store.get(presented.tenant_id, presented.key_id)
        principal = self._checked(presented, stored)
        if principal is None:
            bad.keep(presented.secret_hash, None)
            _refuse()
        good.keep(presented.secret_hash, principal)
        assert stored is not None
        self._note_used(stored)
        return principal

    def issue(
        self,
        tenant: TenantId,
        *,
        role: str,
        scopes: Sequence[str] = (),
        name: str = "",
        expires_at: Micros | None = None,
        created_by: Principal,
    ) -> tuple[StoredKey, MintedKey]:
        """Make and keep a key of a tenant; the second of the pair holds the secret, which is nowhere else.

        Raises InvalidInputError (role, scopes, name, a time that has passed), PermissionDeniedError if `created_by`
        belongs to another tenant or may not do itself all that the key may, and StorageError.
        """
        now = self._clock.now()
        known_role = checked_role(role)
        beyond = checked_scopes(scopes) - permissions_of(known_role)
        if beyond:
            raise InvalidInputError("scopes", f"{', '.join(sorted(beyond))}: the role {known_role} does not include it")
        if len(name) > NAME_CHARS_MAX or not name.isprintable():
            raise InvalidInputError(
                "name", f"must be at most {NAME_CHARS_MAX} printable characters (got {len(name)})", limit=NAME_CHARS_MAX
            )
        if expires_at is not None and expires_at <= max(now, self._steady.now()):
            raise InvalidInputError("expires_at", "has passed already; name a moment to come, or none")
        kept_scopes = tuple(sorted(set(scopes)))
        _require_at_least(created_by, tenant, known_role, kept_scopes)
        minted = mint(self._environment, tenant)
        stored = StoredKey(
            tenant_id=tenant,
            key_id=minted.key_id,
            secret_hash=minted.secret_hash,
            role=known_role,
            scopes=kept_scopes,
            name=name,
            created_at=now,
            created_by=created_by.credential,
            expires_at=expires_at,
        )
        self._store.put(stored)
        return stored, minted

    def list(self, tenant: TenantId, limit: int = 100, after: str = "") -> list[StoredKey]:
        """A tenant's keys by key id, revoked and expired ones too, behind `after`. Raises StorageError."""
        return self._store.list(tenant, min(max(limit, 1), KEYS_PER_PAGE_MAX), after)

    def revoke(self, tenant: TenantId, key_id: str) -> bool | None:
        """Let a key count no more: at once here, elsewhere within a second. Raises StorageError.

        True if it was not revoked before, False if it was, None if the tenant has no such key.
        """
        revoked = self._store.revoke(tenant, key_id, self._clock.now())
        public_id = f"key:{public_id_for(tenant, key_id)}"
        self._good.drop(lambda principal: principal.credential == public_id)
        if not revoked and self._store.get(tenant, key_id) is None:
            return None
        return revoked

    def _checked(self, presented: PresentedKey, stored: StoredKey | None) -> Principal | None:
        """The caller, or None. An unknown key is compared too, so that it takes as long as a wrong secret."""
        is_own = matches(presented, _NO_HASH if stored is None else stored.secret_hash)
        if stored is None or not is_own or stored.revoked_at is not None or stored.role not in ROLES:
            return None
        if stored.expires_at is not None and stored.expires_at <= self._steady.now():
            return None
        role = checked_role(stored.role)
        credential = f"key:{presented.public_id}"
        permissions = narrowed(role, stored.scopes)
        return Principal(presented.tenant_id, role, credential, permissions, stored.name, stored.expires_at)

    def _unexpired(self, principal: Principal) -> Principal:
        if principal.expires_at is not None and principal.expires_at <= self._steady.now():
            _refuse()
        return principal

    def _note_used(self, stored: StoredKey) -> None:
        """Note the use of a key at most once a minute. A store that takes no writes still knows its callers."""
        digest = stored.secret_hash
        now = self._clock.now()
        lately = stored.last_used_at is not None and 0 <= now - stored.last_used_at < USE_NOTED_SECONDS * 1_000_000
        if lately or digest in self._noted:
            return
        self._noted.begin(USE_NOTED_SECONDS).keep(digest, None)
        try:
            self._store.note_used(stored.tenant_id, stored.key_id, now)
        except StorageError as exc:
            _logger.warning("the use of key %s was not noted: %s", stored.key_id, exc)


def _require_at_least(creator: Principal, tenant: TenantId, role: str, scopes: Sequence[str]) -> None:
    if creator.tenant_id is not None and creator.tenant_id != tenant:
        raise PermissionDeniedError("the credential belongs to another tenant than the key would")
    beyond = narrowed(checked_role(role), scopes) - creator.permissions
    if beyond:
        raise PermissionDeniedError(
            f"a key with the role {role} could do what its creator may not: {', '.join(sorted(beyond))}; "
            "choose another role, or narrow it by scopes"
        )


def public_id_of(key: StoredKey) -> str:
    """The id under which a key is listed, revoked and audited."""
    return public_id_for(key.tenant_id, key.key_id)


def _refuse() -> NoReturn:
    raise AuthenticationError(REFUSED)


__all__ = [
    "ApiKeys",
    "KeyStore",
    "MintedKey",
    "PresentedKey",
    "ShownOnce",
    "StoredKey",
    "key_id_of",
    "matches",
    "mint",
    "parse",
    "public_id_of",
]
