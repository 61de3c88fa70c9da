"""Where Redis is, read from a URL: one server, a cluster, or the master that sentinels name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from continuum.errors import ConfigurationError

Kind = Literal["server", "socket", "cluster", "sentinel"]

PORT = 6379
SENTINEL_PORT = 26379
HOSTS_MAX = 100
DATABASES_MAX = 1 << 16

_SCHEMES: Mapping[str, tuple[Kind, bool]] = {
    "redis": ("server", False),
    "rediss": ("server", True),
    "unix": ("socket", False),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
}
_TLS_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_FORMS = (
    "redis://host:port/db, rediss://host:port/db, unix:///path?db=0, redis+cluster://host:port,host:port, "
    "redis+sentinel://host:port,host:port/master/db"
)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A checked address; who prints it sees no password."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    master: str = ""
    database: int = 0
    tls: bool = False
    tls_options: Mapping[str, str | bool] = field(default_factory=dict)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def parse_redis_url(url: str) -> RedisAddress:
    """Read `redis://`, `rediss://`, `unix://`, and `redis(s)+cluster://` or `redis(s)+sentinel://` with several hosts.

    Raises ConfigurationError for anything else, an option it does not know included: one that redis-py reads from
    a URL could lift the time limits. No message holds the URL, as it may hold a password.
    """
    try:
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query, max_num_fields=20).items()}
    except ValueError:
        raise _refusal("it cannot be read as a URL") from None
    kind, tls = _kind_of(parts.scheme)
    username, password, hosts = _split_login(parts.netloc)
    names = [unquote(name) for name in parts.path.split("/") if name]
    master = names.pop(0) if kind == "sentinel" and names else ""
    given = query.pop("db", names.pop(0) if names and kind != "socket" else "0")
    address = RedisAddress(
        kind,
        hosts=() if kind == "socket" else _hosts_of(hosts, SENTINEL_PORT if kind == "sentinel" else PORT),
        path=unquote(parts.path) if kind == "socket" else "",
        master=master,
        database=_database_of(given),
        tls=tls,
        tls_options=_tls_options(query, tls),
        username=username,
        password=password,
    )
    _check(address, left_over=bool(names) and kind != "socket")
    return address


def _refusal(problem: str) -> ConfigurationError:
    return ConfigurationError(f"REDIS_URL: {problem}; it must look like one of {_FORMS}")


def _kind_of(scheme: str) -> tuple[Kind, bool]:
    if scheme not in _SCHEMES:
        raise _refusal(f"the scheme {scheme[:20]!r} is not known" if scheme.isascii() else "the scheme is not known")
    return _SCHEMES[scheme]


def _split_login(place: str) -> tuple[str | None, str | None, str]:
    login, _, hosts = place.rpartition("@")
    username, _, password = login.partition(":")
    return unquote(username) or None, unquote(password) or None, hosts


def _hosts_of(text: str, port: int) -> tuple[tuple[str, int], ...]:
    if text.count(",") >= HOSTS_MAX:
        raise _refusal(f"it names more than {HOSTS_MAX} hosts")
    return tuple(_host_of(each, port) for each in text.split(",") if each)


def _host_of(text: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        return unquote(parts.hostname or "localhost"), parts.port or port
    except ValueError:
        raise _refusal("a host's port is not a number from 1 to 65535") from None


def _database_of(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < DATABASES_MAX):
        raise _refusal("the database is not a number")
    return int(text)


def _tls_options(query: Mapping[str, str], tls: bool) -> Mapping[str, str | bool]:
    if not set(query) <= set(_TLS_OPTIONS if tls else ()):
        raise _refusal(f"after '?' it may name db and, with TLS, {', '.join(_TLS_OPTIONS)}, and nothing else")
    options: dict[str, str | bool] = dict(query)
    if "ssl_check_hostname" in query:
        options["ssl_check_hostname"] = query["ssl_check_hostname"].lower() not in ("0", "false", "no", "off")
    if query.get("ssl_cert_reqs", "required") not in ("none", "optional", "required"):
        raise _refusal("ssl_cert_reqs must be none, optional or required")
    if query.get("ssl_cert_reqs") == "none":
        options["ssl_check_hostname"] = False  # ssl refuses to compare the name of a certificate nobody checks
    return options


def _check(address: RedisAddress, *, left_over: bool) -> None:
    if left_over:
        raise _refusal("its path has more parts than it may")
    if address.kind == "socket" and not address.path:
        raise _refusal("the path of the socket is missing")
    if address.kind in ("cluster", "sentinel") and not address.hosts:
        raise _refusal("no host is named")
    if address.kind == "server" and len(address.hosts) > 1:
        raise _refusal("several hosts need redis+cluster:// or redis+sentinel://")
    if address.kind == "sentinel" and not address.master:
        raise _refusal("the name of the master is missing")
    if address.kind == "cluster" and address.database:
        raise _refusal("a cluster has no databases")
