"""What `StorageBackend.scrub` must do whatever it answers; a part of `StorageConformance`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from continuum.storage import StorageBackend, unit_of_work
from continuum.testing.storage_rows import ALICE, BOB, Store, everything, plant

SCRUB_SECONDS_MAX = 60.0
"""A scrub of a small store that takes longer waits for something that will not come."""


class ScrubConformance:
    """Rows that were not deleted stay, and a scrub that cannot be done now says so. Needs the fixture `store`."""

    def test_a_scrub_leaves_every_row_that_was_not_deleted(self, store: Store) -> None:
        store.write(ALICE, plant)
        store.write(BOB, plant)
        store.write(ALICE, lambda work: work.clear_derived())
        alice, bob = everything(store, ALICE), everything(store, BOB)
        answers = {type(store.scrub()) for _ in range(2)}
        assert answers == {bool}
        assert everything(store, ALICE) == alice
        assert everything(store, BOB) == bob
        store.write(ALICE, lambda work: plant(work, first=3))
        assert store.read(ALICE, lambda work: work.tenants.position()) == 4

    def test_a_scrub_beside_a_reader_neither_fails_nor_changes_what_it_reads(self, backend: StorageBackend) -> None:
        with unit_of_work(backend, ALICE, write=True) as work:
            plant(work)
        with ThreadPoolExecutor(1) as thread:
            with unit_of_work(backend, ALICE) as reader:
                before = reader.messages.list()
                scrub = thread.submit(backend.scrub)
                assert reader.messages.list() == before
            assert scrub.result(SCRUB_SECONDS_MAX) in (True, False)
        with unit_of_work(backend, ALICE) as work:
            assert work.messages.list() == before

    def test_a_scrub_of_an_empty_store_changes_nothing(self, store: Store) -> None:
        assert store.scrub() in (True, False)
        assert store.read(ALICE, lambda work: work.tenants.position()) == 0
