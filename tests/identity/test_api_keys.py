from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import replace

import pytest

from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.errors import AuthenticationError, InvalidInputError, PermissionDeniedError, StorageBusyError
from continuum.identity.api_keys import (
    NAME_CHARS_MAX,
    REFUSED,
    REMEMBERED_KEYS_MAX,
    ApiKeys,
    StoredKey,
    mint,
    public_id_of,
)
from continuum.identity.principals import Principal
from continuum.identity.roles import permissions_of
from tests.identity.turned_time import TurnedTime
from tests.requirements import requirement

ALICE, BOB = TenantId("alice"), TenantId("bob")
OPERATOR = Principal(None, "operator", "operator", permissions_of("operator"))
OWNER = Principal(ALICE, "owner", "key:owner", permissions_of("owner"))
ADMIN = Principal(ALICE, "admin", "key:admin", permissions_of("admin"))
SECOND: Micros = 1_000_000


class KeptKeys:
    """Keys in a dictionary; counts how often it is asked."""

    def __init__(self) -> None:
        self.rows: dict[tuple[TenantId, str], StoredKey] = {}
        self.reads = 0
        self.notes = 0
        self.is_full = False

    def get(self, tenant_id: TenantId, key_id: str) -> StoredKey | None:
        self.reads += 1
        return self.rows.get((tenant_id, key_id))

    def put(self, key: StoredKey) -> None:
        self.rows[key.tenant_id, key.key_id] = key

    def list(self, tenant_id: TenantId, limit: int, after: str) -> list[StoredKey]:
        found = [row for (tenant, key_id), row in sorted(self.rows.items()) if tenant == tenant_id and key_id > after]
        return found[:limit]

    def revoke(self, tenant_id: TenantId, key_id: str, now: Micros) -> bool:
        row = self.rows.get((tenant_id, key_id))
        if row is None or row.revoked_at is not None:
            return False
        self.rows[tenant_id, key_id] = replace(row, revoked_at=now)
        return True

    def note_used(self, tenant_id: TenantId, key_id: str, at: Micros) -> None:
        if self.is_full:
            raise StorageBusyError("no writes now")
        self.notes += 1
        self.rows[tenant_id, key_id] = replace(self.rows[tenant_id, key_id], last_used_at=at)


@pytest.fixture
def store() -> KeptKeys:
    return KeptKeys()


@pytest.fixture
def keys(store: KeptKeys, time: TurnedTime) -> ApiKeys:
    return ApiKeys(store, time, environment="test", monotonic=time.monotonic)


def issued(keys: ApiKeys, role: str = "member", *, by: Principal = OWNER, expires_at: Micros | None = None) -> str:
    return keys.issue(ALICE, role=role, created_by=by, expires_at=expires_at)[1].full.reveal()


def refused(keys: ApiKeys, full: str) -> bool:
    with pytest.raises(AuthenticationError) as caught:
        keys.verify(full)
    assert str(caught.value) == REFUSED
    return True


@requirement("identity:keys")
def test_a_key_stands_for_its_tenant_role_and_scopes(keys: ApiKeys, time: TurnedTime) -> None:
    stored, minted = keys.issue(
        ALICE,
        role="service",
        scopes=["memories:read", "memories:read", "instances:use"],
        name="shop",
        expires_at=time.now() + SECOND,
        created_by=OWNER,
    )
    principal = keys.verify(minted.full.reveal())
    assert principal == Principal(
        ALICE,
        "service",
        f"key:{minted.public_id}",
        frozenset({"memories:read", "instances:use"}),
        "shop",
        time.now() + SECOND,
    )
    assert stored.created_by == "key:owner"
    assert public_id_of(stored) == minted.public_id


def test_only_a_hash_of_a_key_is_kept(keys: ApiKeys, store: KeptKeys) -> None:
    full = issued(keys)
    (row,) = store.rows.values()
    assert row.secret_hash == hashlib.sha256(full.encode()).digest()
    assert full.split("_", 3)[3] not in repr(row)
    assert repr(row.secret_hash) not in repr(row)


def test_unknown_wrong_expired_and_revoked_keys_are_refused_with_the_same_words(
    keys: ApiKeys, store: KeptKeys, time: TurnedTime
) -> None:
    revoked, expired, whole = issued(keys), issued(keys, expires_at=time.now() + SECOND), issued(keys)
    ids = [key_id for _, key_id in store.rows]
    keys.revoke(ALICE, ids[0])
    time.pass_by(1)
    live = mint("live", ALICE).full.reveal()
    wrong = whole[:-1] + ("A" if whole[-1] != "A" else "B")
    for full in (
        revoked,
        expired,
        wrong,
        live,
        mint("test", ALICE).full.reveal(),
        "",
        "ck_test_",
        "x" * 100_000,
        "ck_",
    ):
        assert refused(keys, full)
        assert refused(keys, full)  # and again, when it is remembered
    assert keys.verify(whole).tenant_id == ALICE


