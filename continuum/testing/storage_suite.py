"""What every storage backend must do, as tests that a backend's author runs.

Subclass it in a test module and say how a backend is opened::

    class TestMyBackend(StorageConformance):
        @pytest.fixture
        def backend(self, tmp_path):
            backend = open_backend(MyBackend(tmp_path / "memory.db"))
            yield backend
            backend.close_all()

Each test runs through the synchronous and the asynchronous door, and plants two tenants with the same ids.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from continuum.domain.ids import TenantId
from continuum.domain.records import (
    IndexedMessage,
    LogEntry,
    Mention,
    Origin,
    Scope,
    Sources,
    StoredVector,
    TenantCounts,
    TenantRecord,
)
from continuum.errors import ConflictError, NotFoundError
from continuum.storage import StorageBackend, UnitOfWork, system_unit_of_work, unit_of_work
from continuum.storage.migrate import known_migrations
from continuum.storage.repositories.base import Repository
from continuum.testing.lasting_rows import derive_lasting
from continuum.testing.scrub_suite import ScrubConformance
from continuum.testing.storage_rows import (
    ALICE,
    BOB,
    NOW,
    RATES,
    READS,
    WRITES,
    Store,
    compound,
    decision,
    entity,
    everything,
    link,
    message,
    plant,
)


class StorageConformance(ScrubConformance):
    """The laws of `StorageBackend`, over every repository."""

    @pytest.fixture
    def backend(self) -> Iterator[StorageBackend]:
        """An empty backend, ready to use; closed afterwards."""
        raise NotImplementedError

    @pytest.fixture(params=[False, True], ids=["sync", "async"])
    def store(self, backend: StorageBackend, request: pytest.FixtureRequest) -> Store:
        return Store(backend, request.param)

    # -- tenants do not meet

    @pytest.mark.parametrize("name", READS)
    def test_a_tenant_sees_nothing_of_another(self, store: Store, name: str) -> None:
        empty = store.read(BOB, READS[name])
        store.write(ALICE, plant)
        assert store.read(BOB, READS[name]) == empty
        assert store.read(ALICE, READS[name]) != empty or (name == "vectors.missing" and not empty)

    @pytest.mark.parametrize("name", WRITES)
    def test_a_tenant_changes_nothing_of_another(self, store: Store, name: str) -> None:
        store.write(ALICE, plant)
        store.write(BOB, plant)
        alice, bob = (everything(store, tenant) for tenant in (ALICE, BOB))
        store.write(ALICE, WRITES[name])
        assert everything(store, BOB) == bob
        changed = everything(store, ALICE) != alice
        assert changed is (name != "tenants.ensure")

    def test_every_method_of_every_repository_is_tried_with_two_tenants(self, store: Store) -> None:
        def methods(work: UnitOfWork) -> set[str]:
            return {
                f"{name}.{method}"
                for name in work.__slots__
                if isinstance(repository := getattr(work, name), Repository)
                for method in dir(repository)
                if not (name.startswith("_") or method.startswith("_"))
                and callable(getattr(repository, method))
                and not is_part_of_another(repository, method)
            }

        def is_part_of_another(repository: Repository, method: str) -> bool:
            """What only sends a statement ahead, or is one that others run to its end."""
            gives = str(getattr(repository, method).__annotations__.get("return"))
            return method.startswith("foresee") or gives.startswith("TwoSteps")

        tried = {name.split(" ")[0] for name in (*READS, *WRITES)}
        # It writes what other methods counted, before the commit of each of them.
        assert store.read(ALICE, methods) == {name for name in tried if "." in name} | {"tenants.write_counts"}

    # -- transactions

    def test_a_failed_unit_leaves_nothing(self, store: Store) -> None:
        store.write(ALICE, plant)
        before = everything(store, ALICE)

        def fail(work: UnitOfWork) -> None:
            plant(work, first=3)
            raise LookupError("on purpose")

        with pytest.raises(LookupError):
            store.write(ALICE, fail)
        assert everything(store, ALICE) == before
        store.write(ALICE, lambda work: plant(work, first=3))
        assert store.read(ALICE, lambda work: work.tenants.position()) == 4

    def test_a_reader_stays_at_its_moment(self, backend: StorageBackend) -> None:
        with unit_of_work(backend, ALICE) as reader:
            assert reader.tenants.position() == 0
            with unit_of_work(backend, ALICE, write=True) as work:
                plant(work)
            assert reader.tenants.position() == 0
            assert reader.messages.list() == []
        with unit_of_work(backend, ALICE) as reader:
            assert reader.tenants.position() == 2

    def test_threads_lose_nothing(self, backend: StorageBackend) -> None:
        threads, rounds = 8, 25
        numbers: list[int] = []
        seqs: list[int] = []

        def learn(thread: int) -> None:
            for each in range(rounds):
                with unit_of_work(backend, ALICE, write=True) as work:
                    work.tenants.ensure(NOW, lambda: b"s" * 32)
                    seq = work.tenants.advance(1, NOW).last_seq
                    number = work.sessions.append("s1", 1, NOW)
                    own = message(seq, id=f"{thread}.{each}", message_number=number, same_key=None)
                    work.messages.append([own])
                    work.entities.observe([entity("bees", seq), entity(f"e{thread}", seq)])
                    work.links.reinforce([link("bees", f"e{thread}", seq)], **RATES)
                    numbers.append(number)
                    seqs.append(seq)

        self._in_threads(threads, learn)
        total = threads * rounds
        assert sorted(numbers) == sorted(seqs) == list(range(1, total + 1))
        with unit_of_work(backend, ALICE) as work:
            assert replace(work.tenants.counts(), text_bytes=0) == TenantCounts(
                messages=total, entities=threads + 1, attention_links=threads, sessions=1
            )
            assert work.entities.by_ids(["bees"])["bees"].occurrences == total
            assert {each.co_occurrences for each in work.links.neighbours(["bees"])} == {rounds}

    def _in_threads(self, count: int, function: Callable[[int], None]) -> None:
        failures: list[BaseException] = []

        def run(number: int) -> None:
            try:
                function(number)
            except BaseException as exc:  # noqa: BLE001  # handed to the test's own thread
                failures.append(exc)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []

    # -- what the backend offers a user

    def create_table(self, backend: StorageBackend, statement: str) -> None:
        """Make a table of the user's own; replace it where the role that runs statements may create none."""
        backend.execute(statement)

    def test_a_statement_of_a_users_own_takes_question_marks(self, backend: StorageBackend) -> None:
        self.create_table(backend, "CREATE TABLE notes (name TEXT, body TEXT)")
        backend.executemany("INSERT INTO notes VALUES (?, ?)", [("a", "what?"), ("b", "nothing")])
        rows = backend.execute("SELECT name FROM notes WHERE body = '?' OR body = ?", ("what?",))
        assert [tuple(row) for row in rows] == [("a",)]

    def test_a_backend_describes_itself(self, backend: StorageBackend) -> None:
        assert set(backend.get_backend_info()) == {"backend_type", "version", "features", "configuration"}
        assert backend.is_healthy()
        assert isinstance(backend.get_stats(), dict)

    def test_migrations_are_recorded_and_tenants_listed_for_administration(self, store: Store) -> None:
        for name in ("carol", "alice", "bob"):
            store.write(TenantId(name), plant)
        with system_unit_of_work(store.backend) as system:
            known = [each.version for each in known_migrations(store.backend.dialect.name)]
            assert [each.version for each in system.migrations()] == known
            assert [each.tenant_id for each in system.tenants(limit=2)] == ["alice", "bob"]
            assert [each.tenant_id for each in system.tenants(after="bob")] == ["carol"]

    # -- tenants and their log

    def test_a_tenant_keeps_its_first_secret_and_counts_positions(self, store: Store) -> None:
        with pytest.raises(NotFoundError):
            store.write(ALICE, lambda work: work.tenants.advance(1, NOW))
        first = store.write(ALICE, lambda work: work.tenants.ensure(NOW, lambda: b"one"))
        again = store.write(ALICE, lambda work: work.tenants.ensure(NOW + 1, lambda: b"two"))
        assert (first.secret, first.created_at, first.last_seq) == (again.secret, NOW, 0) == (b"one", NOW, 0)
        assert store.write(ALICE, lambda work: work.tenants.advance(3, NOW + 7)).last_seq == 3
        record = store.write(ALICE, lambda work: work.tenants.advance(2, NOW + 2))
        assert (record.last_seq, record.last_active) == (5, NOW + 7)

    def test_the_log_is_read_in_order_and_in_pieces(self, store: Store) -> None:
        entries = [LogEntry(seq, "message", f"m{seq}", NOW, '{"a": "\\u0000"}') for seq in (3, 1, 2)]
        store.write(ALICE, lambda work: work.log.append(entries))
        assert [each.seq for each in store.read(ALICE, lambda work: work.log.read(limit=2))] == [1, 2]
        assert store.read(ALICE, lambda work: work.log.read(2)) == [entries[0]]
        with pytest.raises(ConflictError):
            store.write(ALICE, lambda work: work.log.append(entries[:1]))

    # -- messages and sessions

    @pytest.mark.parametrize(
        "text", ["", "a\0b", "שלום ‮abc", "e" + "\u0301" * 1_000, "👩‍👩‍👧‍👦", "é é", "x" * 100_000, "'; DROP TABLE log"]
    )
    def test_messages_come_back_as_they_went_in(self, store: Store, text: str) -> None:
        kept = [
            message(1, text, speaker=text[:50]),
            message(2, text, speaker=None, same_key=None, scope=Scope(), origin=Origin.TOOL, role="tool"),
        ]
        store.write(ALICE, lambda work: work.messages.append(kept))
        assert store.read(ALICE, lambda work: work.messages.by_seqs([2, 1, 7])) == {1: kept[0], 2: kept[1]}
        assert store.read(ALICE, lambda work: work.messages.by_ids(["m1", "m7"])) == {"m1": kept[0]}

    def test_the_same_again_is_known_and_cannot_be_kept_twice(self, store: Store) -> None:
        store.write(ALICE, lambda work: work.messages.append([message(1), message(2, same_key=None)]))
        key = (1).to_bytes(16, "big")
        known = store.read(ALICE, lambda work: work.messages.known([key, b"never"]))
        assert {each: (found.id, found.seq) for each, found in known.items()} == {key: ("m1", 1)}
        with pytest.raises(ConflictError):
            store.write(ALICE, lambda work: work.messages.append([message(3, same_key=key)]))
        store.write(ALICE, lambda work: work.messages.append([message(3, same_key=None)]))

    def test_messages_are_listed_newest_first_within_filters(self, store: Store) -> None:
        kept = [message(seq, session_id=f"s{seq % 2}", role=("user", "assistant")[seq % 2]) for seq in range(1, 7)]
        store.write(ALICE, lambda work: work.messages.append(kept))

        def seqs(**filters: Any) -> list[int]:
            return [each.seq for each in store.read(ALICE, lambda work: work.messages.list(**filters))]

        assert seqs() == [6, 5, 4, 3, 2, 1]
        assert seqs(limit=2) == [6, 5]
        assert seqs(before_seq=5, limit=2) == [4, 3]
        assert seqs(session_id="s1") == [5, 3, 1]
        assert seqs(session_id="s1", before_seq=5) == [3, 1]
        assert seqs(role="user") == [6, 4, 2]
        assert seqs(since=NOW + 2, until=NOW + 4) == [3, 2]
        assert seqs(session_id="s0", role="user", since=NOW + 4) == [6, 4]

    def test_index_rows_come_back_in_pieces_and_can_be_replaced(self, store: Store) -> None:
        rows = [IndexedMessage(seq, NOW, "s", "user", None, bytes(4 * seq), b"\1\0\0\0") for seq in range(1, 6)]
        store.write(ALICE, lambda work: work.messages.index(rows))
        assert store.read(ALICE, lambda work: work.messages.index_after(1, limit=2)) == rows[1:3]
        other = replace(rows[0], terms=b"other")
        store.write(ALICE, lambda work: work.messages.index([other]))
        assert store.read(ALICE, lambda work: work.messages.index_after(0)) == [other, *rows[1:]]

    def test_message_numbers_have_no_gaps_and_sessions_are_listed_by_time(self, store: Store) -> None:
        assert store.write(ALICE, lambda work: work.sessions.append("s1", 2, NOW + 5)) == 1
        assert store.write(ALICE, lambda work: work.sessions.append("s1", 3, NOW)) == 3
        assert store.write(ALICE, lambda work: work.sessions.append("s2", 1, NOW + 9)) == 1
        listed = store.read(ALICE, lambda work: work.sessions.list())
        assert [(each.session_id, each.message_count) for each in listed] == [("s2", 1), ("s1", 5)]
        assert (listed[1].created_at, listed[1].last_active) == (NOW, NOW + 5)
        assert store.read(ALICE, lambda work: len(work.sessions.list(limit=1))) == 1

    def test_hundreds_of_rows_and_ids_fit_in_one_call(self, store: Store) -> None:
        kept = [message(seq) for seq in range(1, 701)]
        store.write(ALICE, lambda work: work.messages.append(kept))
        found = store.read(ALICE, lambda work: work.messages.by_seqs(range(1, 2_000)))
        assert found == {each.seq: each for each in kept}
        assert store.read(ALICE, lambda work: work.messages.by_ids([])) == {}

    # -- entities and mentions

    def test_sightings_of_an_entity_are_joined(self, store: Store) -> None:
        first = entity("bees", 5, aliases=("apis",), metadata='{"a": 1}')
        assert store.write(ALICE, lambda work: work.entities.observe([first])) == {"bees"}
        later = entity("bees", 9, entity_type="topic", description="insects", occurrences=2, aliases=("Bienen",))
        assert store.write(ALICE, lambda work: work.entities.observe([later, entity("wax", 9)])) == {"wax"}
        earlier = entity("bees", 2, description="too late")
        assert store.write(ALICE, lambda work: work.entities.observe([earlier])) == set()
        assert store.read(ALICE, lambda work: work.entities.by_ids(["bees"])["bees"]) == replace(
            first,
            entity_type="topic",
            description="insects",
            created_at=NOW + 2,
            last_seen=NOW + 9,
            occurrences=4,
            aliases=("Bienen", "apis"),
            first_seq=2,
            last_seq=9,
        )

    def test_an_entity_named_by_hand_is_new_once(self, store: Store) -> None:
        named = entity("bees", occurrences=0)
        assert store.write(ALICE, lambda work: work.entities.observe([named])) == {"bees"}
        assert store.write(ALICE, lambda work: work.entities.observe([named])) == set()
        assert store.write(ALICE, lambda work: work.entities.observe([entity("bees", 4)])) == set()
        assert store.read(ALICE, lambda work: work.tenants.counts().entities) == 0  # no tenant row was made

    def test_what_is_stated_of_an_entity_wins_and_the_latest_statement_wins(self, store: Store) -> None:
        def state(work: UnitOfWork) -> list[tuple[str, str]]:
            work.entities.observe([entity("bees", description="insects")])
            seen = []
            for description, metadata in (("our hives", "{}"), ("", '{"a": 1}'), ("sold", "{}"), ("", "{}")):
                work.entities.state(entity("bees", description=description, metadata=metadata))
                work.entities.observe([entity("bees", description="again insects")])
                kept = work.entities.by_ids(["bees"])["bees"]
                seen.append((kept.description, kept.metadata))
            return seen

        seen = store.write(ALICE, state)
        assert seen == [("our hives", "{}"), ("our hives", '{"a": 1}'), ("sold", '{"a": 1}'), ("sold", '{"a": 1}')]
        assert store.read(BOB, lambda work: work.entities.by_ids(["bees"])) == {}

    def test_aliases_are_bounded_whatever_comes_first(self, store: Store) -> None:
        names = [f"alias{number:02}" for number in range(30)]
        pieces = [names[:16], names[10:26], names[20:]]
        for tenant, order in ((ALICE, pieces), (BOB, pieces[::-1])):
            for piece in order:
                seen = entity("bees", aliases=tuple(piece))
                store.write(tenant, lambda work, seen=seen: work.entities.observe([seen]))  # type: ignore[misc]
        found = [store.read(each, lambda work: work.entities.by_ids(["bees"])) for each in (ALICE, BOB)]
        assert found[0]["bees"].aliases == found[1]["bees"].aliases == tuple(names[:16])

    def test_entities_are_listed_by_key_in_pages(self, store: Store) -> None:
        names = ["bees", "beeswax", "honey", "%bee", "_", "zoë"]
        types = {"honey": "food", "bees": "animal"}
        seen = [entity(name, entity_type=types.get(name, "concept")) for name in names]
        store.write(ALICE, lambda work: work.entities.observe(seen))

        def keys(**filters: Any) -> list[str]:
            return [each.key for each in store.read(ALICE, lambda work: work.entities.list(**filters))]

        ordered = sorted(names)
        assert keys() == ordered
        assert keys(limit=2, offset=1) == ordered[1:3]
        assert keys(after=(ordered[2], ordered[2]), limit=2) == ordered[3:5]
        assert keys(query="bee") == ["bees", "beeswax"]
        assert keys(query="%") == ["%bee"]
        assert keys(entity_type="food") == ["honey"]
        assert keys(entity_type="concept", query="bee") == ["beeswax"]

    def test_new_names_are_read_without_cutting_a_place_in_two(self, store: Store) -> None:
        seen = [entity(f"e{number}", 1 + number // 3) for number in range(9)]
        store.write(ALICE, lambda work: work.entities.observe(seen))
        position, found = 0, []
        while batch := store.read(ALICE, lambda work: work.entities.names_after(position, limit=2)):  # noqa: B023
            found += [each.id for each in batch]
            position = batch[-1].first_seq
        assert found == [f"e{number}" for number in range(9)]

    def test_mentions_are_found_by_entity_and_by_message(self, store: Store) -> None:
        kept = [Mention(name, seq, start, start + 4, f"x{seq}") for name in "ab" for seq in (1, 2) for start in (0, 9)]
        store.write(ALICE, lambda work: work.mentions.append(kept))
        store.write(ALICE, lambda work: work.mentions.append(kept[:2]))
        newest = sorted(
            (each for each in kept if each.entity_id == "a"), key=lambda each: (-each.message_seq, -each.start)
        )
        assert store.read(ALICE, lambda work: work.mentions.of_entity("a")) == newest
        assert store.read(ALICE, lambda work: work.mentions.of_entities(["b", "a"], 1)) == [
            Mention("b", 2, 9, 13, "x2"),
            Mention("a", 2, 9, 13, "x2"),
        ]
        of_first = sorted(
            (each for each in kept if each.message_seq == 1), key=lambda each: (each.start, each.entity_id)
        )
        assert store.read(ALICE, lambda work: work.mentions.of_messages([1, 7])) == of_first

    def test_working_memory_is_of_one_instance(self, store: Store) -> None:
        def learn(work: UnitOfWork) -> None:
            work.messages.append([message(1, instance_id="i1"), message(2, instance_id="i2")])
            work.entities.observe([entity("bees"), entity("wax"), entity("honey")])
            work.mentions.append([Mention("bees", 1, 0, 4, "x"), Mention("wax", 1, 9, 12, "x")])
            work.mentions.append([Mention("honey", 2, 0, 5, "x"), Mention("bees", 2, 9, 13, "x")])

        store.write(ALICE, learn)

        def names(**options: Any) -> list[str]:
            return [each.id for each in store.read(ALICE, lambda work: work.entities.recent(**options))]

        assert names() == ["bees", "honey", "wax"]
        assert names(limit=1) == ["bees"]
        assert names(instance_id="i1") == ["wax", "bees"]
        assert names(instance_id="i9") == []

    # -- links

    def test_a_link_grows_by_a_share_of_what_is_left(self, store: Store) -> None:
        for meeting, strength in enumerate((0.5, 0.55, 0.595), start=1):
            new = store.write(ALICE, lambda work, m=meeting: work.links.reinforce([link("a", "b", m)], **RATES))  # type: ignore[misc]
            assert new == (meeting == 1)
            found = store.read(ALICE, lambda work: work.links.between(["a", "b"]))
            assert found[0].strength == pytest.approx(strength)
        assert found == [link("a", "b", strength=found[0].strength, co_occurrences=3, last_seen=NOW + 3, last_seq=3)]

    def test_one_untrusted_source_stays_under_the_cap_until_a_second_one_speaks(self, store: Store) -> None:
        def strength(source: Sources) -> float:
            store.write(ALICE, lambda work: work.links.reinforce([link("a", "b", 1, source)], **RATES))
            return store.read(ALICE, lambda work: work.links.between(["a", "b"]))[0].strength

        assert [strength(Sources.ASSISTANT) for _ in range(3)] == [0.29] * 3
        assert strength(Sources.TOOL) == pytest.approx(1 - 0.5 * 0.9**3)
        assert strength(Sources.ASSISTANT) == pytest.approx(1 - 0.5 * 0.9**4)

    def test_strengths_do_not_depend_on_the_order_of_learners(self, store: Store) -> None:
        kinds = [Sources.USER, Sources.ASSISTANT, Sources.TOOL, Sources.FEDERATION]
        for seed in range(12):
            rng = random.Random(seed)
            meetings = [link("a", rng.choice("bc"), seq, rng.choice(kinds[seed % 3 :])) for seq in range(1, 9)]
            dumps = []
            for order in range(2):
                tenant = TenantId(f"t{seed}.{order}")
                rng.shuffle(meetings)
                cut = rng.randrange(9)
                for piece in (meetings[:cut], meetings[cut:]):
                    store.write(tenant, lambda work, piece=piece: work.links.reinforce(piece, **RATES))  # type: ignore[misc]
                dumps.append(store.read(tenant, lambda work: work.export_derived()["links"]))
            assert dumps[0] == dumps[1], f"seed {seed}"

    def test_a_hub_gives_its_strongest_neighbours_in_both_directions(self, store: Store) -> None:
        weak = [link("hub", f"n{number:03}") for number in range(200)]
        weak += [link(f"m{number:03}", "hub", sources=Sources.TOOL) for number in range(200)]

        def learn(work: UnitOfWork) -> None:
            work.entities.observe([entity("hub"), entity("n000")])
            work.links.reinforce(weak, **RATES)
            for _ in range(3):
                work.links.reinforce([link("hub", "n150")], **RATES)
            for _ in range(2):
                work.links.reinforce([link("m150", "hub")], **RATES)
            work.links.set_link(link("z", "hub", link_type="part_of", strength=1.0))

        store.write(ALICE, learn)
        found = store.read(ALICE, lambda work: work.links.neighbours(["hub"], per_node=5, min_strength=0.3))
        assert [(each.concept_a, each.concept_b) for each in found[:3]] == [
            ("z", "hub"),
            ("hub", "n150"),
            ("m150", "hub"),
        ]
        assert len(found) == 5
        steps = store.read(ALICE, lambda work: work.links.steps(["hub"], per_node=5, min_strength=0.3))
        assert [(each.neighbour, each.strength) for each in steps] == [
            (each.concept_b if each.concept_a == "hub" else each.concept_a, each.strength) for each in found
        ]
        everyone = store.read(ALICE, lambda work: work.links.neighbours(["hub"], per_node=1_000, min_strength=0.3))
        assert len(everyone) == 202
        assert store.read(ALICE, lambda work: work.entities.degrees(["hub", "n000"])) == {"hub": 401, "n000": 1}

    def test_a_typed_link_is_set_beside_the_hebbian_one(self, store: Store) -> None:
        store.write(ALICE, lambda work: work.links.reinforce([link("a", "b")], **RATES))
        typed = link("a", "b", link_type="uses", strength=0.8)
        assert store.write(ALICE, lambda work: work.links.set_link(typed))
        assert not store.write(ALICE, lambda work: work.links.set_link(replace(typed, strength=0.2)))
        found = store.read(ALICE, lambda work: work.links.between(["b", "a"]))
        assert [(each.link_type, each.strength) for each in found] == [("hebbian", 0.5), ("uses", 0.2)]

    # -- decisions, compounds, vectors, keys

    def test_decisions_are_kept_once_and_listed_newest_first(self, store: Store) -> None:
        kept = [decision(f"d{seq}", seq) for seq in (1, 2, 3)]
        assert store.write(ALICE, lambda work: work.decisions.append(kept)) == 3
        assert store.write(ALICE, lambda work: work.decisions.append(kept)) == 0
        assert store.read(ALICE, lambda work: work.decisions.recent(2)) == kept[:0:-1]
        assert store.read(ALICE, lambda work: work.decisions.list(before_seq=3, limit=1)) == [kept[1]]
        assert store.read(ALICE, lambda work: work.decisions.of_messages([3, 1])) == [kept[0], kept[2]]

    def test_compounds_are_counted_and_found_from_the_second_time(self, store: Store) -> None:
        pair, triple = compound("bees", "wax"), compound("bees", "honey", "wax", seq=2)
        assert store.write(ALICE, lambda work: work.compounds.count([pair, triple])) == 2
        assert store.read(ALICE, lambda work: work.compounds.containing(["bees"])) == []
        assert store.write(ALICE, lambda work: work.compounds.count([triple])) == 0
        twice = replace(triple, co_occurrence_count=2)
        assert store.read(ALICE, lambda work: work.compounds.list()) == [twice, pair]
        assert store.read(ALICE, lambda work: work.compounds.list(limit=1)) == [twice]
        assert store.read(ALICE, lambda work: work.compounds.containing(["honey", "nothing"])) == [twice]

    def test_vectors_of_a_long_message_stay_together_and_models_apart(self, store: Store) -> None:
        kept = [StoredVector(seq, "small", bytes([seq, chunk]), chunk) for seq in (1, 2, 3) for chunk in (0, 1)]
        store.write(ALICE, plant)
        store.write(ALICE, lambda work: work.vectors.put([*kept, StoredVector(1, "large", b"x")]))
        assert store.read(ALICE, lambda work: work.vectors.after("small", limit=3)) == kept[:2]
        assert store.read(ALICE, lambda work: work.vectors.after("small", 1, limit=1)) == kept[2:4]
        assert store.read(ALICE, lambda work: work.vectors.after("small", 1)) == kept[2:]
        assert store.read(ALICE, lambda work: work.vectors.count("small")) == 6
        assert store.read(ALICE, lambda work: work.vectors.missing("large")) == [2]
        assert store.read(ALICE, lambda work: work.vectors.missing("other", 1, after_seq=0)) == [1]
        assert store.read(ALICE, lambda work: work.vectors.missing("other", after_seq=1)) == [2]
        assert store.read(ALICE, lambda work: work.tenants.counts().vectors) == 7

    def test_an_answer_is_kept_under_its_key_until_it_expires(self, store: Store) -> None:
        store.write(ALICE, lambda work: work.idempotency.put("k", b"hash", '{"a": 1}', NOW))
        kept = store.read(ALICE, lambda work: work.idempotency.get("k"))
        assert kept is not None
        assert (kept.request_hash, kept.result, kept.created_at) == (b"hash", '{"a": 1}', NOW)
        assert store.write(ALICE, lambda work: work.idempotency.expire(NOW)) == 0
        assert store.write(ALICE, lambda work: work.idempotency.expire(NOW + 1)) == 1
        assert store.read(ALICE, lambda work: work.idempotency.get("k")) is None

    # -- rebuild

    def test_what_is_derived_can_be_cleared_and_learnt_again(self, store: Store) -> None:
        store.write(ALICE, plant)
        before = everything(store, ALICE)

        def fold(work: UnitOfWork) -> None:
            work.clear_derived()
            left = work.export_derived()
            assert [table for table, rows in left.items() if rows] == ["statements"]
            assert all(until_seq is not None for *_, until_seq in left["statements"])  # what was known stays known
            counts = work.tenants.counts()
            assert counts == TenantCounts(messages=2, sessions=1, vectors=1, text_bytes=counts.text_bytes)
            rows = [IndexedMessage(seq, NOW, "s1", "user", "Ada", b"terms", b"tags") for seq in (1, 2)]
            work.messages.index(rows)
            work.entities.observe([entity("bees"), entity("honey")])
            work.mentions.append([Mention("bees", 1, 7, 11, "x"), Mention("honey", 2, 0, 5, "x")])
            work.links.reinforce([link("bees", "honey")], **RATES)
            work.decisions.append([decision("d1")])
            work.compounds.count([compound("bees", "honey"), compound("bees", "honey")])
            derive_lasting(work, 1)

        store.write(ALICE, fold)
        after = everything(store, ALICE)
        tenant = before.pop("tenants.get")
        assert isinstance(tenant, TenantRecord)
        # Notes are counted up only: the supersession that was derived again counts again.
        assert after.pop("tenants.get") == replace(tenant, notes=tenant.notes + 1)
        assert after == before
