"""What the stdio server loads: its own extra brings all of it."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.requirements import requirement

OF_OTHER_EXTRAS = ("fastapi", "uvicorn", "orjson", "jwt", "prometheus_client", "redis", "psycopg", "websockets")


@requirement("mcp:tools")
def test_the_server_needs_nothing_that_other_extras_bring() -> None:
    program = f"""
import builtins, json, sys
real = builtins.__import__
asked = set()
def noting(name, *rest, **more):
    if name.partition(".")[0] in {OF_OTHER_EXTRAS!r}:
        frame = sys._getframe(1)
        if frame.f_globals.get("__name__", "").startswith("continuum"):
            asked.add(name)
    return real(name, *rest, **more)
builtins.__import__ = noting
import continuum.mcp.server, continuum.mcp.serving, continuum.mcp.building, continuum.mcp.standard_io
print(json.dumps(sorted(asked)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == []
