"""The WebSocket of one instance, from the hand-shake to the last goodbye.

Two tasks work on it: one sends what the listener gives, one reads what the instance says. Whichever ends first ends
both. Nothing here waits for a peer without a bound.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from continuum.coordination.instance_manager import Place, State
from continuum.core.validation import checked_label
from continuum.domain.ids import TenantId, checked_name, tenant_id
from continuum.domain.records import Json
from continuum.errors import (
    AuthenticationError,
    ContinuumError,
    InvalidInputError,
    PermissionDeniedError,
    QuotaExceededError,
    RetryLaterError,
    StorageError,
    shown,
)
from continuum.realtime.abortable_protocol import EXTENSION, SocketControl
from continuum.realtime.events import EventType, event_id, place_of, plain_event
from continuum.realtime.integration import Realtime
from continuum.realtime.listeners import SERVER_TROUBLE, SERVICE_RESTART, TRY_AGAIN_LATER, Ending
from continuum.realtime.sync import Welcome

AUTHENTICATE_SECONDS = 5.0
SEND_SECONDS = 10.0
FAREWELL_SECONDS = 1.0
RECHECK_SECONDS = 1.0
"""A credential that counted longer ago than this is looked at again before more is sent."""
MESSAGE_BYTES_MAX = 64 * 1_024
MESSAGES_PER_SECOND = 200
"""What an instance says faster than this waits."""
MISTAKES_MAX = 10
REASON_BYTES_MAX = 120
"""A close frame has room for 123."""
RETRIES_MAX = 5
"""Reads of the log that may fail in a row, a second apart."""

GONE, TOO_BIG, POLICY, NOT_KNOWN, FORBIDDEN, BAD_REQUEST, QUOTA = 1001, 1009, 1008, 4401, 4403, 4422, 4429
"""Codes that the socket is closed with, beside those of `listeners`."""

_logger = logging.getLogger(__name__)


class SocketCaller(Protocol):
    """Who is on the other end."""

    @property
    def tenant_id(self) -> TenantId: ...

    async def recheck(self) -> None:
        """Raise AuthenticationError or PermissionDeniedError once the credential does not count any more."""
        ...


class SocketDoor(Protocol):
    """Decides who may connect; the service's own."""

    def allows_origin(self, origin: str) -> bool:
        """Whether pages of this origin may connect."""
        ...

    async def caller(self, websocket: WebSocket, named: TenantId | None) -> SocketCaller | None:
        """Who calls, by the headers; None if they carry no credential, and one is needed.

        Raises AuthenticationError, PermissionDeniedError (also where `named` is not the credential's tenant),
        InvalidInputError.
        """
        ...

    async def caller_by(self, token: str, named: TenantId | None) -> SocketCaller:
        """Who calls, by a key or token from the first message. Raises as `caller` does."""
        ...


@dataclass(frozen=True, slots=True)
class SocketRequest:
    """What the URL asks for. `after` is None for what happens from now on."""

    tenant_id: TenantId | None
    instance_id: str
    session_id: str
    after: Place | None
    after_acknowledged: bool
    echo: bool


def socket_request(query: Mapping[str, str]) -> SocketRequest:
    """The request in a query string. Raises InvalidInputError."""
    after = query.get("after", "")
    echo = query.get("echo", "false").lower()
    if echo not in ("true", "false", "1", "0"):
        raise InvalidInputError("echo", f"is {shown(echo)}; it must be true or false")
    session = query.get("session_id", "")
    return SocketRequest(
        tenant_id(query["tenant_id"]) if query.get("tenant_id") else None,
        checked_name(query.get("instance_id", ""), "instance_id"),
        checked_label(session, "session_id") if session else "",
        place_of(after, "after") if after not in ("", "acked") else None,
        after == "acked",
        echo in ("true", "1"),
    )


