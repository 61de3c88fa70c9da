"""An export carries what is hidden, and an import hides it again: in an empty memory, and in one that holds more."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continuum.core.memory import ConsciousMemory
from continuum.core.tenants import TenantManager
from continuum.domain.records import TenantRecord
from continuum.errors import InvalidInputError
from continuum.portability import import_memory
from tests.core.test_lasting_properties import Step, changing, forgetting, learning, run, world
from tests.core.test_quarantine_properties import moving
from tests.portability.states import derived_of, exported, state

DAY = 86_400.0


def whole(memory: ConsciousMemory) -> dict[str, object]:
    """The state of a memory, with what is hidden; how often something was moved only says who has to look anew."""
    found = state(memory)
    record = found["tenant"]
    assert isinstance(record, TenantRecord)
    found["tenant"] = replace(record, uses=0)
    with memory._engine.unit(memory.tenant_id, write=False) as work:
        rows = work.quarantines.list(1_000)
        found["quarantines"] = [replace(row, counts="", rule=json.dumps(json.loads(row.rule))) for row in rows]
        found["hidden"] = [(row.seq, work.quarantines.hidden_by(row.seq)) for row in rows]
        found["hidden messages"] = work.quarantines.list_messages(limit=1_000)
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=st.lists(st.one_of(learning, changing, forgetting, moving, moving), max_size=14),
    batch_size=st.sampled_from([1, 2, 500]),
)
def test_what_was_hidden_and_put_back_is_so_after_an_import(history: list[Step], batch_size: int) -> None:
    with world() as there, world() as here:
        there.memory.learn("We use Jenkins for CI", "I live in Berlin with my cat Minka", session_id="session-1")
        for step in history:
            run(there, step)
        file = exported(there.memory)
        here.clock.micros = there.clock.micros
        import_memory(here.memory, io.StringIO(file), batch_size=batch_size)
        assert whole(here.memory) == whole(there.memory)
        assert exported(here.memory) == file
        assert import_memory(here.memory, io.StringIO(file)).entries == 0
        for made in there.memory.quarantines():
            if made.state == "hidden":
                there.memory.release(made.id)
                here.memory.release(made.id)
        assert derived_of(there.memory) == derived_of(here.memory)


def test_what_was_hidden_there_is_hidden_in_a_memory_that_holds_other_things(manager: TenantManager) -> None:
    there, here = manager.get_tenant("there"), manager.get_tenant("here")
    there.learn("The kiln is in the cellar", session_id="bad")
    there.learn("The garden is green", session_id="good")
    made = there.quarantine("suspect", session_id="bad", dry_run=False)
    here.learn("The attic is dry")
    import_memory(here, io.StringIO(exported(there)))
    assert [message.text for message in here.get_messages()] == ["The garden is green", "The attic is dry"]
    here.release(made.id)
    assert "The kiln is in the cellar" in [message.text for message in here.get_messages()]
    assert import_memory(here, io.StringIO(exported(there))).entries == 0


def test_what_was_said_again_is_imported_beside_what_is_hidden(manager: TenantManager) -> None:
    there, here = manager.get_tenant("there"), manager.get_tenant("here")
    there.learn("The kiln is in the cellar", session_id="s", timestamp=1 * DAY)
    there.quarantine("suspect", session_id="s", dry_run=False)
    there.learn("The kiln is in the cellar", session_id="s", timestamp=1 * DAY)
    import_memory(here, io.StringIO(exported(there)))
    assert len(here.get_messages()) == 1
    assert len(here.get_messages(include_hidden=True)) == 2


@pytest.mark.parametrize(
    ("kind", "name", "value", "field"),
    [
        ("quarantine", "rule", {"origin": 5}, "payload"),
        ("quarantine", "rule", {"colour": "red"}, "payload"),
        ("quarantine", "reason", "x" * 10_000, "payload"),
        ("release", "seqs", [10**6], "payload"),
        ("release", "seqs", "all", "payload"),
        ("release", "quarantine", 7, "payload"),
    ],
)
def test_a_broken_entry_of_a_quarantine_is_refused(
    manager: TenantManager, kind: str, name: str, value: object, field: str
) -> None:
    there, here = manager.get_tenant("there"), manager.get_tenant("here")
    there.learn("The kiln is in the cellar")
    there.release(there.quarantine("suspect", origin="user", dry_run=False).id)
    lines = exported(there).splitlines()
    for number, line in enumerate(lines):
        told = json.loads(line)
        if told.get("kind") == kind and name in told["payload"]:
            told["payload"][name] = value
            lines[number] = json.dumps(told)
    with pytest.raises(InvalidInputError, match=field):
        import_memory(here, io.StringIO("\n".join(lines)))
    assert here.get_messages() == []
