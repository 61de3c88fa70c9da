"""How each request is conducted, from the credential to the answer: one way for every route.

Who calls, may they, for which tenant; not too often; not before the others' turn; once under one key; and written
down where it counts. What a route does itself stands in `routes`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from continuum.api.answers import KEY_HEADER, KeyedRequest, claim, keep_answer, kept_answer, keyed_request
from continuum.api.callers import KEY_PREFIX, acting_for, caller_of, instance_named, source_of, tenant_named
from continuum.api.fair_gate import FairGate
from continuum.api.operations import Operation
from continuum.compliance.audit import PLATFORM, AuditEntry, append_entries
from continuum.core.companions import accompanied
from continuum.core.twins import run_in
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.errors import AuthenticationError, ContinuumError, OverloadedError, PermissionDeniedError
from continuum.identity.principals import Principal
from continuum.runtime.service import Runtime
from continuum.storage.unit_of_work import UnitOfWork

Answer = TypeVar("Answer")
Handler = Callable[[Request], Awaitable[Response]]
KNOWS_KEYS = frozenset({"learn", "turn"})
"""Operations that keep the key themselves, and give their own answer again."""
STREAMED = frozenset({"import", "export"})
"""Their bodies are read or written piece by piece, with bounds and times of their own."""


class Call:
    """One request of a known caller, on its tenant. It goes with the transaction of its effect as its companion."""

    __slots__ = ("_now", "_since", "is_pending", "keyed", "operation", "principal", "request_id", "runtime", "seq",
                 "source", "target", "tenant_id")  # fmt: skip

    def __init__(
        self, runtime: Runtime, operation: Operation, principal: Principal, tenant_id: TenantId, request: Request
    ) -> None:
        self.runtime = runtime
        self.operation = operation
        self.principal = principal
        self.tenant_id = tenant_id
        self.source = source_of(request, runtime.proxies)
        self.request_id: str = request.scope.get("request_id", "")
        # Of a key that is revoked the route says the id: what a caller sends may be the key itself, with a slip even.
        named = () if operation.name == "keys.revoke" else request.path_params.values()
        self.target = "/".join("***" if KEY_PREFIX in str(value).lower() else str(value) for value in named)
        self.keyed: KeyedRequest | None = None
        self.is_pending = operation.writes
        self.seq = 0
        self._now: Micros = runtime.engine.clock.now()
        self._since = self._now - runtime.idempotency_micros

    @property
    def knows_keys(self) -> bool:
        return self.operation.name in KNOWS_KEYS

    def begin(self, work: UnitOfWork) -> None:
        work.audit.foresee()
        if self.keyed is not None:
            work.idempotency.foresee(self.keyed.kept_key)

    def write(self, work: UnitOfWork) -> None:
        if self.keyed is not None:
            claim(work, self.keyed, self._now, self._since, may_ask_inside=self.knows_keys)
        append_entries(work, [self.entry("done")], self._now)

    def committed(self, seq: int) -> None:
        self.is_pending = False
        self.seq = seq
        self.runtime.audit.written += 1
        self.runtime.refusals.wrote(self.tenant_id)

    def entry(self, outcome: str) -> AuditEntry:
        """What the audit log says of it."""
        return AuditEntry(
            self.principal.credential, self.operation.name, outcome, self.target, self.source, self.request_id
        )

    def kept(self) -> Response | None:
        assert self.keyed is not None
        return kept_answer(self.runtime.engine, self.keyed, self._since, may_ask_inside=self.knows_keys)


async def conduct(runtime: Runtime, operation: Operation, request: Request, handler: Handler) -> Response:
    """Do what a request asks, or refuse it. Raises ContinuumError and HTTPException."""
    call = await in_time(runtime, operation, admitted(runtime, operation, request))
    request.scope["call"] = call
    taking = runtime.limits.take(call.principal, call.tenant_id, operation.cost)
    allowance = await in_time(runtime, operation, taking)
    async with request.app.state.gate.slot(call.tenant_id):
        response = await _answered(call, request, handler)
    for name, value in allowance.headers:
        response.headers[name] = value
    return response


async def admitted(runtime: Runtime, operation: Operation, request: Request) -> Call:
    """The call, if its caller is known and may do this here; refusals are written down."""
    source = source_of(request, runtime.proxies)
    try:
        principal = await caller_of(runtime, request)
    except AuthenticationError as error:
        runtime.refusals.note(PLATFORM, AuditEntry("unknown", operation.name, error.code, source=source))
        raise
    home = principal.tenant_id or PLATFORM
    try:
        principal.require(operation.permission)
        if operation.is_platforms:
            return Call(runtime, operation, principal, PLATFORM, request)
        principal = acting_for(principal, tenant_named(request), runtime.default_tenant)
        instance_named(request)  # a bad name is refused by every route, whether or not it matters there
    except PermissionDeniedError as error:
        runtime.refusals.note(home, AuditEntry(principal.credential, operation.name, error.code, source=source))
        raise
    assert principal.tenant_id is not None
    is_own_log = principal.role == "operator" and operation.permission == "audit:read"
    tenant = principal.tenant_id if is_own_log else runtime.checked_tenant(principal.tenant_id)
    return Call(runtime, operation, principal, tenant, request)


async def _answered(call: Call, request: Request, handler: Handler) -> Response:
    body = b"" if call.operation.name in STREAMED else await _body_of(request)
    if call.operation.writes:
        call.keyed = keyed_request(request, body, call.tenant_id)
    if call.keyed is None:
        return await _done(call, request, handler)
    with call.runtime.in_flight(call.keyed):
        reading = run_in(call.runtime.engine.readers, call.kept)
        kept = await in_time(call.runtime, call.operation, reading)
        if kept is not None:
            return kept
        response = await _done(call, request, handler)
        if not call.is_pending or response.status_code < HTTPStatus.BAD_REQUEST:
            await run_in(call.runtime.engine.writers, lambda: _keep(call, response))
        return response


async def _body_of(request: Request) -> bytes:
    """The body as it was sent. Raises HTTPException for a packed one: its size would say nothing of what is in it."""
    codings = ",".join(request.headers.getlist("content-encoding")).lower().split(",")
    if any(each.strip() not in ("", "identity") for each in codings):
        detail = "the body is packed, which is not taken; send it without a Content-Encoding"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, {"Accept-Encoding": "identity"})
    return await request.body()


def _keep(call: Call, response: Response) -> None:
    assert call.keyed is not None
    keep_answer(call.runtime.engine, call.keyed, response, call.seq)


async def _done(call: Call, request: Request, handler: Handler) -> Response:
    """Run the route, and write down what did not write itself down with its effect."""
    outcome = "failed"
    try:
        with accompanied(call):
            response = await _handled(call, handler(request))
        outcome = "done" if response.status_code < HTTPStatus.BAD_REQUEST else str(response.status_code)
    except ContinuumError as error:
        outcome = error.code
        raise
    except HTTPException as error:
        outcome = str(error.status_code)
        raise
    except RequestValidationError:
        outcome = "invalid_input"
        raise
    except ClientDisconnect:
        outcome = "left"
        raise
    finally:
        await _write_down(call, outcome)
    return _with_etag(request, response) if request.method == "GET" else response


async def conduct_part(call: Call, gate: FairGate, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do one thing that an admitted caller asks for inside a request of another protocol. Raises ContinuumError."""
    outcome = "failed"
    try:
        call.principal.require(call.operation.permission)
        async with gate.slot(call.tenant_id):
            with accompanied(call):
                answer = await in_time(call.runtime, call.operation, work())
        outcome = "done"
        return answer
    except ContinuumError as error:
        outcome = error.code
        raise
    finally:
        await _write_down(call, outcome)


