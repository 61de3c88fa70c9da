"""What goes over the wire comes back as it was, in few round trips, and a slow server is not waited for for ever."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.core.memory import ConsciousMemory
from continuum.errors import StorageConflictError, StorageConnectionError
from continuum.storage import unit_of_work
from continuum.storage.postgres_backend import PostgresBackend
from continuum.storage.postgres_pipe import Pipe, as_it_was, plain, wire
from continuum.storage.postgres_settings import PostgresSettings
from continuum.testing.storage_rows import ALICE, message, plant
from tests.requirements import requirement

ODD_TEXTS = [
    "",
    "NULL",
    "null",
    '"',
    "\\",
    "{}",
    "{a,b}",
    "a,b",
    "'",
    "\n\t",
    "\0",
    "a\0b",
    "\ufdd0",
    "\ufdd00",
    "😀",
    "$1",
    "%s",
    "?",
]


@pytest.fixture
def backend(postgres_url: str) -> Iterator[PostgresBackend]:
    backend = PostgresBackend(postgres_url)
    yield backend
    backend.close_all()


@given(
    st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\0\ufdd001")), max_size=20)
)
def test_text_comes_back_as_it_was(text: str) -> None:
    sent = plain(text)
    assert "\0" not in sent
    assert as_it_was(sent) == text


@pytest.mark.parametrize("at_once", [1, 40])
def test_odd_texts_are_kept_one_by_one_and_as_columns(backend: PostgresBackend, at_once: int) -> None:
    said = [message(n + 1, id=f"m{n}", text=text, same_key=None) for n, text in enumerate(ODD_TEXTS)]
    with unit_of_work(backend, ALICE, write=True) as work:
        work.tenants.ensure(1, lambda: b"s" * 32)
        for start in range(0, len(said), at_once):
            work.messages.append(said[start : start + at_once])
    with unit_of_work(backend, ALICE) as work:
        assert [work.messages.by_seqs([n + 1])[n + 1].text for n in range(len(said))] == ODD_TEXTS
        found = work.messages.by_ids([each.id for each in said])
        assert [found[each.id].text for each in said] == ODD_TEXTS


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-320, 1.7976931348623157e308, math.inf])
def test_numbers_keep_every_bit(backend: PostgresBackend, value: float) -> None:
    rows = backend.execute("SELECT CAST(? AS DOUBLE PRECISION), (CAST(? AS DOUBLE PRECISION[]))[1]", (value, [value]))
    assert rows == [(value, value)]
    assert math.copysign(1, rows[0][0]) == math.copysign(1, value)


def test_bytes_and_nothing_go_through_arrays(backend: PostgresBackend) -> None:
    asked = "SELECT (CAST(? AS BYTEA[]))[1], (CAST(? AS TEXT[]))[1], (CAST(? AS TEXT[]))[2]"
    assert backend.execute(asked, ([b"\0\xff"], [None], ["", "NULL"])) == [(b"\0\xff", None, "NULL")]
    assert wire(memoryview(b"ab")) == (b"ab", 1)


@requirement("storage:postgres")
def test_a_learn_takes_four_round_trips_and_a_warm_recall_three(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[int] = []
    flush = Pipe._flush

    def counted(self: Pipe, *, sync: bool) -> None:
        trips.append(1)
        flush(self, sync=sync)

    with ConsciousMemory("ann", storage=postgres_url) as memory:
        words = "The billing service beside Grafana and Kafka, with Minka and Boreas around it"
        facts = "We decided to move Aurora to PostgreSQL. Anna Keller leads the migration. I live in Berlin."
        for number in range(3):
            memory.learn(f"{words}, note {number}", "Understood.")
        memory.recall("What about the billing service and Grafana?")
        memory._engine.backend.close_wakes()
        monkeypatch.setattr(memory._engine.backend, "wakes", _silent)
        monkeypatch.setattr(Pipe, "_flush", counted)
        memory.recall("What about the billing service and Grafana?")
        assert len(trips) <= 3
        trips.clear()
        memory.learn(facts, "Understood: Anna Keller leads it.")
        assert len(trips) <= 4
        memory.recall("Who leads the migration, and where do I live?")  # takes up what is new
        trips.clear()
        memory.recall("Who leads the migration, and where do I live?")
        assert len(trips) <= 3


def test_more_asked_after_the_last_of_all_is_refused_and_a_recall_reads_again(
    backend: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer is of one moment: what was not foreseen is never added from a later one."""
    with unit_of_work(backend, ALICE) as work:
        work.tenants.get()
        work.asked_all()
        with pytest.raises(StorageConflictError, match="read again"):
            work.tenants.get()
    with ConsciousMemory("ann", storage=backend) as memory:
        memory.learn("I live in Berlin", "Noted.")
        for number in range(30):
            memory.learn(f"Where I live is nice, says note {number}", "Yes, where you live is nice.")
        memory.learn("I moved to Hamburg", "Noted.")
        monkeypatch.setattr("continuum.core.query_engine.foresee_ranked", lambda *_: None)
        assert "Hamburg" in memory.recall("Where do I live?").context_string


class _Silence:
    def announce(self, tenant_id: str, seq: int) -> None:
        """Nobody listens: a relay's own round trips would be counted."""


def _silent() -> _Silence:
    return _Silence()


def test_a_large_answer_to_a_large_question_does_not_block(backend: PostgresBackend) -> None:
    """Both directions hold more than the socket's buffers before anybody reads."""
    text = "x" * 3_000_000
    with backend.tenant_transaction(ALICE) as connection:
        answers = [connection.execute("SELECT CAST($1 AS TEXT)", (text,)) for _ in range(4)]
        assert [answer.fetchall()[0][0] == text for answer in answers] == [True] * 4


def test_a_server_that_does_not_answer_is_given_up(postgres_url: str) -> None:
    backend = PostgresBackend(postgres_url, PostgresSettings(lock_seconds=0.1, answer_seconds=0.2))
    with pytest.raises(StorageConnectionError, match=r"no answer within 0\.3 s"):
        backend.execute("SELECT pg_sleep(5)")
    assert backend.execute("SELECT 1") == [(1,)]
    backend.close_all()


def test_after_a_failure_statements_are_prepared_anew(backend: PostgresBackend) -> None:
    def fail() -> None:
        with unit_of_work(backend, ALICE, write=True) as work:
            plant(work)
            raise LookupError("on purpose")

    for _ in range(3):
        for _ in range(4):
            with unit_of_work(backend, ALICE) as work:
                work.tenants.get()
        with pytest.raises(LookupError):
            fail()
    with unit_of_work(backend, ALICE) as work:
        assert work.tenants.get() is None
