"""`continuum serve` in production: workers, a graceful stop, TLS, and what it refuses to be started with."""

from __future__ import annotations

import datetime
import os
import signal
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli.test_serve import answered, free_port
from tests.requirements import requirement

KEY = "an-operators-key-of-forty-characters-0001"


@contextmanager
def served(folder: Path, *arguments: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A service that is stopped at the end, if it still runs; it must not have said anything it is ashamed of."""
    port = free_port()
    own = {**os.environ, "CONTINUUM_CONFIG_DIR": str(folder / "home"), **environ}
    command = [sys.executable, "-m", "continuum", "serve", "--port", str(port), *arguments]
    with subprocess.Popen(command, cwd=folder, env=own, stderr=subprocess.PIPE, text=True) as server:
        try:
            yield server, port
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
            said = server.communicate(timeout=30)[1]
            assert "Traceback" not in said, said
            assert KEY not in said


@requirement("service:serve")
def test_workers_share_one_store_and_stop_together(tmp_path: Path) -> None:
    with (
        served(tmp_path, "--workers", "2", CONTINUUM_API_KEY=KEY, CONTINUUM_REQUIRE_API_KEY="true") as (server, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": KEY, "X-Tenant-ID": "alice"}) as client,
    ):
        answered(client, "/v1/health/ready")
        for number in range(10):
            with httpx.Client(base_url=client.base_url, headers=client.headers) as caller:  # a connection each
                assert caller.post("/v1/learn", json={"user_message": f"note {number}"}).status_code == 200
        assert client.get("/v1/stats").json()["messages"] == 10
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


@requirement("service:serve")
def test_a_stop_turns_readiness_red_and_finishes_what_runs(tmp_path: Path) -> None:
    with (
        served(tmp_path, CONTINUUM_DRAIN_SECONDS="2") as (server, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        assert answered(client, "/v1/health/ready").json() == {"status": "ready"}
        exchanges = [{"user_message": f"Aurora {n} meets Boreas {n} beside the walnut barrel"} for n in range(900)]
        learnt: list[int] = []
        body = {"exchanges": exchanges}
        learner = threading.Thread(target=lambda: learnt.append(client.post("/v1/learn/batch", json=body).status_code))
        learner.start()
        with httpx.Client(base_url=client.base_url) as other:
            while other.get("/v1/stats").json()["messages"] == 0:
                assert learner.is_alive()
            server.send_signal(signal.SIGTERM)
            red = other.get("/v1/health/ready")
            while red.status_code == 200:
                red = other.get("/v1/health/ready")
            assert (red.status_code, red.json()) == (503, {"status": "stopping"})
        learner.join(30)
        assert learnt == [200]
        server.wait(30)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "chain.pem").write_bytes(signed.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, plain))
    return folder / "chain.pem", folder / "key.pem"


@requirement("service:serve")
def test_tls_is_1_3_unless_1_2_is_asked_for(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    files = ("--tls-certificate", str(certificate[0]), "--tls-key", str(certificate[1]))
    for minimum, speaks_old in (("1.3", False), ("1.2", True)):
        with served(tmp_path, *files, CONTINUUM_TLS_MINIMUM=minimum) as (_, port):
            trusted = ssl.create_default_context(cafile=str(certificate[0]))
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted) as client:
                assert answered(client, "/v1/health").status_code == 200
            old = ssl.create_default_context(cafile=str(certificate[0]))
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=old) as client:
                if speaks_old:
                    assert client.get("/v1/health").status_code == 200
                else:
                    with pytest.raises(httpx.ConnectError):
                        client.get("/v1/health")


@requirement("service:operator")
def test_a_first_start_in_production_writes_the_operators_key_to_a_file_of_its_own(tmp_path: Path) -> None:
    for _ in range(2):  # the second start finds it
        with (
            served(tmp_path, "--workers", "2", CONTINUUM_ENV="production") as (_, port),
            httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            answered(client, "/v1/health/ready")
            path = tmp_path / "continuum_data" / "operator.key"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            key = path.read_text().strip()
            assert client.get("/v1/admin/tenants").status_code == 401
            assert client.get("/v1/admin/tenants", headers={"X-API-Key": key}).status_code == 200


@requirement("service:serve")
@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (("--host", "0.0.0.0"), {}, "CONTINUUM_REQUIRE_API_KEY=true"),
        ((), {"CONTINUUM_ENV": "staging"}, "CONTINUUM_REQUIRE_API_KEY=true"),
        ((), {"CONTINUUM_API_KEY": "short"}, "fewer than 32 characters"),
        ((), {"CONTINUUM_JWT_SECRET": "short", "CONTINUUM_REQUIRE_API_KEY": "true"}, "needs at least 32"),
        ((), {"CONTINUUM_CORS_ORIGINS": "*"}, "name the origins"),
        ((), {"CONTINUUM_CORS_ORIGINS": "app.example"}, "is no origin"),
        ((), {"CONTINUUM_TRUSTED_PROXIES": "everybody"}, "CONTINUUM_TRUSTED_PROXIES"),
        (("--tls-certificate", "chain.pem"), {}, "belong together"),
        (("--tls-certificate", "no.pem", "--tls-key", "no.pem"), {}, "no.pem cannot be read"),
        ((), {"REDIS_URL": "http://cache:1", "CONTINUUM_CACHE_ENABLED": "true"}, "redis://"),
        ((), {"SENTRY_TRACES_SAMPLE_RATE": "often", "SENTRY_DSN": "http://a@127.0.0.1:1/1"}, "SAMPLE_RATE"),
        (("--workers", "2", "--db-path", ":memory:"), {}, "one worker"),
    ],
)
def test_what_would_be_unsafe_is_refused_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], words: str
) -> None:
    own = {**os.environ, "CONTINUUM_CONFIG_DIR": str(tmp_path / "home"), **environ}
    command = [sys.executable, "-m", "continuum", "serve", "--port", str(free_port()), *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 6, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
