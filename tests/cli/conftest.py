"""How tests run the command line."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from continuum.cli import main as cli


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run `continuum` in this process; a failure that has a name is re-raised."""
    return CliRunner().invoke(cli.command_line, arguments, input=stdin, catch_exceptions=False)


def told(*arguments: str) -> Any:  # Any: whatever JSON the command prints
    """What a command answers as JSON."""
    return json.loads(run(*arguments, "--json").stdout)
