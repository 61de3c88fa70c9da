"""The reference of the command line names every command and every exit code."""

from __future__ import annotations

import re
from pathlib import Path

from continuum.cli import main as cli
from tests.requirements import requirement

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@requirement("cli:reference")
def test_the_reference_lists_every_command_with_its_line() -> None:
    rows = re.findall(r"^\| `([\w-]+)`(\*?) \| (.+) \|$", REFERENCE.read_text("utf-8"), re.MULTILINE)
    assert {name: words for name, _, words in rows} == cli._COMMANDS
    folder = Path(cli.__file__).parent / "commands"
    for name, mark, _ in rows:
        module = (folder / f"{cli._MODULES.get(name, name)}.py").read_text("utf-8")
        assert bool(mark) == ("@with_server_options" in module), name


@requirement("cli:reference")
def test_the_reference_lists_every_exit_code_with_its_errors() -> None:
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]*) \|$", REFERENCE.read_text("utf-8"), re.MULTILINE)
    listed = {name: int(code) for code, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert listed == {error.__name__: code for error, code in cli.EXIT_CODES.items()}
