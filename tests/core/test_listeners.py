"""Events come after the commit, and a listener that fails harms nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from continuum.core.assembly import build_engine
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.events import ConceptLearned, DecisionMade, Event, MemoryAdded, Recalled
from continuum.errors import ConfigurationError


class Listener:
    """Keeps what it hears; a broken one raises after it has heard."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.heard: list[Event] = []

    def __len__(self) -> int:
        return 0  # a listener that is empty is a listener still

    def publish(self, events: tuple[Event, ...]) -> None:
        self.heard += events
        if self.broken:
            raise RuntimeError("the listener is away")


def use(path: Path, listener: Listener) -> None:
    engine = build_engine(MemoryConfig(db_path=path), events=listener)
    memory = ConsciousMemory("t", engine=engine)
    assert len(memory.learn("We decided to use Kafka for Aurora.", "Good.").message_ids) == 2
    assert memory.learn_many([{"user_message": "Minka sleeps"}]).messages == 1
    assert len(memory.recall("Kafka").memories) >= 1
    assert memory.get_stats()["messages"] == 3
    engine.close()


def test_events_tell_what_was_learnt_and_recalled(db_path: Path) -> None:
    listener = Listener()
    use(db_path, listener)
    added = [event for event in listener.heard if isinstance(event, MemoryAdded)]
    assert [event.seq for event in added] == [1, 2, 3]
    assert {event.tenant_id for event in listener.heard} == {"t"}
    assert "Kafka" in [event.name for event in listener.heard if isinstance(event, ConceptLearned)]
    (decision,) = [event for event in listener.heard if isinstance(event, DecisionMade)]
    assert "Kafka" in decision.text
    assert isinstance(listener.heard[-1], Recalled)
    assert listener.heard[-1].memories >= 1


def test_a_listener_that_raises_harms_nothing_and_is_named_in_the_log(
    db_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener(broken=True)
    use(db_path, listener)
    assert len(listener.heard) >= 4
    assert "a listener to events failed" in caplog.text
    assert "RuntimeError: the listener is away" in caplog.text


def test_no_store_is_opened_for_a_provider_that_cannot_be_had(db_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nosuch"):
        build_engine(MemoryConfig(db_path=db_path, enable_embeddings=True, embedding_provider="nosuch"))
    assert not db_path.exists()
