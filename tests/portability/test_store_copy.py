"""Copies between stores: the same rows, seen when they are all there, whatever broke in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from continuum.core.memory import ConsciousMemory
from continuum.core.retention import RetentionPolicy
from continuum.core.tenants import TenantManager
from continuum.errors import ConflictError, InvalidInputError, NotFoundError, StorageCorruptError
from continuum.portability.copy_tenant import CopiedTenant
from continuum.portability.store_copy import CopyProgress, copy_store, verify_store
from continuum.storage import StorageBackend, open_backend
from continuum.storage.repositories import copying
from continuum.storage.repositories.copying import COPIED_TABLES, Copying
from continuum.storage.unit_of_work import unit_of_work
from tests.portability.copied import ALICE, BOB, SAID_AT_A_TIME, SHED, rich, run_for
from tests.portability.copier import BATCH_ROWS
from tests.portability.states import state
from tests.requirements import requirement

ROOT = Path(__file__).parents[2]
QUESTIONS = ("Which editor do I like?", "Where do I live?", "Kafka Streams", "What is Aurora?", "Who is my boss?")


@pytest.fixture(params=["sqlite", "postgres"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where copies go: from a file to a file, and to a server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/target.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def target(target_url: str) -> Iterator[StorageBackend]:
    backend = open_backend(target_url)
    yield backend
    backend.close_all()


@pytest.fixture
def there(target: StorageBackend) -> Iterator[TenantManager]:
    """The tenants of the target."""
    with TenantManager(storage=target) as manager:
        yield manager


@pytest.fixture
def source(manager: TenantManager) -> StorageBackend:
    return manager.engine.backend


def broken_off(source: StorageBackend, target: StorageBackend, batches: int = 3) -> None:
    """Begin a copy, and leave it after some batches."""
    left = batches

    def stop(_: CopyProgress) -> None:
        nonlocal left
        left -= 1
        if not left:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(source, target, progress=stop, batch_rows=BATCH_ROWS)


def only(tenants: tuple[CopiedTenant, ...]) -> CopiedTenant:
    (tenant,) = tenants
    return tenant


def answers(memory: ConsciousMemory) -> list[object]:
    """What a memory recalls at one moment, without the time that it took and the ids that name single recalls."""
    recalled = [memory.recall(question, now="2040-01-01T00:00:00Z") for question in QUESTIONS]
    return [(each.context_string, each.memories, each.facts, each.concepts) for each in recalled]


def held(memory: ConsciousMemory) -> list[tuple[str, str, str, str]]:
    """The facts of a memory, apart from ids that come from messages."""
    return sorted((fact.subject, fact.attribute, fact.value, fact.status) for fact in memory.facts(limit=100))


@requirement("storage:copy")
def test_a_copied_tenant_is_the_same_in_every_row_and_recalls_the_same(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    alice = rich(manager.get_tenant("alice"))
    before = state(alice)
    done = only(copy_store(source, target).tenants)
    assert (done.tenant_id, done.outcome) == ("alice", "copied")
    assert [each.table for each in done.tables] == [each.name for each in COPIED_TABLES]
    assert [each.table for each in done.tables if not each.rows] == []
    assert done.rows == sum(each.rows for each in done.tables)
    copy = there.get_tenant("alice")
    assert state(copy) == state(alice) == before
    assert answers(copy) == answers(alice)
    assert copy.quarantines() == alice.quarantines()
    assert copy.receipts() == alice.receipts()
    assert there.list_tenants() == manager.list_tenants()


def test_a_copied_tenant_goes_on_where_the_source_stands(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    alice = rich(manager.get_tenant("alice"))
    copy_store(source, target)
    copy = there.get_tenant("alice")
    for memory in (alice, copy):
        memory.learn("Project Aurora moves to Redis", session_id="c", timestamp="2031-01-01T00:00:00Z")
        memory.learn("I live in Porto", session_id="c", timestamp="2031-01-02T00:00:00Z")
        memory.release(memory.quarantines()[0].id)
    assert copy.get_stats()["log_position"] == alice.get_stats()["log_position"]
    assert [(e.id, e.occurrences) for e in copy.entities(limit=100)] == [
        (e.id, e.occurrences) for e in alice.entities(limit=100)
    ]
    assert held(copy) == held(alice)
    again = {
        "user_message": "Project Aurora uses Kafka Streams with a Postgres Cluster, note 1",
        "ai_response": "We decided to use Kafka Streams.",
        "session_id": "c",
        "idempotency_key": "key-1",
    }
    assert copy.learn_many([again]) == alice.learn_many([again])
    assert copy.get_stats()["messages"] == alice.get_stats()["messages"]
    copy.rebuild()
    assert held(copy) == held(alice)


def test_there_and_back_are_the_same_checksums(
    manager: TenantManager, source: StorageBackend, target: StorageBackend, tmp_path: Path
) -> None:
    rich(manager.get_tenant("alice"))
    manager.get_tenant("bob").learn("Something of Bob's")
    first = copy_store(source, target)
    with TenantManager(tmp_path / "back.db") as back:
        second = copy_store(target, back.engine.backend)
        assert second == first
        assert verify_store(source, back.engine.backend).rows == first.rows
        assert answers(back.get_tenant("alice")) == answers(manager.get_tenant("alice"))


def test_tenants_with_the_same_sessions_stay_apart_and_one_can_go_alone(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    alice, bob = rich(manager.get_tenant("alice")), rich(manager.get_tenant("bob"))
    bob.learn("Bob's own secret plan", session_id="c")
    assert only(copy_store(source, target, ["bob"]).tenants).tenant_id == "bob"
    assert [each["tenant_id"] for each in there.list_tenants()] == ["bob"]
    assert not there.get_tenant("alice").recall("Kafka Streams").memories
    assert [each.outcome for each in copy_store(source, target).tenants] == ["copied", "already there"]
    assert state(there.get_tenant("alice")) == state(alice)
    assert state(there.get_tenant("bob")) == state(bob)
    assert "own secret plan" not in there.get_tenant("alice").recall("Bob's own secret plan").context_string


def test_what_moves_while_it_is_copied_is_copied_as_of_one_moment(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    alice = rich(manager.get_tenant("alice"))
    before = state(alice)

    def learn(_: CopyProgress) -> None:
        alice.learn("Something new about Prometheus", session_id="c")

    copy_store(source, target, progress=learn, batch_rows=BATCH_ROWS)
    assert state(there.get_tenant("alice")) == before
    with pytest.raises(ConflictError, match="tenant alice: the target holds it with other content"):
        copy_store(source, target)


def killed_at(write: int, source_url: str, target_url: str) -> int | None:
    """Copy in a process that is killed before a write; gives the writes that it made if it came to the end."""
    command = [sys.executable, "-m", "tests.portability.copier", source_url, target_url, str(write)]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if process.returncode == 0:
        return int(process.stdout)
    assert process.returncode == -signal.SIGKILL, process.stderr
    return None


@pytest.mark.parametrize("write", [2, 3, 9, 20, -5, -2, -1])
def test_a_killed_copy_is_out_of_sight_and_goes_on(
    write: int,
    manager: TenantManager,
    source: StorageBackend,
    there: TenantManager,
    target: StorageBackend,
    target_url: str,
    db_path: Path,
    tmp_path: Path,
) -> None:
    alice = rich(manager.get_tenant("alice"))
    if write < 0:
        writes = killed_at(0, str(db_path), f"{tmp_path}/whole.db")
        assert writes is not None
        write += writes + 1
    assert killed_at(write, str(db_path), target_url) is None
    copy = there.get_tenant("alice")
    assert there.list_tenants() == []
    assert not copy.recall("Kafka Streams").memories
    if write > 1:
        with pytest.raises(ConflictError):
            copy.learn("I am first!")
    done = only(copy_store(source, target, batch_rows=BATCH_ROWS).tenants)
    assert done.outcome == "resumed"
    assert state(copy) == state(alice)
    assert answers(copy) == answers(alice)
    assert verify_store(source, target).tenants[0].tables == done.tables


def test_a_copy_that_is_killed_again_and_again_comes_to_its_end(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend, target_url: str,
    db_path: Path,
) -> None:  # fmt: skip
    """Each run gets as far as a batch or two: without going on it would never end."""
    alice, bob = rich(manager.get_tenant("alice")), rich(manager.get_tenant("bob"))
    runs = 0
    while killed_at(12, str(db_path), target_url) is None:
        runs += 1
        assert runs < 40
    assert runs >= 4
    assert state(there.get_tenant("alice")) == state(alice)
    assert state(there.get_tenant("bob")) == state(bob)
    assert verify_store(source, target).rows > 0


def test_what_was_there_is_not_written_again(
    manager: TenantManager, source: StorageBackend, target: StorageBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    rich(manager.get_tenant("alice"))
    broken_off(source, target, batches=4)
    written = 0
    put = Copying.put

    def counted(self: Copying, table: copying.CopiedTable, rows: list[tuple[object, ...]]) -> None:
        nonlocal written
        written += len(rows)
        put(self, table, rows)

    monkeypatch.setattr(Copying, "put", counted)
    done = only(copy_store(source, target, batch_rows=BATCH_ROWS).tenants)
    assert (done.outcome, written) == ("resumed", done.rows - 4 * BATCH_ROWS)


def test_what_was_forgotten_while_a_copy_lay_broken_off_leaves_the_target_too(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend, tmp_path: Path
) -> None:
    alice = rich(manager.get_tenant("alice"))
    late = alice.learn("The vault opens with a brass heron", session_id="late")
    broken_off(source, target, batches=5)
    assert run_for(target, ALICE, "SELECT seq FROM auto_messages WHERE tenant_id = ? AND id = ?", late.message_ids[0])
    alice.forget(late.message_ids[0])
    assert alice.scrub()
    done = only(copy_store(source, target).tenants)
    files = [path.read_bytes() for path in tmp_path.glob("target.db*")]
    if files:
        assert not done.scrub_pending
    assert not [words for words in (SHED, "brass heron") for file in files if words.encode() in file]
    assert done.outcome == "copied"
    copy = there.get_tenant("alice")
    assert state(copy) == state(alice)
    assert [receipt.id for receipt in copy.receipts()] == [receipt.id for receipt in alice.receipts()]
    assert "heron" not in copy.recall("brass heron").context_string


def test_what_was_forgotten_and_said_again_while_a_copy_lay_broken_off_is_there_once(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    """The same words at the same time have the same key, in another row; it was broken off between the two."""
    alice = rich(manager.get_tenant("alice"))
    broken_off(source, target, batches=2)
    assert run_for(target, ALICE, "SELECT seq FROM auto_messages WHERE tenant_id = ? AND seq = 1")
    alice.forget(session_id="a")
    alice.learn(*SAID_AT_A_TIME, session_id="a", timestamp="2026-01-01T00:00:00Z")
    assert alice.scrub()
    assert only(copy_store(source, target).tenants).outcome == "copied"
    assert state(there.get_tenant("alice")) == state(alice)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET entry_id = 'x' WHERE tenant_id = ? AND seq = 3 RETURNING seq",
        "DELETE FROM auto_messages WHERE tenant_id = ? AND seq = 2 RETURNING seq",
        "INSERT INTO entry_subjects (tenant_id, subject_id, seq) VALUES (?, 'nobody', 1) RETURNING seq",
    ],
)
def test_rows_of_a_broken_off_copy_that_were_altered_are_found_and_written_anew(
    statement: str, manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    alice = rich(manager.get_tenant("alice"))
    broken_off(source, target, batches=5)
    assert run_for(target, ALICE, statement)
    assert only(copy_store(source, target).tenants).outcome == "copied"
    assert state(there.get_tenant("alice")) == state(alice)


def test_a_tenant_with_other_content_is_refused_before_anything_is_written(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    rich(manager.get_tenant("alice"))
    manager.get_tenant("bob").learn("Bob's words")
    there.get_tenant("bob").learn("Other words of another Bob")
    before = state(there.get_tenant("bob"))
    with pytest.raises(ConflictError, match=r"tenant bob: .* nothing was written; leave it out"):
        copy_store(source, target)
    assert [each["tenant_id"] for each in there.list_tenants()] == ["bob"]
    assert state(there.get_tenant("bob")) == before
    assert only(copy_store(source, target, ["alice"]).tenants).outcome == "copied"
    assert state(there.get_tenant("bob")) == before


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("auto_messages", "UPDATE auto_messages SET content = content || ' ' WHERE tenant_id = ? AND seq = 2"),
        ("vectors", "UPDATE vectors SET vector = ? WHERE tenant_id = ? AND message_seq = 1 AND chunk = 1"),
        ("attention_links", "UPDATE attention_links SET strength = strength + 1e-15 WHERE tenant_id = ?"),
        ("erasures", "UPDATE erasures SET receipt = '{}' WHERE tenant_id = ?"),
        ("tenants", "UPDATE tenants SET messages = messages + 1 WHERE tenant_id = ?"),
        ("mentions", "DELETE FROM mentions WHERE tenant_id = ? AND message_seq = 1"),
    ],
)
def test_a_byte_that_differs_is_found_and_its_table_and_tenant_are_named(
    table: str, statement: str, manager: TenantManager, source: StorageBackend, target: StorageBackend
) -> None:
    rich(manager.get_tenant("alice"))
    copy_store(source, target)
    assert only(verify_store(source, target).tenants).outcome == "equal"
    if table == "vectors":
        statement = statement.replace("vector = ?", "vector = substr(vector, 1, 7) || substr(vector, 1, 1)")
    assert run_for(target, ALICE, f"{statement} RETURNING tenant_id")
    with pytest.raises(ConflictError, match=rf"tenant alice: the stores differ in {table}: \d+ rows") as raised:
        verify_store(source, target)
    assert "4711" not in str(raised.value)


def test_a_store_that_does_not_keep_what_is_written_is_found_out(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    rich(manager.get_tenant("alice"))
    broken = False

    def tear(progress: CopyProgress) -> None:
        nonlocal broken
        if progress.rows > 60 and not broken:
            broken = True
            run_for(target, ALICE, "UPDATE auto_messages SET content = 'x' WHERE tenant_id = ? AND seq = 2 RETURNING 1")

    with pytest.raises(StorageCorruptError, match=r"tenant alice: auto_messages: \d+ rows in both"):
        copy_store(source, target, progress=tear, batch_rows=BATCH_ROWS)
    assert there.list_tenants() == []
    assert only(copy_store(source, target).tenants).outcome == "copied"


@pytest.mark.parametrize("compared", [False, True])
def test_a_later_copy_takes_over_and_the_earlier_one_is_refused(
    compared: bool,
    manager: TenantManager,
    source: StorageBackend,
    there: TenantManager,
    target: StorageBackend,
) -> None:
    """While the earlier one is still writing, and when it has written all and compares."""
    alice = rich(manager.get_tenant("alice"))
    outcomes: list[str] = []

    def another(progress: CopyProgress) -> None:
        if not outcomes and (progress.rows * 2 > progress.rows_expected) is compared:
            outcomes.append("begun")
            outcomes.append(only(copy_store(source, target).tenants).outcome)

    with pytest.raises(ConflictError, match="tenant alice: another copy into the same store has taken over"):
        copy_store(source, target, progress=another, batch_rows=BATCH_ROWS)
    assert outcomes == ["begun", "resumed"]
    assert state(there.get_tenant("alice")) == state(alice)


def test_nothing_is_learnt_or_set_for_a_tenant_that_is_out_of_sight(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    """What is the same again needs no entry: it is acknowledged, and is there when the copy is done."""
    alice, copy = rich(manager.get_tenant("alice")), there.get_tenant("alice")
    broken_off(source, target, batches=3)
    with pytest.raises(ConflictError):
        copy.learn("Words that would be lost", idempotency_key="mine")
    with pytest.raises(ConflictError):
        copy.set_retention(RetentionPolicy(message_days=1))
    again = copy.learn(*SAID_AT_A_TIME, session_id="a", timestamp="2026-01-01T00:00:00Z")
    assert only(copy_store(source, target, batch_rows=BATCH_ROWS).tenants).outcome == "resumed"
    assert state(copy) == state(alice)
    assert set(again.message_ids) <= {message.id for message in copy.get_messages(limit=100)}


def test_a_half_copied_tenant_is_not_copied_on(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend, tmp_path: Path
) -> None:
    rich(manager.get_tenant("alice"))
    broken_off(source, target)
    onward = open_backend(tmp_path / "onward.db")
    assert copy_store(target, onward).tenants == ()
    with pytest.raises(NotFoundError, match="tenant alice: is not in the source"):
        copy_store(target, onward, ["alice"])
    there.get_tenant("alice").learn(*SAID_AT_A_TIME, session_id="a", timestamp="2026-01-01T00:00:00Z")
    with pytest.raises(ConflictError, match="tenant alice: is being copied into the source itself"):
        copy_store(target, onward, ["alice"])
    with pytest.raises(NotFoundError, match="tenant alice: is not in the target"):
        verify_store(source, onward)
    onward.close_all()


def test_rows_that_no_copy_left_are_never_built_upon(
    manager: TenantManager, source: StorageBackend, target: StorageBackend
) -> None:
    rich(manager.get_tenant("alice"))
    copy_store(source, target)
    run_for(target, ALICE, "DELETE FROM tenants WHERE tenant_id = ? RETURNING tenant_id")
    with pytest.raises(ConflictError, match="no copy left them"):
        copy_store(source, target)
    run_for(target, ALICE, "DELETE FROM log WHERE tenant_id = ? AND seq = 1 RETURNING seq")
    with pytest.raises(ConflictError, match="no copy left them"):
        copy_store(source, target)
    assert run_for(target, ALICE, "SELECT seq FROM log WHERE tenant_id = ? AND seq = 1") == []


def test_tenants_with_one_entry_or_none_are_copied_too(
    manager: TenantManager, source: StorageBackend, there: TenantManager, target: StorageBackend
) -> None:
    manager.get_tenant("alice").set_retention(RetentionPolicy(message_days=7))
    with unit_of_work(source, BOB, write=True) as work:
        work.tenants.ensure(1, lambda: b"s" * 32)
    assert [each.rows for each in copy_store(source, target).tenants] == [2, 1]
    assert there.get_tenant("alice").retention() == RetentionPolicy(message_days=7)
    there.get_tenant("bob").learn("A first word")
    assert there.get_tenant("bob").get_stats()["log_position"] == 1


@pytest.mark.parametrize(
    ("copy", "error", "problem"),
    [
        (lambda one, two: copy_store(one, two, ["alice", "eve"]), NotFoundError, "tenant eve: is not in the source"),
        (lambda one, two: copy_store(one, two, ["a b"]), InvalidInputError, "tenant_id"),
        (lambda one, two: copy_store(one, one), InvalidInputError, "target: is the store to copy from"),
        (lambda one, two: copy_store(one, two, batch_rows=0), InvalidInputError, "batch_rows"),
        (lambda one, two: copy_store(one, two, batch_rows=100_001), InvalidInputError, "batch_rows"),
        (lambda one, two: verify_store(one, two), NotFoundError, "tenant alice: is not in the target"),
    ],
)
def test_what_cannot_be_copied_is_named_and_nothing_is_written(
    copy: Callable[[StorageBackend, StorageBackend], object],
    error: type[Exception],
    problem: str,
    manager: TenantManager,
    source: StorageBackend,
    there: TenantManager,
    target: StorageBackend,
) -> None:
    manager.get_tenant("alice").learn("A word")
    with pytest.raises(error, match=problem):
        copy(source, target)
    assert there.list_tenants() == []


def test_progress_counts_every_row_twice_and_ends_full(
    manager: TenantManager, source: StorageBackend, target: StorageBackend
) -> None:
    rich(manager.get_tenant("alice"))
    manager.get_tenant("bob").learn("A word")
    seen: list[CopyProgress] = []
    done = copy_store(source, target, progress=seen.append, batch_rows=BATCH_ROWS)
    alice = [each for each in seen if each.tenant_id == "alice"]
    assert [each.rows for each in alice] == sorted(each.rows for each in alice)
    assert alice[-1].rows == alice[-1].rows_expected >= 2 * (done.tenants[0].rows - 4)
    assert {(each.tenant_id, each.tenants_done, each.tenants) for each in seen} == {("alice", 0, 2), ("bob", 1, 2)}


@pytest.mark.parametrize(("first", "rows_most", "bytes_most"), [(1, 1, 1), (3, 1_024, 1), (2, 5, 1 << 30)])
def test_pages_grow_within_their_bounds_and_give_each_row_once(
    first: int,
    rows_most: int,
    bytes_most: int,
    manager: TenantManager,
    source: StorageBackend,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("alice", "bob"):
        rich(manager.get_tenant(name))
    monkeypatch.setattr(copying, "FIRST_PAGE_ROWS", first)
    monkeypatch.setattr(copying, "PAGE_ROWS", rows_most)
    monkeypatch.setattr(copying, "PAGE_BYTES", bytes_most)
    limits: list[int] = []
    page = Copying.page

    def seen(
        self: Copying, table: copying.CopiedTable, after: copying.Key | None, limit: int
    ) -> list[tuple[object, ...]]:
        limits.append(limit)
        return page(self, table, after, limit)

    monkeypatch.setattr(Copying, "page", seen)
    with unit_of_work(source, BOB) as work:
        reading = Copying.beside(work.tenants)
        for table in COPIED_TABLES:
            rows = list(reading.rows(table))
            assert len(rows) == reading.count(table) > 0
            keys = [table.key_of(row) for row in rows]
            assert keys == sorted(set(keys))
    # Pages of many bytes shrink, down to a row; others grow, up to the bound.
    assert max(limits) == (first if bytes_most == 1 else rows_most)
    assert min(limits) == (1 if bytes_most == 1 else first)
