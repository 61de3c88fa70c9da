"""Files of every kind, broken ones, large ones, and imports that are killed."""

from __future__ import annotations

import asyncio
import gc
import gzip
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from continuum.core.assembly import build_engine
from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.core.retention import RetentionPolicy
from continuum.core.tenants import TenantManager
from continuum.domain.records import StoredVector
from continuum.errors import InvalidInputError
from continuum.portability import (
    ExportProgress,
    ImportProgress,
    aexport_memory,
    aimport_memory,
    export_memory,
    export_tenants,
    import_memory,
    import_tenants,
)
from continuum.portability.tenant_folders import file_name
from tests.conftest import MemoryFactory
from tests.portability.states import exported, state
from tests.portability.test_into_other_memories import lived
from tests.requirements import requirement

ROOT = Path(__file__).parents[2]
MANY = 20_000


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TenantManager]:
    with TenantManager(tmp_path_factory.mktemp("elsewhere") / "m.db") as manager:
        yield manager


def learn_some(memory: ConsciousMemory, count: int) -> None:
    memory.learn_many(
        {"user_message": f"Note {number}: Kafka feeds Aurora", "session_id": f"s{number % 7}"}
        for number in range(count)
    )


def edited(file: str, number: int, change: Callable[[dict[str, Any]], object]) -> str:
    """The file with one line changed; everything else, the digest too, as if it had been so."""
    lines = file.splitlines()
    line = json.loads(lines[number - 1])
    change(line)
    lines[number - 1] = json.dumps(line)
    return sealed(lines[:-1])


def sealed(lines: list[str]) -> str:
    body = "".join(f"{line}\n" for line in lines)
    digest = hashlib.sha256(body.encode()).hexdigest()
    return body + json.dumps({"end": True, "lines": len(lines), "digest": digest}) + "\n"


def setting(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda line: line.update(values)


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a missing field": (lambda line: line.pop("text"), "text: is missing"),
    "a wrong type": (setting(message_number="1"), "message_number"),
    "a date that does not exist": (setting(timestamp="2026-02-30T00:00:00Z"), "timestamp: is '2026-02-30"),
    "a number for a date": (setting(recorded_at=7), "recorded_at"),
    "an unknown kind": (setting(kind="rumour"), "kind: is 'rumour'"),
    "an unknown field": (setting(weight=1), "weight: is not known"),
    "an unknown role": (setting(role="king"), "role"),
    "more trust than its role has": (setting(role="tool"), "origin"),
    "a text over the limit": (setting(text="x" * 1_048_577), "text: has 1048577 bytes"),
    "a text of blanks": (setting(text=" "), "text: holds no words"),
    "a lone surrogate": (setting(text="\ud800"), "text: holds a lone surrogate"),
    "a scope with a blank": (setting(user_id="a b"), "user_id"),
    "metadata that is a list": (setting(metadata=[1]), "metadata"),
    "a jump in positions": (setting(seq=9), "seq"),
    "a time before the one before": (setting(recorded_at="1971-01-01T00:00:00Z"), "recorded_at"),
}


@requirement("portability:broken-line")
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_is_named_and_nothing_is_imported(name: str, memory_for: MemoryFactory) -> None:
    there, here, other = memory_for("there"), memory_for("here"), memory_for("other")
    learn_some(there, 5)
    change, problem = BROKEN[name]
    file = edited(exported(there), 4, change)
    with pytest.raises(InvalidInputError) as raised:
        import_memory(here, io.StringIO(file))
    assert raised.value.field == "line 4"
    assert problem in str(raised.value)
    assert here.get_stats()["messages"] == 0
    done = import_memory(other, io.StringIO(file), skip_errors=True)
    assert (done.messages, done.broken_lines) == (4, 1)
    assert [(each.line, problem in each.problem) for each in done.problems] == [(4, True)]
    assert "Note 4: Kafka feeds Aurora" in [message.text for message in other.get_messages()]


@requirement("portability:broken-line")
@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("facts", {"facts": [{}]}),
        ("facts", {"scope": ["a b", None, None]}),
        ("retraction", {"target": [99, 0]}),
        ("merge", {"into": 7}),
        ("policy", {"message_days": 0}),
        ("undo", {"seq": 99}),
        ("entity", {"metadata": "{"}),
        ("link", {"strength": 2}),
        ("link", {"link_type": "hebbian"}),
        ("supersession", {"messages": ["one"]}),
        ("revision", {"seq": 0}),
    ],
)
def test_a_broken_payload_is_named_by_line_and_field(
    kind: str, change: dict[str, object], memory_for: MemoryFactory
) -> None:
    there, here = lived(memory_for("there")), memory_for("here")
    there.set_retention(RetentionPolicy(message_days=30))
    file = exported(there)
    kinds = [json.loads(line).get("kind") for line in file.splitlines()]
    number = kinds.index(kind) + 1
    broken = edited(file, number, lambda line: line["payload"].update(change))
    with pytest.raises(InvalidInputError, match=f"line {number}: payload.{next(iter(change))}"):
        import_memory(here, io.StringIO(broken))
    assert here.get_stats()["log_position"] == 0


