"""Where `continuum` begins: an assistant that waits for a hook shall not wait for the rest of the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Answer a hook at once if its command is plain; run the whole command line for everything else."""
    if sys.argv[1:2] == ["hook"]:
        from continuum.cli.hook_run import run_at_once

        run_at_once(sys.argv[2:])
    from continuum.cli.main import main as whole

    whole()