async def serve_socket(websocket: WebSocket, realtime: Realtime, door: SocketDoor) -> None:
    """Serve one WebSocket to its end.

    Before it is accepted raises AuthenticationError, PermissionDeniedError and InvalidInputError, for the caller to
    answer as HTTP does. A page in a browser, which cannot send headers, may authenticate with its first message.
    """
    request = socket_request(websocket.query_params)
    origin = websocket.headers.get("origin")
    if origin is not None and not door.allows_origin(origin):
        raise PermissionDeniedError(f"pages of {shown(origin)} may not connect; allow the origin in the settings")
    caller = await door.caller(websocket, request.tenant_id)
    if caller is None and origin is None:
        raise AuthenticationError("the request carries no credential; send X-API-Key, or Authorization: Bearer")
    await websocket.accept()
    await _Socket(websocket, realtime, door, request).serve(caller)


class _ClosedError(Exception):
    """The conversation is over, for this reason."""

    def __init__(self, ending: Ending, code: str = "") -> None:
        super().__init__(ending.reason)
        self.ending = ending
        self.code = code
        """Of the `error` event that goes ahead, if there is one."""


class _Socket:
    """One accepted connection."""

    def __init__(self, websocket: WebSocket, realtime: Realtime, door: SocketDoor, request: SocketRequest) -> None:
        self._websocket = websocket
        self._realtime = realtime
        self._door = door
        self._request = request
        self._monotonic = realtime.manager.monotonic
        control = websocket.scope.get("extensions", {}).get(EXTENSION)
        self._control = control if isinstance(control, SocketControl) else None
        self._tenant = request.tenant_id or ""
        self._sent: Place | None = None
        """The last place that was sent."""
        self._heard_at = self._monotonic()
        self._checked_at = self._monotonic()
        self._mistakes = 0
        self._window = (0.0, 0)

    async def serve(self, caller: SocketCaller | None) -> None:
        """From the first message to the close."""
        ending: Ending | None = None
        try:
            if caller is None:
                caller = await self._authenticated()
            self._tenant = caller.tenant_id
            ending = await self._joined(caller)
        except _ClosedError as closed:
            ending = closed.ending
            if closed.code:
                await self._say("error", {"code": closed.code, "message": ending.reason})
        except WebSocketDisconnect:
            return
        finally:
            if ending is not None:
                await self._part(ending)

    # -- the hand-shake

    async def _authenticated(self) -> SocketCaller:
        """Who calls, by the first message."""
        try:
            async with asyncio.timeout(AUTHENTICATE_SECONDS):
                told = _parsed(await self._received())
        except TimeoutError:
            raise _ClosedError(Ending(NOT_KNOWN, "nobody authenticated in time"), "authentication") from None
        except InvalidInputError as exc:
            raise _refusal(exc) from exc
        token = told.get("token")
        if told.get("type") != "authenticate" or not isinstance(token, str) or not token:
            reason = 'the first message must be {"type": "authenticate", "token": ...}'
            raise _ClosedError(Ending(NOT_KNOWN, reason), "authentication")
        try:
            return await self._door.caller_by(token, self._request.tenant_id)
        except ContinuumError as exc:
            raise _refusal(exc) from exc

    async def _joined(self, caller: SocketCaller) -> Ending | None:
        """Join, listen until one side ends it, and leave."""
        request, realtime, tenant = self._request, self._realtime, caller.tenant_id
        manager = realtime.manager
        try:
            instance = await manager.in_thread(lambda: realtime.join(tenant, request.instance_id, request.session_id))
        except ContinuumError as exc:
            raise _refusal(exc) from exc
        state: State | None = "left"
        try:
            after = request.after
            if request.after_acknowledged and instance.acknowledged.seq:
                after = instance.acknowledged
            try:
                welcome = await manager.listen(tenant, request.instance_id, after=after, echo=request.echo)
            except ContinuumError as exc:
                raise _refusal(exc) from exc
            try:
                ending = await self._conversation(caller, welcome, after)
            finally:
                manager.dismiss(welcome.listener)
            if ending is not None:
                # After a restart it comes back at once, here or elsewhere: for the others it was never away.
                state = None if ending.code == SERVICE_RESTART else "lost" if ending.code == GONE else "left"
            return ending
        finally:
            await self._gone(tenant, state)

    async def _gone(self, tenant: TenantId, state: State | None) -> None:
        realtime, name = self._realtime, self._request.instance_id
        if state is None:
            return
        try:
            await asyncio.shield(realtime.manager.in_thread(lambda: realtime.leave(tenant, name, state)))
        except StorageError as exc:
            _logger.warning("that %s left is not written: %s", name, exc)

    async def _conversation(self, caller: SocketCaller, welcome: Welcome, after: Place | None) -> Ending | None:
        """Send and read until one of both ends; gives how to close, None if the peer is gone."""
        self._sent = welcome.listener.place
        if self._sent.seq <= welcome.position:  # who begins here says that it needs nothing before
            self._realtime.instances.acknowledge(caller.tenant_id, self._request.instance_id, self._sent)
        if self._control is not None:
            retry = 1.0
            self._control.on_shutdown(
                lambda: welcome.listener.end(Ending(SERVICE_RESTART, "the service is stopping", retry))
            )
        sending = asyncio.create_task(self._sending(caller, welcome, after))
        reading = asyncio.create_task(self._reading(welcome))
        try:
            await asyncio.wait((sending, reading), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended = sending if sending.done() else reading
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)
        try:
            return ended.result()
        except WebSocketDisconnect:
            return None

    # -- sending

    async def _sending(self, caller: SocketCaller, welcome: Welcome, after: Place | None) -> Ending:
        """Give the instance what its listener gives, and a heartbeat at least as often as was promised."""
        listener, every = welcome.listener, self._realtime.heartbeat_seconds
        await self._welcome(welcome, after)
        beat_at = self._monotonic() + every
        failures = 0
        while listener.ending is None:
            try:
                batch = await listener.next_batch(max(0.0, beat_at - self._monotonic()))
                failures = 0
            except StorageError as exc:
                failures += 1
                if not exc.retryable or failures > RETRIES_MAX:
                    return Ending(SERVER_TROUBLE, "the store does not answer as it must", 5.0)
                await asyncio.sleep(1.0)
                continue
            if batch or self._monotonic() >= beat_at:
                await self._recheck(caller)
            for event in batch:
                listener.sending_since = self._monotonic()
                await self._send(event.text)
                self._sent = event.place or self._sent
            listener.sending_since = None
            self._sent = listener.resume_after
            if self._monotonic() >= beat_at:
                beat_at = self._monotonic() + every
                if self._monotonic() - self._heard_at > self._realtime.instances.lease_seconds:
                    return Ending(GONE, "no sign of life; answer heartbeats")
                await self._say("heartbeat", {"position": listener.position})
        return listener.ending

    async def _welcome(self, welcome: Welcome, after: Place | None) -> None:
        here = [{"instance_id": each.instance_id, "session_id": each.session_id} for each in welcome.instances]
        data = {
            "position": welcome.position,
            "instances": here,
            "resumed_from": None if after is None else event_id(after),
            "heartbeat_seconds": self._realtime.heartbeat_seconds,
        }
        await self._say("welcome", data)

    async def _recheck(self, caller: SocketCaller) -> None:
        """Look now and then whether the credential still counts: it may have been revoked."""
        if self._monotonic() - self._checked_at < RECHECK_SECONDS:
            return
        self._checked_at = self._monotonic()
        try:
            await caller.recheck()
        except StorageError as exc:  # nobody can tell; the next look may
            _logger.warning("a socket's credential is not looked at: %s", exc)
        except ContinuumError as exc:
            raise _refusal(exc) from exc

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise _ClosedError(Ending(TRY_AGAIN_LATER, "too slow: nothing was read for a while", 1.0)) from None

    async def _say(self, kind: EventType, data: dict[str, Json]) -> None:
        await self._send(self._written(kind, data))

    def _written(self, kind: EventType, data: dict[str, Json]) -> str:
        return plain_event(kind, self._tenant, self._request.instance_id, self._realtime.clock.now(), data).text

    async def _part(self, ending: Ending) -> None:
        """Say where to go on, and close; who does not read is cut off."""
        told: dict[str, Json] = {
            "reason": ending.reason,
            "resume_after": None if self._sent is None else event_id(self._sent),
            "retry_after_seconds": ending.retry_after_seconds,
        }
        text = self._written("goodbye", told)
        reason = ending.reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
        if ending.code == TRY_AGAIN_LATER and self._control is not None:
            self._control.cut(text, ending.code, reason)
            return
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._websocket.send({"type": "websocket.send", "text": text})
                await self._websocket.close(ending.code, reason)
        except TimeoutError:
            if self._control is not None:
                self._control.cut(text, ending.code, reason)
        except (WebSocketDisconnect, RuntimeError):  # it is gone already
            return

    # -- reading

    async def _reading(self, welcome: Welcome) -> Ending | None:
        """Hear what the instance says until it is gone."""
        while True:
            text = await self._received()
            self._heard_at = self._monotonic()
            self._realtime.instances.beat(welcome.listener.tenant_id, welcome.listener.instance_id)
            try:
                await self._heed(_parsed(text), welcome)
            except InvalidInputError as exc:
                await self._mistake(exc)
            await self._pace()

    async def _received(self) -> str:
        """The next message. Raises WebSocketDisconnect."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        size = len(text) if text is not None else len(message.get("bytes") or b"")
        if size > MESSAGE_BYTES_MAX:
            raise _ClosedError(Ending(TOO_BIG, f"a message has at most {MESSAGE_BYTES_MAX} bytes"))
        return text if isinstance(text, str) else ""

    async def _heed(self, told: dict[str, Json], welcome: Welcome) -> None:
        """Do what a message asks for. Raises InvalidInputError."""
        kind = told.get("type")
        listener = welcome.listener
        if kind == "ack":
            place = place_of(told.get("event_id"))
            if self._sent is None or place > max(self._sent, Place(listener.position)):
                raise InvalidInputError("event_id", f"{event_id(place)} was not sent yet")
            self._realtime.instances.acknowledge(listener.tenant_id, listener.instance_id, place)
        elif kind == "ping":
            await self._say("heartbeat", {"position": listener.position})
        elif kind != "heartbeat":
            raise InvalidInputError("type", f"is {shown(kind)}; an instance says ack, ping or heartbeat")

    async def _mistake(self, problem: InvalidInputError) -> None:
        self._mistakes += 1
        if self._mistakes >= MISTAKES_MAX:
            raise _ClosedError(Ending(POLICY, f"{MISTAKES_MAX} messages could not be understood"), problem.code)
        await self._say("error", {"code": problem.code, "message": str(problem), "field": problem.field})

    async def _pace(self) -> None:
        """Read no faster than is allowed: the connection then holds its peer back."""
        began, count = self._window
        now = self._monotonic()
        if now - began >= 1.0:
            self._window = (now, 1)
            return
        self._window = (began, count + 1)
        if count + 1 >= MESSAGES_PER_SECOND:
            await asyncio.sleep(1.0 - (now - began))


def _parsed(text: str) -> dict[str, Json]:
    """A message as an object. Raises InvalidInputError."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        raise InvalidInputError("message", f"is not JSON: {exc}") from exc
    if not isinstance(told, dict):
        raise InvalidInputError("message", "must be a JSON object")
    return told


def _refusal(error: ContinuumError) -> _ClosedError:
    """How a connection ends that is accepted already, for an error that HTTP would have answered with a status."""
    if isinstance(error, StorageError):
        return _ClosedError(Ending(SERVER_TROUBLE, "the store does not answer as it must", 5.0), error.code)
    retry = error.retry_after_seconds if isinstance(error, RetryLaterError) else 0.0
    codes: dict[type[ContinuumError], int] = {
        AuthenticationError: NOT_KNOWN,
        PermissionDeniedError: FORBIDDEN,
        InvalidInputError: BAD_REQUEST,
        QuotaExceededError: QUOTA,
    }
    code = next((code for kind, code in codes.items() if isinstance(error, kind)), TRY_AGAIN_LATER)
    return _ClosedError(Ending(code, str(error), retry), error.code)
