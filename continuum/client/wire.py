"""Where the service is and how it is reached: addresses, credentials, and one HTTP exchange in each colour."""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlencode, urlsplit

from continuum.client.attempts import Attempts, Lost
from continuum.client.calls import Call
from continuum.client.decoding import NotUnderstoodError
from continuum.client.problems import Answer
from continuum.errors import FeatureUnavailableError, InvalidInputError, install_hint

if TYPE_CHECKING:
    import httpx
    from websockets.asyncio.client import ClientConnection
    from websockets.sync.client import ClientConnection as SyncConnection

ANSWER_BYTES_MAX = 256 << 20
"""A larger answer, unpacked, is none that the service gives."""
PIECE_BYTES = 1 << 18
TIMEOUT_SECONDS_MAX = 86_400.0
SOCKET_MESSAGE_BYTES_MAX = 1 << 20
_VISIBLE = re.compile(r"[\x21-\x7e]{1,16384}\Z")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """The address of a service, and what is said to it every time. Shows no credential."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    tenant_id: str | None
    timeout_seconds: float
    verify: bool | ssl.SSLContext = field(repr=False)
    proxy: str | None = field(repr=False)

    def socket_url(self, query: Mapping[str, str]) -> str:
        named = {} if self.tenant_id is None else {"tenant_id": self.tenant_id}
        return f"ws{self.url.removeprefix('http')}/ws/sync?{urlencode({**named, **query})}"

    def socket_options(self) -> dict[str, Any]:  # Any: what websockets takes by name
        return {
            "additional_headers": dict(self.headers),
            "open_timeout": self.timeout_seconds,
            "close_timeout": min(self.timeout_seconds, 2.0),
            "ssl": self._context() if self.url.startswith("https:") else None,
            "proxy": self.proxy,
            "max_size": SOCKET_MESSAGE_BYTES_MAX,
        }

    def _context(self) -> ssl.SSLContext:
        if isinstance(self.verify, ssl.SSLContext):
            return self.verify
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def place_of(
    url: str,
    api_key: str | None,
    token: str | None,
    tenant_id: str | None,
    instance_id: str | None,
    timeout_seconds: float,
    verify: bool | ssl.SSLContext,
    proxy: str | None,
) -> Place:
    """The place that a client's arguments name. Raises InvalidInputError, which never shows a credential."""
    if api_key is not None and token is not None:
        raise InvalidInputError("token", "and api_key are both given; the service takes one credential")
    headers = {"User-Agent": "continuum-client"}
    if api_key is not None:
        headers["X-API-Key"] = _credential(api_key, "api_key")
    if token is not None:
        headers["Authorization"] = f"Bearer {_credential(token, 'token')}"
    for header, field_name, value in (
        ("X-Tenant-ID", "tenant_id", tenant_id),
        ("X-Instance-ID", "instance_id", instance_id),
    ):
        if value is not None:
            headers[header] = _name(value, field_name)
    if not 0 < timeout_seconds <= TIMEOUT_SECONDS_MAX:
        raise InvalidInputError("timeout_seconds", f"must lie between 0 and {TIMEOUT_SECONDS_MAX:g}")
    return Place(_checked_url(url), headers, tenant_id, timeout_seconds, verify, proxy)


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise InvalidInputError("url", "must be the address of a service, such as http://127.0.0.1:8420")
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError("url", "must hold no name and password; give the key as api_key")
    if parts.query or parts.fragment:
        raise InvalidInputError("url", "must end with its path; it has a query or a fragment")
    return url.rstrip("/")


def _credential(value: str, name: str) -> str:
    if not isinstance(value, str) or not _VISIBLE.match(value):
        raise InvalidInputError(name, "must be 1 to 16384 visible ASCII characters, without spaces or line ends")
    return value


def _name(value: str, name: str) -> str:
    if not isinstance(value, str) or not _NAME.match(value) or not value.isascii():
        raise InvalidInputError(name, "must be 1 to 255 ASCII characters, none of them a control character")
    return value


# -- one exchange


class _Collector:
    """Takes one answer piece by piece: into memory, within bounds of size and time, or into the call's sink."""

    def __init__(self, call: Call[Any], timeout_seconds: float) -> None:  # Any: whatever it answers
        self._sink = call.sink
        self._seconds = timeout_seconds
        self._deadline = None if call.sink is not None else time.monotonic() + timeout_seconds
        self._body = bytearray()
        self._begun: tuple[int, dict[str, str]] = (0, {})

    def begin(self, response: httpx.Response) -> None:
        self._begun = (response.status_code, {name.lower(): value for name, value in response.headers.items()})
        if response.status_code != 200:
            self._sink = None

    @property
    def writes_file(self) -> bool:
        return self._sink is not None

    def take(self, piece: bytes) -> None:
        """Raises NotUnderstoodError and TimeoutError, and what the sink raises."""
        if self._sink is not None:
            self._sink.take(piece)
            return
        self._body += piece
        if len(self._body) > ANSWER_BYTES_MAX:
            raise NotUnderstoodError(f"the answer is larger than {ANSWER_BYTES_MAX} bytes")
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise TimeoutError(f"its answer was not whole after {self._seconds:g} seconds")

    def answer(self) -> Answer:
        status, headers = self._begun
        return Answer(status, headers, bytes(self._body))


