"""Followers are given every change once, in order, whoever wrote it and whatever became of the wakes."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from continuum.core.change_feed import CHANGES_MAX, Change, ChangeFeed
from continuum.core.memory import ConsciousMemory
from continuum.domain.ids import TenantId
from continuum.domain.records import LogEntry
from continuum.errors import ConflictError, InvalidInputError, StorageConnectionError, StorageFullError
from continuum.storage import StorageBackend, open_backend, unit_of_work
from continuum.storage.postgres_wakes import PostgresWakes
from continuum.storage.sqlite_backend import SQLiteBackend
from continuum.storage.wakes import LocalWakes, Wakes
from tests.core.followed import TENANT, Following, wakes_for, write, write_in_threads
from tests.requirements import requirement
from tests.storage.heard import connected, end_connections
from tests.storage.test_sqlite_backend import in_a_child

OTHER = TenantId("other")


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, db_path: Path) -> str:
    """A fresh store of either kind."""
    return str(db_path if request.param == "sqlite" else request.getfixturevalue("postgres_url"))


@pytest.fixture
def backend(storage: str) -> Iterator[StorageBackend]:
    backend = open_backend(storage)
    yield backend
    backend.close_all()


@pytest.fixture
def wakes(backend: StorageBackend) -> Iterator[Wakes]:
    wakes = wakes_for(backend)
    yield wakes
    wakes.close()


@pytest.fixture
def feed(backend: StorageBackend, wakes: Wakes) -> ChangeFeed:
    return ChangeFeed(backend, wakes)


@requirement("storage:change-feed")
def test_changes_are_given_by_position_in_pages(backend: StorageBackend, feed: ChangeFeed) -> None:
    assert (feed.changes(TENANT, 0), feed.position(TENANT)) == ([], 0)
    ids = write(backend, number=5)
    write(backend, tenant=OTHER, number=2)
    assert feed.position(TENANT) == 5
    assert [change.entry_id for change in feed.changes(TENANT, 0)] == ids
    assert [change.seq for change in feed.changes(TENANT, 2, limit=2)] == [3, 4]
    assert feed.changes(TENANT, 5) == []
    assert [change.seq for change in feed.changes(OTHER, 0)] == [1, 2]


@pytest.mark.parametrize(("after", "limit"), [(-1, 1), (0, 0), (0, CHANGES_MAX + 1)])
def test_a_page_outside_of_the_limits_is_refused(feed: ChangeFeed, after: int, limit: int) -> None:
    with pytest.raises(InvalidInputError):
        feed.changes(TENANT, after, limit=limit)


def test_a_full_page_is_given_and_followed_to_its_end(backend: StorageBackend, wakes: Wakes) -> None:
    with unit_of_work(backend, TENANT, write=True) as work:
        work.tenants.ensure(1, lambda: b"secret")
        last = work.tenants.advance(2 * CHANGES_MAX + 1, 1).last_seq
        work.log.append([LogEntry(seq, "policy", str(seq), 1) for seq in range(1, last + 1)])
    feed = ChangeFeed(backend, wakes)
    assert len(feed.changes(TENANT, 0)) == CHANGES_MAX
    with Following(feed) as following:
        following.reaches(last)
        assert following.seqs == list(range(1, last + 1))


def test_whoever_is_ahead_of_the_log_is_told_that_it_is_another_one(backend: StorageBackend, feed: ChangeFeed) -> None:
    write(backend, number=3)
    with pytest.raises(ConflictError, match="ends at 3, before 4"):
        feed.changes(TENANT, 4)
    with pytest.raises(ConflictError, match="ends at 0"):
        feed.changes(OTHER, 1)


def test_a_log_without_a_position_is_not_given_yet(backend: StorageBackend, feed: ChangeFeed) -> None:
    """While a tenant is being copied its log fills, not always in order; the position comes last."""
    with unit_of_work(backend, TENANT, write=True) as work:
        work.log.append([LogEntry(seq, "policy", str(seq), 1) for seq in (2, 3)])
    assert feed.changes(TENANT, 0) == []
    with unit_of_work(backend, TENANT, write=True) as work:
        work.log.append([LogEntry(1, "policy", "1", 1)])
        work.tenants.ensure(1, lambda: b"secret")
        work.tenants.advance(3, 1)
    assert [change.seq for change in feed.changes(TENANT, 0)] == [1, 2, 3]


def test_messages_come_with_whose_they_are_and_later_entries_with_what_they_concern(storage: str) -> None:
    with ConsciousMemory(TENANT, storage=storage, instance_id="laptop") as memory:
        said = memory.learn("My phone number is 0151 999", "Noted.", session_id="s")
        second = memory.learn("I live in Berlin", session_id="s")
        memory.revise(second.message_ids[0], "I live in Lisbon")
        feed = feed_of(storage)
        before = feed.changes(TENANT, 0)
        memory.forget(said.message_ids[0])
        after = feed.changes(TENANT, 0)
    assert [change.seq for change in after] == list(range(1, feed.position(TENANT) + 1))
    assert [change.kind for change in before[:3]] == ["message"] * 3
    assert [change.entry_id for change in before[:3]] == [*said.message_ids, *second.message_ids]
    roles = [change.said.role for change in before[:3] if change.said is not None]
    assert roles == ["user", "assistant", "user"]
    assert {(c.said.session_id, c.said.instance_id) for c in before if c.said} == {("s", "laptop")}
    assert [change.concerns for change in before if change.kind == "revision"] == [(3,)]
    assert (after[0].kind, after[0].said, after[0].entry_id) == ("erased", None, said.message_ids[0])
    assert [change.concerns for change in after if change.kind == "erasure"] == [(1,)]
    assert "0151" not in repr(after)


def test_a_hidden_message_stays_in_the_feed_without_its_source(storage: str) -> None:
    with ConsciousMemory(TENANT, storage=storage) as memory:
        memory.learn("The moon is made of cheese", session_id="liar")
        hidden = memory.quarantine(session_id="liar", reason="lies", dry_run=False)
        first, *_, last = feed_of(storage).changes(TENANT, 0)
        assert (first.kind, first.said, last.concerns) == ("message", None, (1,))
        memory.release(hidden.id)
        first, *_, last = feed_of(storage).changes(TENANT, 0)
        assert first.said is not None
        assert (first.said.session_id, last.kind, last.concerns) == ("liar", "release", (1,))


def feed_of(storage: str) -> ChangeFeed:
    """A feed of a store that somebody else keeps open."""
    return ChangeFeed(open_backend(storage), LocalWakes())


def test_a_follower_is_woken_by_what_is_written_beside_it(
    backend: StorageBackend, feed: ChangeFeed, wakes: Wakes
) -> None:
    write(backend, wakes, number=2)
    with Following(feed) as following, Following(feed, after_seq=1) as late, Following(feed, OTHER) as other:
        following.reaches(2)
        for seq in (3, 4, 5):
            write(backend, wakes)
            following.reaches(seq)
            late.reaches(seq)
        write(backend, wakes, OTHER)
        other.reaches(1)
        assert following.seqs == [1, 2, 3, 4, 5]
        assert late.seqs == [2, 3, 4, 5]
        assert other.seqs == [1]


def test_a_thousand_commits_of_four_writers_arrive_once_and_in_order(
    storage: str, backend: StorageBackend, feed: ChangeFeed, wakes: Wakes
) -> None:
    """On PostgreSQL the writers are two processes, in which nothing but the server knows of the follower."""
    with Following(feed) as following:
        if isinstance(wakes, PostgresWakes):
            context = multiprocessing.get_context("spawn")
            processes = [context.Process(target=write_in_threads, args=(storage, 2, 250)) for _ in range(2)]
            for process in processes:
                process.start()
            for process in processes:
                process.join(120)
            assert [process.exitcode for process in processes] == [0, 0]
        else:
            writers = [threading.Thread(target=write, args=(backend, wakes, TENANT, 250)) for _ in range(4)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
        following.reaches(1_000)
        assert following.seqs == list(range(1, 1_001))
        assert len({change.entry_id for change in following.given}) == 1_000
        assert following.given == read_in_pages(feed)


def read_in_pages(feed: ChangeFeed) -> list[Change]:
    """All that the log holds now."""
    found: list[Change] = []
    while page := feed.changes(TENANT, found[-1].seq if found else 0, limit=333):
        found += page
    return found


def test_nothing_is_lost_when_the_connections_of_wakes_are_cut(postgres_url: str) -> None:
    backend = open_backend(postgres_url)
    connect = partial(connected, postgres_url)
    with (
        closing(PostgresWakes(connect)) as wakes,
        closing(PostgresWakes(connect)) as announcer,
        Following(ChangeFeed(backend, wakes)) as following,
    ):
        write(backend, announcer)
        following.reaches(1)
        for seq in range(2, 32):
            write(backend, announcer)
            if seq % 10 == 0:
                following.reaches(seq)  # so it listens again, and those written next are missed
                assert end_connections(postgres_url) >= 1
        following.reaches(31)
        assert following.seqs == list(range(1, 32))
    backend.close_all()


def test_a_writer_that_never_announces_is_found_by_polling(storage: str, feed: ChangeFeed) -> None:
    elsewhere = open_backend(storage)
    with Following(feed, poll_seconds=0.05) as following:
        for seq in (1, 2, 3):
            write(elsewhere)
            following.reaches(seq)
        assert following.seqs == [1, 2, 3]
    elsewhere.close_all()


def test_followers_share_one_subscription_and_leave_nothing_behind(db_path: Path) -> None:
    backend, wakes = SQLiteBackend(db_path), CountingWakes()
    feed = ChangeFeed(backend, wakes)
    write(backend, wakes)
    write(backend, wakes, OTHER)
    with Following(feed) as first, Following(feed) as second, Following(feed, OTHER) as third:
        for following in (first, second, third):
            following.reaches(1)
        assert (wakes.subscribed, wakes.is_heard) == (1, True)
    assert not wakes.is_heard
    assert vars(feed)["_followers"] == {}
    backend.close_all()


class CountingWakes(LocalWakes):
    """Counts how often somebody subscribed."""

    subscribed = 0

    def subscribe(self, callback: Callable[[str | None, int], None]) -> object:  # type: ignore[override]  # passed on
        self.subscribed += 1
        return super().subscribe(callback)


def test_a_follower_that_is_left_half_way_leaves_nothing_behind(db_path: Path) -> None:
    backend, wakes = SQLiteBackend(db_path), LocalWakes()
    write(backend, number=3)
    changes = ChangeFeed(backend, wakes).follow(TENANT, 0, stop=threading.Event())
    heard = [next(changes).seq, wakes.is_heard]
    changes.close()
    assert [*heard, wakes.is_heard] == [1, True, False]
    backend.close_all()


def test_a_follower_that_was_stopped_gives_nothing_more(db_path: Path) -> None:
    backend, stop = SQLiteBackend(db_path), threading.Event()
    write(backend, number=3)
    changes = ChangeFeed(backend, LocalWakes()).follow(TENANT, 0, stop=stop)
    assert next(changes).seq == 1
    stop.set()
    assert list(changes) == []
    backend.close_all()


def test_a_follower_subscribes_again_after_wakes_were_closed(db_path: Path) -> None:
    backend, wakes = SQLiteBackend(db_path), LocalWakes()
    feed = ChangeFeed(backend, wakes)
    changes = feed.follow(TENANT, 0, stop=threading.Event(), poll_seconds=0.01)
    write(backend)
    assert next(changes).seq == 1
    wakes.close()
    write(backend)
    assert next(changes).seq == 2
    assert wakes.is_heard
    backend.close_all()


def test_a_follower_goes_on_in_a_forked_child(db_path: Path) -> None:
    backend, wakes = SQLiteBackend(db_path), LocalWakes()
    changes = ChangeFeed(backend, wakes).follow(TENANT, 0, stop=threading.Event(), poll_seconds=0.01)
    write(backend)
    assert next(changes).seq == 1

    def child() -> None:
        write(backend)
        assert next(changes).seq == 2
        assert wakes.is_heard

    assert in_a_child(child) == ""
    assert next(changes).seq == 2
    backend.close_all()


class Leaving(SQLiteBackend):
    """A store that can be away; `refusals` counts how often somebody found out."""

    problem: Exception | None = None

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.refusals = threading.Semaphore(0)

    def tenant_transaction(self, tenant: str, write: bool = False) -> object:  # type: ignore[override]  # passed on
        if self.problem is not None and not write:
            self.refusals.release()
            raise self.problem
        return super().tenant_transaction(tenant, write)


def test_a_follower_outlasts_a_store_that_is_away_and_says_so_once(
    db_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Leaving(db_path)
    feed = ChangeFeed(backend, LocalWakes())
    write(backend)
    with Following(feed, poll_seconds=0.01) as following:
        following.reaches(1)
        backend.problem = StorageConnectionError("the server is away")
        write(backend)
        for _ in range(3):
            assert backend.refusals.acquire(timeout=20)
        assert following.seqs == [1]
        backend.problem = None
        following.reaches(2)
    assert [record.getMessage() for record in caplog.records] == ["following acme: the server is away"]
    backend.close_all()


def test_a_store_that_is_broken_ends_the_follower_with_its_error(db_path: Path) -> None:
    backend, wakes = Leaving(db_path), LocalWakes()
    changes = ChangeFeed(backend, wakes).follow(TENANT, 0, stop=threading.Event())
    backend.problem = StorageFullError("no space is left")
    with pytest.raises(StorageFullError):
        next(changes)
    assert not wakes.is_heard
    backend.close_all()


def test_a_poll_without_length_is_refused(db_path: Path) -> None:
    backend = SQLiteBackend(db_path)
    with pytest.raises(InvalidInputError, match="poll_seconds"):
        next(ChangeFeed(backend, LocalWakes()).follow(TENANT, 0, stop=threading.Event(), poll_seconds=0))
    backend.close_all()


@requirement("storage:change-feed")
def test_a_memory_is_followed_through_another_opened_on_the_same_server(postgres_url: str) -> None:
    """What one engine learns wakes a follower of the other: each has a pool, a relay and a listener of its own."""
    heard: list[int] = []
    stop = threading.Event()
    with ConsciousMemory("ann", storage=postgres_url) as one, ConsciousMemory("ann", storage=postgres_url) as other:
        one.learn("Aurora runs on Kafka", "Noted.")

        def follow() -> None:
            for change in other.follow(0, stop=stop):
                heard.append(change.seq)
                if change.seq == 6:
                    stop.set()

        thread = threading.Thread(target=follow)
        thread.start()
        one.learn("Boreas runs on NATS", "Noted.")
        one.learn("Zephyr runs on Pulsar", "Noted.")
        thread.join(30)
        assert heard == [1, 2, 3, 4, 5, 6]
        assert [change.seq for change in one.changes(4)] == [5, 6]