def test_a_row_that_is_moved_to_another_tenant_is_no_key_there(keys: ApiKeys, store: KeptKeys) -> None:
    full = issued(keys)
    (row,) = store.rows.values()
    store.put(replace(row, tenant_id=BOB))
    forged = mint("test", BOB).full.reveal().split("_")
    forged[2] = public_id_of(replace(row, tenant_id=BOB))
    forged[3:] = full.split("_")[3:]
    assert refused(keys, "_".join(forged))


def test_a_role_that_a_newer_version_wrote_is_no_key_here(keys: ApiKeys, store: KeptKeys) -> None:
    full = issued(keys)
    (row,) = store.rows.values()
    store.put(replace(row, role="emperor"))
    assert refused(keys, full)


def test_a_verified_key_is_known_for_half_a_second_without_the_store(
    keys: ApiKeys, store: KeptKeys, time: TurnedTime
) -> None:
    full = issued(keys)
    assert keys.remembered(full) is None
    first = keys.verify(full)
    for _ in range(100):
        assert keys.verify(full) is first
    assert store.reads == 1
    time.pass_by(0.49)
    assert keys.remembered(full) is first
    time.pass_by(0.02)
    assert keys.remembered(full) is None
    assert keys.verify(full) == first
    assert store.reads == 2


def test_revoking_counts_at_once_here_and_elsewhere_within_a_second(
    keys: ApiKeys, store: KeptKeys, time: TurnedTime
) -> None:
    elsewhere = ApiKeys(store, time, environment="test", monotonic=time.monotonic)
    full = issued(keys)
    ((_, key_id),) = store.rows
    assert keys.verify(full) == elsewhere.verify(full)
    assert keys.revoke(ALICE, key_id) is True
    assert refused(keys, full)
    assert elsewhere.verify(full).role == "member"  # not yet
    time.pass_by(0.5)
    assert refused(elsewhere, full)


def test_revoking_says_what_it_found_and_keeps_the_first_moment(
    keys: ApiKeys, store: KeptKeys, time: TurnedTime
) -> None:
    issued(keys)
    ((_, key_id),) = store.rows
    moment = time.now()
    assert keys.revoke(ALICE, key_id) is True
    time.pass_by(5)
    assert keys.revoke(ALICE, key_id) is False
    assert store.rows[ALICE, key_id].revoked_at == moment
    assert keys.revoke(ALICE, "aaaaaaaaaaaa") is None
    assert keys.revoke(BOB, key_id) is None


def test_a_key_revoked_while_it_is_being_verified_is_not_remembered(time: TurnedTime) -> None:
    class Slow(KeptKeys):
        def __init__(self) -> None:
            super().__init__()
            self.asked, self.answer = threading.Event(), threading.Event()

        def get(self, tenant_id: TenantId, key_id: str) -> StoredKey | None:
            found = super().get(tenant_id, key_id)
            self.asked.set()
            assert self.answer.wait(10)
            return found

    store = Slow()
    keys = ApiKeys(store, time, environment="test", monotonic=time.monotonic)
    full = issued(keys)
    ((_, key_id),) = store.rows
    late = threading.Thread(target=keys.verify, args=(full,))
    late.start()
    assert store.asked.wait(10)
    keys.revoke(ALICE, key_id)
    store.answer.set()
    late.join(10)
    assert refused(keys, full)


def test_one_wrong_key_over_and_over_asks_the_store_twice_a_second(
    keys: ApiKeys, store: KeptKeys, time: TurnedTime
) -> None:
    wrong = mint("test", ALICE).full.reveal()
    for _ in range(1_000):
        refused(keys, wrong)
        time.pass_by(0.002)
    assert 4 <= store.reads <= 5


def test_texts_that_are_no_keys_never_reach_the_store(keys: ApiKeys, store: KeptKeys) -> None:
    refused(keys, "ck_test_aaaabbbbccccmfwgsy3f")
    refused(keys, mint("live", ALICE).full.reveal())
    assert store.reads == 0


def test_a_flood_of_wrong_keys_neither_grows_without_bound_nor_forgets_the_good_ones(
    keys: ApiKeys, store: KeptKeys
) -> None:
    full = issued(keys)
    keys.verify(full)
    form = mint("test", ALICE).full.reveal()
    for number in range(REMEMBERED_KEYS_MAX + 50):
        refused(keys, f"{form[:-8]}{number:08d}")
    reads = store.reads
    assert keys.verify(full).tenant_id == ALICE
    assert store.reads == reads
    assert len(keys._bad) == REMEMBERED_KEYS_MAX


