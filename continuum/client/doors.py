"""`Client` and `AsyncClient`: the calls of `memory_calls` and `service_calls`, in two colours.

Each operation is written once, as a function that gives a `Call`; what is here sends it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from continuum.client import memory_calls, service_calls
from continuum.client.attempts import Attempts, Lost, Patience, Wait
from continuum.client.calls import Call, Listing
from continuum.client.following import GIVE_UP_SECONDS, Following
from continuum.client.problems import Answer
from continuum.client.records import BulkResult, Event
from continuum.client.wire import (
    Place,
    aexchange,
    exchange,
    open_async_http,
    open_async_socket,
    open_http,
    open_socket,
    place_of,
    socket_troubles,
)

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
T = TypeVar("T")
RETRY_SECONDS = 60.0


def _asks(build: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    def ask(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._ask(build(*args, **kwargs))

    return _like(build, ask)


def _walks(build: Callable[P, Listing[T]]) -> Callable[Concatenate[Client, P], Iterator[T]]:
    def walk(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self._walk(build(*args, **kwargs))

    return _like(build, walk)


def _sums(build: Callable[P, Iterator[Call[BulkResult]]]) -> Callable[Concatenate[Client, P], BulkResult]:
    def ask_all(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> BulkResult:
        return sum((self._ask(each) for each in build(*args, **kwargs)), BulkResult(0, 0, 0, 0))

    return _like(build, ask_all)


Pending = Coroutine[Any, Any, T]  # Any: what a coroutine is sent and yields


def _aasks(build: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Pending[T]]:
    async def ask(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._ask(build(*args, **kwargs))

    return _like(build, ask)


def _awalks(build: Callable[P, Listing[T]]) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[T]]:
    def walk(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self._walk(build(*args, **kwargs))

    return _like(build, walk)


def _asums(
    build: Callable[P, Iterator[Call[BulkResult]]],
) -> Callable[Concatenate[AsyncClient, P], Pending[BulkResult]]:
    async def ask_all(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> BulkResult:
        total = BulkResult(0, 0, 0, 0)
        for each in build(*args, **kwargs):
            total += await self._ask(each)
        return total

    return _like(build, ask_all)


Method = TypeVar("Method", bound=Callable[..., object])


def _like(build: Callable[..., object], method: Method) -> Method:
    """The method under the name, help and arguments of what builds its calls."""
    functools.update_wrapper(method, build)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    told = inspect.signature(build)
    answer = str(told.return_annotation).removeprefix("Iterator[")
    answer = answer.removeprefix("Call[").removesuffix("]").replace("Listing[", "Iterator[")
    signature = told.replace(parameters=[own, *told.parameters.values()], return_annotation=answer)
    setattr(method, "__signature__", signature)  # noqa: B010  # functions declare no such attribute
    return method


class _Door:
    """What both colours keep: where the service is, and how patient they are."""

    def __init__(self, place: Place, patience: Patience) -> None:
        self._place = place
        self._patience = patience

    @property
    def url(self) -> str:
        """The address of the service."""
        return self._place.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place.url!r}, tenant_id={self._place.tenant_id!r})"

    def _attempts(self, call: Call[T]) -> Attempts[T]:
        return Attempts(call, self._place.url, self._patience)

    def _following(
        self, instance_id: str, after: str | int | None, session_id: str | None, *, echo: bool, give_up: float
    ) -> Following:
        return Following(instance_id, after, session_id, self._patience, echo=echo, give_up_seconds=give_up)

    def _broken(self, following: Following, exc: Exception) -> float:
        """How long to wait after a socket broke, for whichever reason. Raises ContinuumError for a final one."""
        from websockets.exceptions import ConnectionClosed, InvalidStatus

        if isinstance(exc, ConnectionClosed):
            told = exc.rcvd
            return following.closed(told.code, told.reason) if told else following.lost(Lost("the connection broke"))
        if isinstance(exc, InvalidStatus):
            headers = {name.lower(): value for name, value in exc.response.headers.raw_items()}
            answer = Answer(exc.response.status_code, headers, bytes(exc.response.body or b""))
            return following.refused(answer, f"{self._place.url}/ws/sync")
        what = "silent for too long" if isinstance(exc, TimeoutError) else f"could not be reached ({exc})"
        return following.lost(Lost(f"{self._place.url}/ws/sync {what}"))


class Client(_Door):
    """A memory behind a service, for callers that wait. Safe to share between threads.

    Methods that `ConsciousMemory` has too have its names, arguments and answers; listings are iterators that ask for
    page after page. Failures are the classes of `continuum.errors`, as in the library; ServiceConnectionError if
    nothing that could be understood came back.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        token: str | None = None,
        tenant_id: str | None = None,
        instance_id: str | None = None,
        timeout_seconds: float = 30.0,
        retries: int = 3,
        retry_seconds: float = RETRY_SECONDS,
        verify: bool | ssl.SSLContext = True,
        proxy: str | None = None,
        transport: httpx.BaseTransport | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`api_key` or `token` is the credential; `tenant_id` must be its own, or is whom an operator acts on.

        `timeout_seconds` bounds one attempt. A call is tried again `retries` times, within `retry_seconds` in all, on
        lost connections, 429 and 503; a write goes under an Idempotency-Key, so that it has one effect. `verify` may
        be an SSLContext. The environment's proxies are not used; name one. Raises InvalidInputError,
        FeatureUnavailableError.
        """
        place = place_of(url, api_key, token, tenant_id, instance_id, timeout_seconds, verify, proxy)
        super().__init__(place, patience or Patience(retries, retry_seconds))
        self._http = open_http(place, transport)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, call: Call[T]) -> T:
        attempts = self._attempts(call)
        while isinstance(judged := attempts.judge(exchange(self._http, self._place, attempts)), Wait):
            self._sleep(judged.seconds)
        return judged.value

    def _walk(self, listing: Listing[T]) -> Iterator[T]:
        page = self._ask(listing.page(None))
        yield from page.items
        while page.next_cursor is not None:
            page = self._ask(listing.page(page.next_cursor))
            yield from page.items

    def listen(
        self,
        instance_id: str,
        after: str | int | None = None,
        *,
        session_id: str | None = None,
        echo: bool = False,
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> Generator[Event, None, None]:
        """What other instances do, as it happens; each event once and in order, also across breaks.

        `after` is the id of an event or a position of the log to go on behind, ``"acked"`` for what this instance
        acknowledged last, None for from now on. An event is acknowledged when the next one is asked for. A broken
        connection is made again, for at most `give_up_seconds` in a row. Ends by being closed. Raises ContinuumError.
        """
        troubles = socket_troubles()
        following = self._following(instance_id, after, session_id, echo=echo, give_up=give_up_seconds)
        while True:
            try:
                with open_socket(self._place, following.query()) as socket:
                    while True:
                        for message in following.to_say():
                            socket.send(message)
                        try:
                            event = following.heard(socket.recv(timeout=following.wait_seconds))
                        except TimeoutError:
                            if following.silent():
                                raise
                            continue
                        if event is not None:
                            try:
                                yield event
                            except GeneratorExit:
                                with suppress(*troubles):
                                    for message in following.last_words():
                                        socket.send(message)
                                raise
                            following.handled(event)
            except troubles as exc:
                pause = self._broken(following, exc)
            self._sleep(pause)

    recall = _asks(memory_calls.recall)
    learn = _asks(memory_calls.learn)
    learn_messages = _asks(memory_calls.learn_messages)
    learn_many = _sums(memory_calls.learn_many)
    turn = _asks(memory_calls.turn)
    process_turn = turn
    feedback = _asks(memory_calls.feedback)
    get_stats = _asks(memory_calls.get_stats)
    memories = _walks(memory_calls.memories)
    message = _asks(memory_calls.message)
    revise = _asks(memory_calls.revise)
    sessions = _walks(memory_calls.sessions)
    session = _asks(memory_calls.session)
    decisions = _walks(memory_calls.decisions)
    entities = _walks(memory_calls.entities)
    entity = _asks(memory_calls.entity)
    entity_history = _asks(memory_calls.entity_history)
    neighbourhood = _asks(memory_calls.neighbourhood)
    search = _asks(memory_calls.search)
    create_entity = _asks(memory_calls.create_entity)
    link_entities = _asks(memory_calls.link_entities)
    facts = _asks(memory_calls.facts)
    learn_facts = _asks(memory_calls.learn_facts)
    retract = _asks(memory_calls.retract)
    conflicts = _asks(memory_calls.conflicts)
    timeline = _asks(memory_calls.timeline)
    diff = _asks(memory_calls.diff)
    forget = _asks(memory_calls.forget)
    retention = _asks(memory_calls.retention)
    set_retention = _asks(memory_calls.set_retention)
    quarantine = _asks(memory_calls.quarantine)
    release = _asks(memory_calls.release)
    quarantines = _asks(memory_calls.quarantines)
    export = _asks(service_calls.export)
    import_ = _asks(service_calls.import_)
    sync = _asks(service_calls.sync)
    instances = _walks(service_calls.instances)
    audit = _walks(service_calls.audit)
    verify_audit = _asks(service_calls.verify_audit)
    limits = _asks(service_calls.limits)
    create_api_key = _asks(service_calls.create_api_key)
    api_keys = _walks(service_calls.api_keys)
    revoke_api_key = _asks(service_calls.revoke_api_key)
    create_tenant = _asks(service_calls.create_tenant)
    tenants = _walks(service_calls.tenants)
    tenant = _asks(service_calls.tenant)
    set_tenant_limits = _asks(service_calls.set_tenant_limits)
    health = _asks(service_calls.health)
    live = _asks(service_calls.live)
    ready = _asks(service_calls.ready)


class AsyncClient(_Door):
    """`Client` with awaitable methods and async iterators; arguments, answers and errors are the same."""

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        token: str | None = None,
        tenant_id: str | None = None,
        instance_id: str | None = None,
        timeout_seconds: float = 30.0,
        retries: int = 3,
        retry_seconds: float = RETRY_SECONDS,
        verify: bool | ssl.SSLContext = True,
        proxy: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """As `Client`."""
        place = place_of(url, api_key, token, tenant_id, instance_id, timeout_seconds, verify, proxy)
        super().__init__(place, patience or Patience(retries, retry_seconds))
        self._http = open_async_http(place, transport)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, call: Call[T]) -> T:
        attempts = self._attempts(call)
        while isinstance(judged := attempts.judge(await aexchange(self._http, self._place, attempts)), Wait):
            await self._sleep(judged.seconds)
        return judged.value

    async def _walk(self, listing: Listing[T]) -> AsyncIterator[T]:
        page = await self._ask(listing.page(None))
        for item in page.items:
            yield item
        while page.next_cursor is not None:
            page = await self._ask(listing.page(page.next_cursor))
            for item in page.items:
                yield item

    async def listen(
        self,
        instance_id: str,
        after: str | int | None = None,
        *,
        session_id: str | None = None,
        echo: bool = False,
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> AsyncGenerator[Event, None]:
        """As `Client.listen`; close it (`contextlib.aclosing`) to leave at once."""
        troubles = socket_troubles()
        following = self._following(instance_id, after, session_id, echo=echo, give_up=give_up_seconds)
        while True:
            try:
                async with open_async_socket(self._place, following.query()) as socket:
                    while True:
                        for message in following.to_say():
                            await socket.send(message)
                        try:
                            told = await asyncio.wait_for(socket.recv(), following.wait_seconds)
                        except TimeoutError:
                            if following.silent():
                                raise
                            continue
                        event = following.heard(told)
                        if event is not None:
                            try:
                                yield event
                            except GeneratorExit:
                                with suppress(*troubles):
                                    for message in following.last_words():
                                        await socket.send(message)
                                raise
                            following.handled(event)
            except troubles as exc:
                pause = self._broken(following, exc)
            await self._sleep(pause)

    recall = _aasks(memory_calls.recall)
    learn = _aasks(memory_calls.learn)
    learn_messages = _aasks(memory_calls.learn_messages)
    learn_many = _asums(memory_calls.learn_many)
    turn = _aasks(memory_calls.turn)
    process_turn = turn
    feedback = _aasks(memory_calls.feedback)
    get_stats = _aasks(memory_calls.get_stats)
    memories = _awalks(memory_calls.memories)
    message = _aasks(memory_calls.message)
    revise = _aasks(memory_calls.revise)
    sessions = _awalks(memory_calls.sessions)
    session = _aasks(memory_calls.session)
    decisions = _awalks(memory_calls.decisions)
    entities = _awalks(memory_calls.entities)
    entity = _aasks(memory_calls.entity)
    entity_history = _aasks(memory_calls.entity_history)
    neighbourhood = _aasks(memory_calls.neighbourhood)
    search = _aasks(memory_calls.search)
    create_entity = _aasks(memory_calls.create_entity)
    link_entities = _aasks(memory_calls.link_entities)
    facts = _aasks(memory_calls.facts)
    learn_facts = _aasks(memory_calls.learn_facts)
    retract = _aasks(memory_calls.retract)
    conflicts = _aasks(memory_calls.conflicts)
    timeline = _aasks(memory_calls.timeline)
    diff = _aasks(memory_calls.diff)
    forget = _aasks(memory_calls.forget)
    retention = _aasks(memory_calls.retention)
    set_retention = _aasks(memory_calls.set_retention)
    quarantine = _aasks(memory_calls.quarantine)
    release = _aasks(memory_calls.release)
    quarantines = _aasks(memory_calls.quarantines)
    export = _aasks(service_calls.export)
    import_ = _aasks(service_calls.import_)
    sync = _aasks(service_calls.sync)
    instances = _awalks(service_calls.instances)
    audit = _awalks(service_calls.audit)
    verify_audit = _aasks(service_calls.verify_audit)
    limits = _aasks(service_calls.limits)
    create_api_key = _aasks(service_calls.create_api_key)
    api_keys = _awalks(service_calls.api_keys)
    revoke_api_key = _aasks(service_calls.revoke_api_key)
    create_tenant = _aasks(service_calls.create_tenant)
    tenants = _awalks(service_calls.tenants)
    tenant = _aasks(service_calls.tenant)
    set_tenant_limits = _aasks(service_calls.set_tenant_limits)
    health = _aasks(service_calls.health)
    live = _aasks(service_calls.live)
    ready = _aasks(service_calls.ready)