@requirement("portability:broken-line")
def test_a_cut_a_changed_and_a_foreign_file_are_refused(memory_for: MemoryFactory, tmp_path: Path) -> None:
    there, here = memory_for("there"), memory_for("here")
    learn_some(there, 5)
    file = exported(there)
    lines = file.splitlines(keepends=True)
    packed = tmp_path / "cut.jsonl.gz"
    packed.write_bytes(gzip.compress(file.encode())[:-40])
    wrong = {
        "line 7: is missing": "".join(lines[:6]),
        "line 4: json": "".join(lines[:3]) + lines[3][:-9],
        "digest": file.replace("Note 2", "Note 9"),
        "line 1: format": '{"hello": 1}\n',
        "line 1: json": "Minka\n",
        "line 1: is missing": "",
        "line 1: version": file.replace('"version":1', '"version":2', 1),
        f"line {len(lines) + 1}: end": file + lines[1],
        "line 3: json": lines[0] + lines[1] + "\n" + "".join(lines[2:]),
        "json: is broken": lines[0] + "[" * 100_000 + "\n",
    }
    for problem, text in wrong.items():
        with pytest.raises(InvalidInputError, match=problem):
            import_memory(here, io.StringIO(text))
    with pytest.raises(InvalidInputError, match="cut or changed"):
        import_memory(here, packed)
    assert here.get_stats()["log_position"] == 0
    done = import_memory(here, io.StringIO("".join(lines[:4])), skip_errors=True)
    assert (done.messages, done.broken_lines) == (3, 1)
    assert done.problems[0].line == 5


@requirement("portability:broken-line")
def test_a_file_that_was_mended_brings_what_the_broken_one_left_out(memory_for: MemoryFactory) -> None:
    there, here = memory_for("there"), memory_for("here")
    learn_some(there, 6)
    file = exported(there)
    broken = edited(file, 4, setting(role="king"))
    import_memory(here, io.StringIO(broken), skip_errors=True)
    assert [message.seq for message in here.get_messages()] == [6, 5, 4, 2, 1]
    assert import_memory(here, io.StringIO(broken), skip_errors=True).entries == 0
    assert import_memory(here, io.StringIO(file)).messages == 1
    assert {m.id for m in here.get_messages()} == {m.id for m in there.get_messages()}
    before = state(here)
    here.rebuild()
    assert state(here)["entities"] == before["entities"]


@requirement("portability:kill")
def test_an_import_that_is_killed_goes_on_when_it_is_called_again(tmp_path: Path, elsewhere: TenantManager) -> None:
    there = elsewhere.get_tenant("alice")
    learn_some(there, 300)
    there.merge_concepts("Kafka", "Aurora")
    there.forget(session_id="s3")
    file = tmp_path / "alice.jsonl"
    export_memory(there, file)
    path = tmp_path / "m.db"
    for batches in (1, 2, 4):
        command = [sys.executable, "-m", "tests.portability.importer", str(path), str(file)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, bufsize=0) as importer:
            assert importer.stdout is not None
            written = [int(importer.stdout.readline()) for _ in range(batches)][-1]
            importer.kill()
        with ConsciousMemory("alice", path) as memory:
            assert memory.get_stats()["log_position"] >= written
    with ConsciousMemory("alice", path) as memory:
        assert 0 < memory.get_stats()["log_position"] < there.get_stats()["log_position"]
        done = import_memory(memory, file)
        assert done.duplicates > 0
        assert state(memory) == state(there)


def many_lines(count: int, text: str) -> Iterator[str]:
    """An export of many messages that nobody had to learn first."""
    header = {
        "format": "continuum-memory", "version": 1, "tenant_id": "alice", "exported_at": "2026-01-01T00:00:00Z",
        "position": count, "after_seq": 0, "created_at": "2026-01-01T00:00:00Z", "extractors": 2, "messages": count,
        "sessions": 1, "metadata": {}, "policy": {}, "vectors": False,
    }  # fmt: skip
    yield json.dumps(header) + "\n"
    for seq in range(1, count + 1):
        line = {
            "seq": seq, "kind": "message", "id": f"m{seq}", "recorded_at": "2026-01-01T00:00:00Z",
            "exchange_id": f"x{seq}", "session_id": "s", "instance_id": "i", "message_number": seq, "role": "user",
            "origin": "user", "text": text, "timestamp": "2026-01-01T00:00:00Z", "metadata": {},
        }  # fmt: skip
        yield json.dumps(line) + "\n"


def write_many(path: Path, count: int, text: str) -> None:
    digest = hashlib.sha256()
    with path.open("w") as out:
        for line in many_lines(count, text):
            digest.update(line.encode())
            out.write(line)
        out.write(json.dumps({"end": True, "lines": count + 1, "digest": digest.hexdigest()}) + "\n")