def test_a_remembered_key_stops_to_count_when_it_expires(keys: ApiKeys, time: TurnedTime) -> None:
    full = issued(keys, expires_at=time.now() + SECOND // 10)
    keys.verify(full)
    time.pass_by(0.1)
    assert refused(keys, full)


def test_a_remembered_key_expires_although_the_clock_stands_still(keys: ApiKeys, time: TurnedTime) -> None:
    full = issued(keys, expires_at=time.now() + SECOND // 10)
    keys.verify(full)
    time.passed += 0.1
    assert refused(keys, full)


@pytest.mark.parametrize("jump_seconds", [-3_600, -366 * 86_400])
def test_an_expired_key_stays_expired_when_the_clock_is_set_back(
    keys: ApiKeys, time: TurnedTime, jump_seconds: float
) -> None:
    full = issued(keys, expires_at=time.now() + 10 * SECOND)
    time.pass_by(11)
    assert refused(keys, full)
    time.set_wall(jump_seconds)
    time.pass_by(1)
    assert refused(keys, full)


def test_a_key_expires_although_the_clock_stands_still(keys: ApiKeys, time: TurnedTime) -> None:
    full = issued(keys, expires_at=time.now() + 10 * SECOND)
    keys.verify(full)
    time.passed += 10
    assert refused(keys, full)


def test_the_use_of_a_key_is_noted_once_a_minute(keys: ApiKeys, store: KeptKeys, time: TurnedTime) -> None:
    full = issued(keys)
    for _ in range(150):
        keys.verify(full)
        time.pass_by(1)
    assert store.notes == 3


def test_processes_together_note_a_use_once_a_minute(keys: ApiKeys, store: KeptKeys, time: TurnedTime) -> None:
    full = issued(keys)
    for _ in range(10):
        ApiKeys(store, time, environment="test", monotonic=time.monotonic).verify(full)
    assert store.notes == 1


def test_a_store_that_takes_no_writes_still_knows_its_callers(
    keys: ApiKeys, store: KeptKeys, caplog: pytest.LogCaptureFixture
) -> None:
    full = issued(keys)
    store.is_full = True
    with caplog.at_level(logging.WARNING):
        assert keys.verify(full).tenant_id == ALICE
    assert "was not noted" in caplog.text
    assert full.split("_", 3)[3] not in caplog.text


def test_nobody_issues_a_key_that_may_do_more_than_its_creator(keys: ApiKeys, store: KeptKeys) -> None:
    for creator, role in ((ADMIN, "owner"), (OWNER, "operator")):
        with pytest.raises(PermissionDeniedError, match="creator may not"):
            issued(keys, role, by=creator)
    narrow = Principal(ALICE, "owner", "key:narrow", frozenset({"keys:manage", "memories:read"}))
    with pytest.raises(PermissionDeniedError, match="memories:write"):
        issued(keys, "member", by=narrow)
    assert issued(keys, "reader", by=narrow)
    assert issued(keys, "admin", by=ADMIN)
    assert issued(keys, "operator", by=OPERATOR)
    stored, _ = keys.issue(ALICE, role="owner", scopes=["memories:read"], created_by=ADMIN)
    assert stored.scopes == ("memories:read",)
    assert len(store.rows) == 4


def test_nobody_issues_a_key_for_another_tenant(keys: ApiKeys) -> None:
    with pytest.raises(PermissionDeniedError, match="another tenant"):
        keys.issue(BOB, role="reader", created_by=OWNER)
    assert keys.issue(BOB, role="reader", created_by=OPERATOR)[0].tenant_id == BOB


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"role": "root"}, "role"),
        ({"scopes": ["memories"]}, "scopes"),
        ({"scopes": ["keys:manage"]}, "scopes"),
        ({"name": "x" * (NAME_CHARS_MAX + 1)}, "name"),
        ({"name": "line\nbreak"}, "name"),
        ({"expires_at": 1}, "expires_at"),
    ],
)
def test_a_key_that_could_not_be_is_refused(
    keys: ApiKeys, store: KeptKeys, wrong: dict[str, object], field: str
) -> None:
    wanted: dict[str, object] = {"role": "member", "created_by": OWNER, **wrong}
    with pytest.raises(InvalidInputError) as caught:
        keys.issue(ALICE, **wanted)  # type: ignore[arg-type]  # each of another type
    assert caught.value.field == field
    assert not store.rows


def test_keys_are_listed_in_pages(keys: ApiKeys) -> None:
    for _ in range(5):
        issued(keys)
    first = keys.list(ALICE, 3)
    rest = keys.list(ALICE, 3, first[-1].key_id)
    assert [len(first), len(rest)] == [3, 2]
    assert len({each.key_id for each in first + rest}) == 5
    assert keys.list(BOB) == []
