"""What an assistant waits for: the first answer of an MCP server, its recalls, a hook from beginning to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters

from benchmarks.report import Report, percentiles
from benchmarks.stores import TENANT, filled

MESSAGES = 10_000
STARTS = 7
RECALLS = 95
"""Fewer than a client may ask for in a minute."""
HOOKS = 25
QUESTION = "Where did we leave the plan?"


def run(report: Report, folder: Path, quick: bool) -> None:
    """All figures of assistants, on a store of 10,000 messages."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CONTINUUM_", "CLAUDE_"))},
        "CONTINUUM_DB_PATH": str(filled(folder, MESSAGES, report)),
        "CONTINUUM_TENANT_ID": TENANT,
        "CONTINUUM_CONFIG_DIR": str(folder / "assistant-settings"),
    }
    environ.pop("CI", None)
    starts, recalls = anyio.run(_served, environ)
    report.add("assistants", {"what": "MCP: process start to first answer", **percentiles(starts)})
    report.add("assistants", {"what": "MCP: recall over stdio", **percentiles(recalls)})
    report.add("assistants", {"what": "hook user-prompt, whole process", **percentiles(_hooks(environ))})
    for command in ("--version", "--help"):
        report.add("assistants", {"what": f"continuum {command}", **percentiles(_starts(environ, command))})


async def _served(environ: dict[str, str]) -> tuple[list[float], list[float]]:
    program = StdioServerParameters(command=sys.executable, args=["-m", "continuum.mcp.server"], env=environ)
    starts: list[float] = []
    recalls: list[float] = []
    for number in range(STARTS):
        started = time.perf_counter()
        async with Client(program) as client:
            await client.call_tool("recall", {"message": QUESTION})
            starts.append((time.perf_counter() - started) * 1_000)
            for _ in range(RECALLS if not number else 0):
                started = time.perf_counter()
                await client.call_tool("recall", {"message": QUESTION})
                recalls.append((time.perf_counter() - started) * 1_000)
    return sorted(starts), sorted(recalls)


def _hooks(environ: dict[str, str]) -> list[float]:
    taken = []
    for number in range(HOOKS):
        said = json.dumps({"session_id": f"bench-{time.time_ns()}-{number}", "prompt": QUESTION})
        started = time.perf_counter()
        command = [sys.executable, "-m", "continuum", "hook", "user-prompt", "--budget", "10"]
        done = subprocess.run(command, input=said, env=environ, capture_output=True, text=True, check=True)
        taken.append((time.perf_counter() - started) * 1_000)
        assert "additionalContext" in done.stdout
    return sorted(taken)


def _starts(environ: dict[str, str], option: str) -> list[float]:
    taken = []
    for _ in range(HOOKS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "continuum", option], env=environ, capture_output=True, check=True)
        taken.append((time.perf_counter() - started) * 1_000)
    return sorted(taken)