@requirement("portability:streaming")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Words that teach nothing, so that what would grow is what import and export hold themselves."""
    path = tmp_path / "alice.jsonl"
    write_many(path, MANY, "yes " * 60)
    held: dict[str, list[int]] = {"import": [], "export": []}

    def count_objects(door: str, entries: int) -> None:
        if entries in (MANY // 10, MANY - 1_000):
            gc.collect()
            held[door].append(sys.getallocatedblocks())

    engine = build_engine(MemoryConfig(), storage=str(tmp_path / "m.db"))
    try:
        memory = ConsciousMemory("alice", engine=engine)
        done = import_memory(memory, path, progress=lambda step: count_objects("import", step.entries))
        assert done.messages == MANY
        out = tmp_path / "out.jsonl"
        export_memory(memory, out, progress=lambda step: count_objects("export", step.entries))
    finally:
        engine.close()
    assert out.stat().st_size > MANY * 240
    for door, (early, late) in held.items():
        assert late - early < MANY // 20, door


@requirement("portability:files")
def test_a_packed_file_and_an_open_one_hold_the_same_and_are_private(
    memory_for: MemoryFactory, elsewhere: TenantManager, tmp_path: Path
) -> None:
    there, here = memory_for("alice"), elsewhere.get_tenant("alice")
    learn_some(there, 20)
    steps: list[ExportProgress] = []
    packed = tmp_path / "alice.jsonl.gz"
    result = export_memory(there, packed, progress=steps.append)
    held = gzip.decompress(packed.read_bytes()).decode().splitlines()
    assert held[1:-1] == exported(there).splitlines()[1:-1]
    assert packed.stat().st_mode & 0o777 == 0o600
    assert (steps[-1].entries, steps[-1].total, result.messages) == (20, 20, 20)
    seen: list[ImportProgress] = []
    with packed.open("rb") as opened:
        import_memory(here, opened, progress=seen.append)
    assert seen[0].phase == "checking"
    assert (seen[-1].entries, seen[-1].total) == (20, 20)
    assert state(here) == state(there)


@requirement("portability:files")
def test_an_export_that_fails_leaves_the_former_file_alone(memory_for: MemoryFactory, tmp_path: Path) -> None:
    memory = memory_for("alice")
    learn_some(memory, 5)
    path = tmp_path / "alice.jsonl"
    path.write_text("former")

    class Stop(Exception):  # noqa: N818  # the test's own
        pass

    def stop(_: ExportProgress) -> None:
        raise Stop

    with pytest.raises(Stop):
        export_memory(memory, path, progress=stop)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(("alice", ".alice"))] == ["alice.jsonl"]
    assert path.read_text() == "former"
    with pytest.raises(InvalidInputError, match="after_seq: is 6"):
        export_memory(memory, path, after_seq=6)


@requirement("portability:files")
def test_an_empty_memory_has_an_export_too(memory_for: MemoryFactory) -> None:
    assert import_memory(memory_for("here"), io.StringIO(exported(memory_for("nobody")))).entries == 0
    assert memory_for("here").get_stats()["log_position"] == 0


@requirement("portability:files")
def test_vectors_travel_when_they_are_asked_for(
    manager: TenantManager, memory_for: MemoryFactory, elsewhere: TenantManager
) -> None:
    there = memory_for("alice")
    learn_some(there, 3)
    with manager.engine.unit(there.tenant_id, write=True) as work:
        work.vectors.put([StoredVector(seq, "small", bytes(range(8)), chunk) for seq in (1, 3) for chunk in (0, 1)])
    assert "vector" not in exported(there).splitlines()[-2]
    here = elsewhere.get_tenant("alice")
    import_memory(here, io.StringIO(exported(there, include_vectors=True)))
    assert state(here) == state(there)


@requirement("portability:tenants")
def test_each_tenant_has_a_file_and_comes_back_from_it(
    manager: TenantManager, elsewhere: TenantManager, tmp_path: Path
) -> None:
    names = ["Bob", "alice", "bob", "team:a@b"]
    for number, name in enumerate(names):
        learn_some(manager.get_tenant(name), number + 1)
    folder = tmp_path / "all"
    assert [result.tenant_id for result in export_tenants(manager, folder)] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(map(file_name, names))
    assert len({path.name.lower() for path in folder.iterdir()}) == 4
    manager.get_tenant("bob").learn("One more")
    assert [result.tenant_id for result in export_tenants(manager, folder)] == ["bob"]
    assert len(list(import_tenants(elsewhere, folder))) == 4
    for name in names:
        assert state(elsewhere.get_tenant(name)) == state(manager.get_tenant(name))


async def _both_ways(memory: ConsciousMemory, here: ConsciousMemory, path: Path) -> None:
    await aexport_memory(AsyncConsciousMemory(memory=memory), path)
    assert (await aimport_memory(AsyncConsciousMemory(memory=here), path)).messages == 4


@requirement("portability:files")
def test_both_colours_do_the_same(memory_for: MemoryFactory, elsewhere: TenantManager, tmp_path: Path) -> None:
    memory, here = memory_for("alice"), elsewhere.get_tenant("alice")
    learn_some(memory, 4)
    asyncio.run(_both_ways(memory, here, tmp_path / "alice.jsonl"))
    assert state(here) == state(memory)
