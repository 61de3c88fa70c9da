"""Behind a transaction pooler: nothing of one transaction is left for the next, whoever that belongs to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from continuum.core.tenants import TenantManager
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_settings import PostgresSettings
from tests.requirements import requirement
from tests.storage.pooler import transaction_pooler

TENANTS = 8
ROUNDS = 60

pytestmark = pytest.mark.soak


@pytest.fixture
def backend(postgres_url: str) -> Iterator[PostgresBackend]:
    """Many callers over two connections to the server."""
    with transaction_pooler(postgres_url, connections=2) as url:
        backend = PostgresBackend(url, PostgresSettings(connection_seconds=20))
        yield backend
        backend.close_all()


@requirement("storage:row-level-security")
def test_tenants_that_share_two_connections_never_meet(backend: PostgresBackend) -> None:
    assert not backend.server.direct, "the pooler is noticed, so nothing is prepared"
    foreign: list[str] = []

    def work(number: int) -> None:
        memory = manager.get_tenant(f"tenant-{number}")
        for each in range(ROUNDS):
            memory.learn(f"Tenant{number} keeps note {each} about Aurora", "Noted.")
            text = memory.recall("Who keeps notes about Aurora?").context_string
            foreign.extend(text for other in range(TENANTS) if other != number and f"Tenant{other} " in text)

    with TenantManager(storage=backend) as manager:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(TENANTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert foreign == []
        for number in range(TENANTS):
            assert manager.get_tenant(f"tenant-{number}").get_stats()["auto_messages"] == 2 * ROUNDS


def test_nothing_is_left_on_a_connection_for_whoever_comes_next(backend: PostgresBackend) -> None:
    asked = "SELECT current_setting('app.tenant_id', true), current_user::text = session_user::text"
    for number in range(50):
        with backend.tenant_transaction(f"tenant-{number}", write=number % 2 == 0) as connection:
            assert connection.execute(asked).fetchall() == [(f"tenant-{number}", False)]
        with backend.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM auto_messages").fetchall() == [(0,)]
        with backend.connect() as plain:
            row = plain.execute(asked).fetchone()
            assert row in (("", True), (None, True)), row