def _asked(place: Place, attempts: Attempts[Any], content: Any) -> dict[str, Any]:  # Any: what httpx takes by name
    import httpx

    call = attempts.call
    headers = {**attempts.headers, **({} if content is None else {"Content-Type": call.media_type})}
    return {
        "method": call.method,
        "url": f"{place.url}{call.path}",
        "params": call.query or None,
        "headers": headers,
        "content": content,
        "timeout": httpx.Timeout(call.seconds or place.timeout_seconds, connect=place.timeout_seconds),
    }


def exchange(http: httpx.Client, place: Place, attempts: Attempts[Any]) -> Answer | Lost:  # Any: as above
    """Send one request and read its answer. Raises OSError of the files that the call reads or writes."""
    import httpx

    call = attempts.call
    collector = _Collector(call, place.timeout_seconds)
    content = call.body if call.source is None else iter(_reading(call.source))
    try:
        with http.stream(**_asked(place, attempts, content)) as response:
            collector.begin(response)
            for piece in response.iter_bytes():
                collector.take(piece)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, NotUnderstoodError) as exc:
        return _lost(exc, place)
    return collector.answer()


async def aexchange(http: httpx.AsyncClient, place: Place, attempts: Attempts[Any]) -> Answer | Lost:  # Any: as above
    """`exchange` in an event loop; files are read and written in a thread."""
    import httpx

    call = attempts.call
    collector = _Collector(call, place.timeout_seconds)
    content = call.body if call.source is None else _areading(call.source)
    try:
        async with http.stream(**_asked(place, attempts, content)) as response:
            collector.begin(response)
            async for piece in response.aiter_bytes():
                if collector.writes_file:
                    await asyncio.to_thread(collector.take, piece)
                else:
                    collector.take(piece)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, NotUnderstoodError) as exc:
        return _lost(exc, place)
    return collector.answer()


def _reading(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(PIECE_BYTES):
        yield piece


async def _areading(source: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(source.read, PIECE_BYTES):
        yield piece


def _lost(exc: Exception, place: Place) -> Lost:
    """Why there is no answer, in words that hold nothing of what was sent."""
    import httpx

    if isinstance(exc, NotUnderstoodError):
        return Lost(str(exc), may_come=False)
    if isinstance(exc, httpx.ConnectTimeout | httpx.PoolTimeout):
        return Lost(f"could not be reached within {place.timeout_seconds:g} seconds")
    if isinstance(exc, httpx.ConnectError | httpx.ProxyError):
        return Lost(f"could not be reached: {exc}")
    if isinstance(exc, httpx.TimeoutException):
        return Lost(f"did not answer within {place.timeout_seconds:g} seconds")
    if isinstance(exc, TimeoutError):
        return Lost(str(exc))
    if isinstance(exc, httpx.NetworkError | httpx.RemoteProtocolError):
        return Lost("left before its answer was whole")
    return Lost(f"could not be asked ({type(exc).__name__}); check the address", may_come=False)


# -- libraries that are needed only here


def open_http(place: Place, transport: httpx.BaseTransport | None) -> httpx.Client:
    """A pool of connections. Raises FeatureUnavailableError if httpx is not installed."""
    _require("httpx", "the client")
    import httpx

    return httpx.Client(transport=transport, **_http_options(place))


def open_async_http(place: Place, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """A pool of connections for an event loop. Raises FeatureUnavailableError if httpx is not installed."""
    _require("httpx", "the client")
    import httpx

    return httpx.AsyncClient(transport=transport, **_http_options(place))


def _http_options(place: Place) -> dict[str, Any]:  # Any: what httpx takes by name
    return {
        "headers": dict(place.headers),
        "verify": place.verify,
        "proxy": place.proxy,
        "follow_redirects": False,  # a key goes where it was meant to, and nowhere else
        "trust_env": False,
    }


def _require(module: str, who: str) -> None:
    try:
        import_module(module)
    except ImportError as exc:
        raise FeatureUnavailableError(f"{who} needs {module}: {install_hint('client')}") from exc


def socket_troubles() -> tuple[type[Exception], ...]:
    """What a WebSocket that breaks, or cannot be made, raises. Raises FeatureUnavailableError without websockets."""
    _require("websockets", "listening")
    from websockets.exceptions import WebSocketException

    return (WebSocketException, OSError, EOFError)


@contextmanager
def open_socket(place: Place, query: Mapping[str, str]) -> Iterator[SyncConnection]:
    """A WebSocket that is connected. Raises one of `socket_troubles`."""
    from websockets.sync import client

    # Versions that follow redirects have a class for it; older ones follow none.
    connecter: Any = client.connect  # Any: a function or a class, by version
    if hasattr(client, "reconnect"):
        connecter = type("Direct", (client.reconnect,), {"process_redirect": _refuse_redirect})
    with connecter(place.socket_url(query), **place.socket_options()) as socket:
        yield socket


def _refuse_redirect(_: object, exc: Exception) -> Exception:
    """Connect where it was told to: another place would be shown the key."""
    return exc


@asynccontextmanager
async def open_async_socket(place: Place, query: Mapping[str, str]) -> AsyncIterator[ClientConnection]:
    """As `open_socket`, in an event loop."""
    from websockets.asyncio.client import connect

    direct: Any = type("Direct", (connect,), {"process_redirect": _refuse_redirect})  # Any: made here
    async with direct(place.socket_url(query), **place.socket_options()) as socket:
        yield socket
