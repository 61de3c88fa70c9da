"""A URL of Redis is read wholly or refused, and no password shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuum.cache.redis_address import parse_redis_url
from continuum.cache.redis_connection import open_async_redis, open_redis
from continuum.errors import ConfigurationError

PASSWORD = "hunter2-öß"


@pytest.mark.parametrize(
    ("url", "kind", "hosts", "database"),
    [
        ("redis://", "server", (), 0),
        ("redis://cache", "server", (("cache", 6379),), 0),
        ("redis://cache:7000/3", "server", (("cache", 7000),), 3),
        ("rediss://[::1]:7000?db=4", "server", (("::1", 7000),), 4),
        ("redis+cluster://a:1,b:2,c/", "cluster", (("a", 1), ("b", 2), ("c", 6379)), 0),
        ("redis+sentinel://a:1,b/main/5", "sentinel", (("a", 1), ("b", 26379)), 5),
        ("rediss+sentinel://a/main", "sentinel", (("a", 26379),), 0),
        ("unix:///run/redis.sock?db=2", "socket", (), 2),
    ],
)
def test_each_form_names_its_hosts_and_database(
    url: str, kind: str, hosts: tuple[tuple[str, int], ...], database: int
) -> None:
    address = parse_redis_url(url)
    assert (address.kind, address.hosts, address.database) == (kind, hosts, database)
    assert address.tls == url.startswith("rediss")
    assert address.path == ("/run/redis.sock" if kind == "socket" else "")
    assert address.master == ("main" if kind == "sentinel" else "")


def test_a_login_is_read_and_never_shown() -> None:
    for form in ("redis://{}@h", "redis+cluster://{}@h:1,i:2", "redis+sentinel://{}@h/main", "unix://{}@/run/sock"):
        url = form.format("me:hunter2-%C3%B6%C3%9F")
        address = parse_redis_url(url)
        assert (address.username, address.password) == ("me", PASSWORD)
        assert "hunter2" not in repr(address)
        client = open_redis(url, budget_seconds=0.02)
        assert "hunter2" not in repr(client)
        assert "hunter2" not in repr(open_async_redis(url, budget_seconds=0.02))
        client.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cache:6379",
        "http://me:hunter2@cache",
        "redis://me:hunter2@cache:port",
        "redis://me:hunter2@cache:99999",
        "redis://me:hunter2@[::1",
        "redis://me:hunter2@a,b",
        "redis://me:hunter2@cache/first",
        "redis://me:hunter2@cache/1/2",
        "redis://me:hunter2@cache?socket_timeout=1000",
        "redis://me:hunter2@cache?password=hunter2",
        "redis://me:hunter2@cache?ssl_cert_reqs=none",
        "rediss://me:hunter2@cache?ssl_cert_reqs=never",
        "redis://me:hunter2@cache/99999999",
        "redis+cluster://me:hunter2@",
        "redis+cluster://me:hunter2@a/1",
        "redis+sentinel://me:hunter2@a",
        "redis+sentinel://me:hunter2@/main",
        "redis+sentinel://me:hunter2@a/main/1/2",
        "unix://me:hunter2@",
        "redis+cluster://me:hunter2@" + "a," * 101,
    ],
)
def test_anything_else_is_refused_with_the_forms_there_are_and_without_the_url(url: str) -> None:
    for open_it in (open_redis, open_async_redis):
        with pytest.raises(ConfigurationError, match=r"redis\+sentinel://") as refused:
            open_it(url, budget_seconds=0.02)
        assert "hunter2" not in str(refused.value)
        assert refused.value.__cause__ is None


@given(rest=st.text(max_size=30), scheme=st.sampled_from(["redis", "redis+cluster", "unix", "redis+sentinel", "x"]))
def test_no_text_breaks_the_reader(rest: str, scheme: str) -> None:
    try:
        parse_redis_url(f"{scheme}://{rest}")
    except ConfigurationError as refused:
        assert "REDIS_URL" in str(refused)  # noqa: PT017 - most texts are refused, and some are addresses
