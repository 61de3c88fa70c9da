"""The rules of the house that a program can check."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import continuum
from tests.requirements import requirement

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"^\| `(?P<id>[^`]+)` \| (?P<state>done|open \([^)]+\)) \|", re.MULTILINE)
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")


def tracked(*endings: str) -> list[Path]:
    """The files of the project with one of these endings, leaving out what tools keep beside them."""
    hidden = {".git", ".venv", "__pycache__"}
    files = [path for path in ROOT.rglob("*") if path.is_file() and not hidden & set(path.relative_to(ROOT).parts)]
    return [path for path in files if path.name.endswith(endings)]


def shown_requirements() -> set[str]:
    """The ids that tests say they show, read from the sources so that no test has to be imported."""
    ids = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "requirement":
                ids |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return {name for name in ids if isinstance(name, str)}


def test_requirements_and_tests_lead_to_each_other() -> None:
    rows = {match["id"]: match["state"] for match in ROW.finditer((ROOT / "docs" / "requirements.md").read_text())}
    done = {name for name, state in rows.items() if state == "done"}
    assert shown_requirements() == done


@requirement("house:light-import")
def test_importing_the_package_loads_the_standard_library_only() -> None:
    script = "import sys, continuum; print('\\n'.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    # -S: the environment's own start-up files may import anything; they are not ours.
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(loaded) - set(sys.stdlib_module_names) - {"__main__"} <= {"continuum"}


@requirement("house:small-core")
def test_learn_and_recall_need_no_extra(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "for name in ('fastapi', 'uvicorn', 'orjson', 'onnxruntime', 'tokenizers', 'httpx', 'pydantic'):\n"
        "    sys.modules[name] = None\n"
        "from continuum import ConsciousMemory\n"
        "with ConsciousMemory('t', sys.argv[1]) as memory:\n"
        "    memory.learn('Minka is my cat')\n"
        "    print(memory.recall('Minka').memories[0].passage)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "m.db")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "Minka is my cat\n"


def test_every_public_name_can_be_loaded() -> None:
    for name in continuum.__all__:
        assert getattr(continuum, name) is not None
    assert continuum.ContinuumMemory is continuum.ConsciousMemory
    with pytest.raises(AttributeError):
        _ = continuum.nothing


@requirement("house:lock")
def test_the_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert len(pinned) > 20
    assert all("==" in line for line in pinned)
    assert not any("://" in line or line.startswith("--") for line in lines)
    assert sum("--hash=sha256:" in line for line in lines) >= len(pinned)


def test_no_file_carries_a_path_of_a_machine() -> None:
    paths = re.compile("/" + "(?:home|root|work|Users)/[a-z]")
    for path in tracked(".py", ".md", ".toml", ".sql", ".lock", ".in", "Makefile", "run"):
        found = paths.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path}: {found}"


def test_sql_stands_in_storage_only() -> None:
    for path in tracked(".py"):
        parts = path.relative_to(ROOT).parts
        if parts[0] == "continuum" and parts[1] not in ("storage", "testing"):
            assert not SQL.search(path.read_text(encoding="utf-8")), path


def _modules() -> list[str]:
    sources = sorted((ROOT / "continuum").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in sources]
    return [name for name in names if name != "continuum.__main__"]


@requirement("house:docs-run")
@pytest.mark.parametrize("name", _modules())
def test_examples_in_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def _blocks() -> list[tuple[str, str]]:
    fence = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        (page.relative_to(ROOT).as_posix(), "\n\n".join(found))
        for page in pages
        if (found := fence.findall(page.read_text()))
    ]


SERVER = "postgresql://web:secret@db.example/memory"
"""Stands in examples for a PostgreSQL server; they run on a real one."""


@requirement("house:docs-run")
@pytest.mark.parametrize(("page", "code"), _blocks(), ids=lambda value: value if value.endswith(".md") else "code")
def test_examples_in_the_docs_run(page: str, code: str, request: pytest.FixtureRequest) -> None:
    """The Python blocks of a page are one program, run from top to bottom."""
    if SERVER in code:
        code = code.replace(SERVER, request.getfixturevalue("postgres_url"))
    exec(compile(code, page, "exec"), {"__name__": "__docs__"})


def test_links_between_pages_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


@requirement("house:docs-run")
def test_shell_examples_name_commands_that_exist() -> None:
    from continuum.cli.main import command_line

    commands = set(command_line.list_commands(None))  # type: ignore[arg-type]  # needs no context
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"):
        for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", page.read_text(), re.DOTALL):
            assert set(re.findall(r"^(?:\$ )?(?:\S+/)?continuum ([a-z]+)", block, re.MULTILINE)) <= commands, page
            assert set(re.findall(r"^(?:\$ )?make ([a-z]+)", block, re.MULTILINE)) <= targets, page
