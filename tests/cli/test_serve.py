"""`continuum serve`, as a process with a real socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from continuum.cli.commands.serve import url_of
from tests.requirements import requirement


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def start(port: int, folder: Path) -> subprocess.Popen[str]:
    environ = {**os.environ, "CONTINUUM_CONFIG_DIR": str(folder / "home")}
    command = [sys.executable, "-m", "continuum", "serve", "--port", str(port)]
    return subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True)


def answered(client: httpx.Client, path: str) -> httpx.Response:
    """The first answer of a server that is starting; at most 20 seconds."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return client.get(path)
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                raise


@requirement("cli:serve", "house:make-run", "deploy:local")
def test_serve_prints_its_store_and_keeps_what_it_learns(tmp_path: Path) -> None:
    port = free_port()
    for turn in range(2):
        server = start(port, tmp_path)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                assert answered(client, "/v1/health").json()["status"] == "healthy"
                assert client.get("/v1/stats").json()["messages"] == turn
                client.post("/v1/learn", json={"user_message": "I prefer FastAPI for web projects"})
                client.get("/v1/entities/search", params={"q": "xylophone"})
        finally:
            server.send_signal(signal.SIGINT)
            said = server.communicate(timeout=20)[1]
        assert f"store: {tmp_path}/continuum_data/memory.db" in said
        assert f"curl -s http://127.0.0.1:{port}/v1/learn" in said
        assert "Traceback" not in said
        assert "xylophone" not in said
        assert said.count("/v1/entities/search") == 1


@requirement("cli:serve")
@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:1"), ("localhost", "http://localhost:1"), ("::1", "http://[::1]:1")],
)
def test_the_address_of_a_service_can_be_used_as_it_is_printed(host: str, url: str) -> None:
    assert url_of(host, 1) == url


@requirement("cli:serve")
def test_a_taken_port_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = start(taken.getsockname()[1], tmp_path)
        said = server.communicate(timeout=60)[1]
    assert server.returncode == 6
    assert "Choose one with --port" in said
    assert "Traceback" not in said
