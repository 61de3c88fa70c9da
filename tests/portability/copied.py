"""What the tests of copying share: a tenant in which everything has happened, and a look at single rows."""

from __future__ import annotations

from continuum.core.memory import ConsciousMemory
from continuum.domain.ids import TenantId, tenant_id
from continuum.domain.records import StoredVector
from continuum.storage.base import Row, StorageBackend
from continuum.storage.unit_of_work import unit_of_work
from continuum.testing.lasting_rows import audit_row, service_key
from tests.portability.test_into_other_memories import lived

ALICE, BOB = tenant_id("alice"), tenant_id("bob")
SAID_AT_A_TIME = ("I live in Berlin", "Noted.")
"""The first exchange of `lived`, which carries a time: said again, it is the same."""
SHED = "The spare key of the shed hangs behind the walnut barrel"


INSTANCE = (
    "INSERT INTO instances (tenant_id, instance_id, joined_at, state, beat, beat_at, lease_ms, changed) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def rich(memory: ConsciousMemory) -> ConsciousMemory:
    """A memory that has rows in every table: facts, feedback, revisions, a quarantine, an erasure, vectors."""
    lived(memory)
    for number in range(4):
        memory.learn(
            f"Project Aurora uses Kafka Streams with a Postgres Cluster, note {number}",
            "We decided to use Kafka Streams.",
            session_id="c",
            idempotency_key=f"key-{number}",
        )
    recalled = memory.recall("Kafka Streams")
    memory.feedback(recalled.recall_id, used=[recalled.memories[0].id], ignored=[recalled.memories[-1].id])
    memory.learn("A passing remark – «наизусть» \x1b \U0001f409", session_id="c", expires_at="2099-01-01T00:00:00Z")
    hidden = memory.learn("My boss is Grimshaw", session_id="bad")
    memory.revise(hidden.message_ids[0], "My boss is Hollis")
    memory.quarantine("suspect", session_id="bad", dry_run=False)
    gone = memory.learn(SHED, session_id="gone")
    memory.forget(gone.message_ids[0], reason="asked")
    assert memory.scrub()
    with memory._engine.unit(memory.tenant_id, write=True) as work:
        work.vectors.put([StoredVector(seq, "small", bytes(range(8)), chunk) for seq in (1, 3) for chunk in (0, 1)])
        work.apart.wait([("merlot", 3)])
        for number in (1, 2):
            work.api_keys.put(service_key(number))
            work.audit.append([audit_row(number)])
    for name in ("desk", "lab"):
        values = (name, 1, "here", 1, 1, 90_000, 1)
        run_for(memory._engine.backend, memory.tenant_id, INSTANCE, *values)
    return memory


def run_for(backend: StorageBackend, tenant: TenantId, statement: str, *values: object) -> list[Row]:
    """Run a statement on a tenant's rows, whose first parameter is the tenant; gives the rows it returns."""
    with unit_of_work(backend, tenant, write=True) as work:
        session = work.tenants._session
        rows = session.connection.execute(session.dialect.adapt(statement), (tenant, *values)).fetchall()
        return [tuple(row) for row in rows]