async def _handled(call: Call, work: Awaitable[Response]) -> Response:
    if call.operation.name in STREAMED:
        return await work
    return await in_time(call.runtime, call.operation, work)


async def in_time(runtime: Runtime, operation: Operation, work: Awaitable[Answer]) -> Answer:
    """Each part of a call has its own bound, since a store that hangs may hang in each of them."""
    try:
        async with asyncio.timeout(runtime.config.request_seconds):
            return await work
    except TimeoutError as exc:
        hint = f"ask again with the same {KEY_HEADER}" if operation.writes else "ask for less"
        raise OverloadedError(
            f"{operation.name} took longer than {runtime.config.request_seconds:g} seconds; {hint}"
        ) from exc


async def _write_down(call: Call, outcome: str) -> None:
    """One entry for what counts: with the effect if there was one, of its own if there was none."""
    operation = call.operation
    if operation.writes and operation.is_platforms:
        await _record(call, outcome)
        return
    if operation.writes:
        if call.is_pending and outcome not in ("invalid_input", "422", "413", "left"):
            call.runtime.refusals.note(call.tenant_id, call.entry(outcome))
        elif not call.is_pending and outcome != "done":
            call.runtime.refusals.note(call.tenant_id, call.entry(f"done, then {outcome}"))
        return
    is_operators = call.principal.role == "operator"
    if operation.is_always_audited or is_operators or call.runtime.audits_reads(call.tenant_id):
        await _record(call, outcome)


async def _record(call: Call, outcome: str) -> None:
    runtime = call.runtime
    await run_in(runtime.engine.writers, lambda: runtime.audit.record(call.tenant_id, [call.entry(outcome)]))


def _with_etag(request: Request, response: Response) -> Response:
    """Tag what can be asked for again; say only that it is the same if the caller has it."""
    body = getattr(response, "body", None)
    if response.status_code != HTTPStatus.OK or not isinstance(body, bytes):
        return response
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    wanted = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in wanted.split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
    return response
