"""Clients of each kind reach real servers, and no wait is longer than was said."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from redis import Redis

from continuum.cache.redis_cache import RedisCache
from continuum.cache.redis_connection import open_async_redis, open_redis, redis_errors
from continuum.errors import FeatureUnavailableError
from continuum.testing.cache_suite import WAIT_SECONDS, eventually
from tests.redis_servers import OwnRedis, RedisSentinel, RedisServer, SlowProxy, free_port
from tests.requirements import requirement

NODES = 3
SLOTS = 16_384
GENEROUS_SECONDS = 5.0


def use(url: str) -> None:
    """Put, get and clear through a URL, with either client."""
    with closing(RedisCache(open_redis(url, budget_seconds=GENEROUS_SECONDS), "p:", 60, secret=b"s")) as cache:
        for number in range(20):
            cache.put(("alice" if number % 2 else "bob", number), b"%d" % number)
        assert [cache.get(("alice" if n % 2 else "bob", n)) for n in range(20)] == [b"%d" % n for n in range(20)]
        cache.clear("alice")
        assert [cache.get(("alice", number)) for number in range(1, 20, 2)] == [None] * 10
        assert cache.get(("bob", 0)) == b"0"
        assert cache.stats()["errors"] == 0
    asyncio.run(use_async(url))


async def use_async(url: str) -> None:
    client = open_async_redis(url, budget_seconds=GENEROUS_SECONDS)
    await client.set("key", b"\xff")
    assert await client.get("key") == b"\xff"
    await client.aclose()


def test_one_server_is_reached(redis_url: str) -> None:
    use(redis_url)


def test_a_server_is_reached_through_a_socket_with_a_password(own_redis: OwnRedis) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sock"
        own_redis(arguments=("--unixsocket", str(path), "--user", "me", "on", ">pass%word", "~*", "&*", "+@all"))
        use(f"unix://me:pass%25word@{path}?db=1")


def self_signed(folder: Path) -> Path:
    """A key and a certificate for localhost in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    form = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "localhost.pem"
    path.write_bytes(form + certificate.public_bytes(Encoding.PEM))
    return path


def test_tls_is_spoken_and_certificates_are_checked(own_redis: OwnRedis, tmp_path: Path) -> None:
    pem = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with SlowProxy(own_redis().port, tls=context) as proxy:
        use(f"rediss://localhost:{proxy.port}/1?ssl_ca_certs={pem}")
        use(f"rediss://127.0.0.1:{proxy.port}/1?ssl_ca_certs={pem}&ssl_check_hostname=false")
        use(f"rediss://127.0.0.1:{proxy.port}/1?ssl_cert_reqs=none")
        for url in (f"rediss://localhost:{proxy.port}", f"rediss://127.0.0.1:{proxy.port}?ssl_ca_certs={pem}"):
            client = open_redis(url, budget_seconds=GENEROUS_SECONDS)
            with closing(client), pytest.raises(redis_errors(), match=r"(?i)certificate"):
                client.get("key")


@requirement("cache:cluster-sentinel")
def test_the_master_that_a_sentinel_names_is_reached(own_redis: OwnRedis, folder_of_redis: Path) -> None:
    sentinel = RedisSentinel(folder_of_redis / "sentinel", own_redis()).start()
    try:
        use(f"redis+sentinel://127.0.0.1:{sentinel.port}/main/2")
    finally:
        sentinel.kill()


@pytest.fixture
def cluster(own_redis: OwnRedis) -> Iterator[list[RedisServer]]:
    """Three nodes without replicas that have found each other and share all slots."""
    with ExitStack() as stack:
        nodes, clients = [], []
        for number in range(NODES):
            bus = free_port()
            nodes.append(own_redis(arguments=("--cluster-enabled", "yes", "--cluster-port", str(bus))))
            clients.append(stack.enter_context(closing(open_redis(nodes[-1].url, budget_seconds=GENEROUS_SECONDS))))
            first, last = number * SLOTS // NODES, (number + 1) * SLOTS // NODES - 1
            asked(clients[-1], "ADDSLOTSRANGE", first, last)
            asked(clients[-1], "SET-CONFIG-EPOCH", number + 1)
            if number:
                asked(clients[0], "MEET", "127.0.0.1", nodes[-1].port, bus)
        for client in clients:
            assert eventually(partial(agrees, client)), asked(client, "INFO") + asked(client, "NODES")
        yield nodes


def agrees(client: Redis) -> bool:
    """Whether a node knows where each slot is."""
    return "cluster_state:ok" in asked(client, "INFO") and asked(client, "NODES").count(" connected") == NODES


def asked(client: Redis, *command: str | int) -> str:
    return str(client.execute_command("CLUSTER", *command))  # type: ignore[no-untyped-call]  # redis-py


@requirement("cache:cluster-sentinel")
def test_a_cluster_is_reached_through_any_of_its_nodes(cluster: list[RedisServer]) -> None:
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in cluster)
    use(f"redis+cluster://{hosts}/")
    use(f"redis+cluster://127.0.0.1:1,127.0.0.1:{cluster[2].port}")
    cluster[1].kill()
    client = open_redis(f"redis+cluster://{hosts}", budget_seconds=0.1, connect_seconds=0.1)
    with closing(RedisCache(client, "p:", 60, secret=b"s")) as cache:
        for number in range(50):
            cache.put(("alice", number), b"value")
            assert cache.get(("alice", number)) in (None, b"value")


@requirement("cache:redis-gone")
@pytest.mark.parametrize("form", ["redis://{}/0", "redis+cluster://{}", "redis+sentinel://{}/main", "unix:///no{}"])
def test_opening_a_client_of_a_server_that_is_not_there_is_no_error(form: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    client = open_redis(form.format(f"127.0.0.1:{port}"), budget_seconds=0.1, connect_seconds=0.1)
    with closing(client), pytest.raises(redis_errors()):
        client.get("key")
    with closing(RedisCache(client, "p:", 60, secret=b"s")) as cache:
        cache.put(("t", "key"), b"value")
        assert cache.get(("t", "key")) is None


def test_a_connection_that_never_comes_is_waited_for_as_long_as_was_said() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(closing(socket.socket()))
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):  # nobody takes these, so there is no room for more
            waiting = stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        url = f"redis://127.0.0.1:{server.getsockname()[1]}"
        client = stack.enter_context(closing(open_redis(url, budget_seconds=0.05, connect_seconds=0.05)))
        begun = time.monotonic()
        with pytest.raises(redis_errors()):
            client.get("key")
        assert time.monotonic() - begun < WAIT_SECONDS / 10


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(FeatureUnavailableError, match=r"\[redis\]"):
        open_redis("redis://cache", budget_seconds=1)
    with pytest.raises(FeatureUnavailableError, match=r"\[redis\]"):
        open_async_redis("redis://cache", budget_seconds=1)
