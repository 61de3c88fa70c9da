"""What was exported and imported again is the same memory, whatever had happened to it."""

from __future__ import annotations

import io

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continuum.core.retention import RetentionPolicy
from continuum.portability import import_memory
from tests.core.test_lasting_properties import SENTENCES, START, Step, World, changing, forgetting, learning, run, world
from tests.portability.states import exported, state
from tests.requirements import requirement

FAR_AWAY = "2124-01-01T00:00:00Z"


def set_rules(here: World, days: int) -> None:
    here.memory.set_retention(RetentionPolicy(history_days=None if days == 9 else 300 + days))


def learn_until(here: World, first: int) -> None:
    result = here.memory.learn(SENTENCES[first], session_id="short", expires_at=FAR_AWAY, metadata={"n": first})
    here.messages += result.message_ids


ruling = st.one_of(
    st.tuples(st.just(set_rules), st.tuples(st.integers(0, 9))),
    st.tuples(st.just(learn_until), st.tuples(st.integers(0, len(SENTENCES) - 1))),
)
histories = st.lists(st.one_of(learning, learning, changing, forgetting, ruling), max_size=14)


def known_then(here: World, moments: int) -> list[object]:
    """What the memory shows of each second of its life."""
    seconds = (START / 1_000_000 + number for number in range(moments + 1))
    return [here.memory.state(known_at=moment) for moment in seconds]


@requirement("portability:same-state")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories, batch_size=st.sampled_from([1, 2, 500]))
def test_an_import_into_an_empty_store_gives_the_same_state(history: list[Step], batch_size: int) -> None:
    with world() as there, world() as here:
        there.memory.learn("We use Jenkins for CI", "I live in Berlin with my cat Minka")
        for step in history:
            run(there, step)
        file = exported(there.memory)
        here.clock.micros = there.clock.micros
        done = import_memory(here.memory, io.StringIO(file), batch_size=batch_size)
        assert (done.duplicates, done.left_out, done.broken_lines) == (0, 0, 0)
        assert state(here.memory) == state(there.memory)
        assert here.memory.verify_receipts() == there.memory.verify_receipts()
        assert known_then(here, len(history)) == known_then(there, len(history))
        again = import_memory(here.memory, io.StringIO(file))
        assert again.entries == 0
        assert state(here.memory) == state(there.memory)
        assert exported(here.memory) == file


@requirement("trust:redaction")
def test_a_secret_in_a_file_does_not_come_in() -> None:
    with world() as there, world() as here:
        there.memory.learn("The wifi is called Kiln.")
        file = exported(there.memory).replace("The wifi is called Kiln.", "The wifi password is Tr0ub4dor-and-3.")
        lines = [line for line in file.splitlines() if '"end":true' not in line]
        import_memory(here.memory, io.StringIO("\n".join(lines) + "\n"), skip_errors=True)
        texts = [message.text for message in here.memory.get_messages()]
    assert texts == ["The wifi password is [redacted:password]."]
