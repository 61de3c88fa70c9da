"""Several instances of one tenant: live sync over a WebSocket, who is here, and merging what was learnt apart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from continuum.api.cursors import cursor_of, place_of
from continuum.api.dependencies import Memory, ServiceRoute, TheRuntime
from continuum.api.errors import STATUS, problem
from continuum.api.schemas_sync import InstanceBody, InstancesQuery, InstancesResponse, SyncBody, SyncResponse
from continuum.api.socket_door import ServiceDoor
from continuum.coordination.instance_manager import Instance
from continuum.coordination.sync import Learnt, SyncRequest
from continuum.core.twins import run_in
from continuum.core.validation import checked_time
from continuum.domain.clock import from_micros
from continuum.domain.records import Message
from continuum.errors import ContinuumError, InvalidInputError
from continuum.realtime.events import event_id
from continuum.realtime.websocket import serve_socket
from continuum.runtime.service import Runtime

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["instances"])
sockets = APIRouter()


@sockets.websocket("/ws/sync")
async def sync_socket(websocket: WebSocket) -> None:
    """Live sync of one instance; the protocol is described in the reference of the WebSocket."""
    runtime: Runtime = websocket.app.state.runtime
    try:
        await serve_socket(websocket, runtime.realtime, ServiceDoor(runtime, websocket))
    except ContinuumError as error:
        await websocket.send_denial_response(problem(STATUS[type(error)], error.code, str(error)))


@router.get("/instances")
async def instances(
    wanted: Annotated[InstancesQuery, Query()], memory: Memory, runtime: TheRuntime
) -> InstancesResponse:
    """The instances that are here, by name."""
    tenant, manager = memory.memory.tenant_id, runtime.realtime.instances
    place = place_of(tenant, "instances", wanted.cursor, str)
    after = "" if place is None else str(place[0])
    found = await run_in(
        runtime.engine.readers,
        lambda: manager.list(tenant, limit=wanted.limit, after=after, everyone=wanted.everyone),
    )
    more = cursor_of(tenant, "instances", found[-1].instance_id) if len(found) == wanted.limit else None
    return InstancesResponse(instances=[_instance(each) for each in found], next_cursor=more, tenant_id=tenant)


@router.post("/sync")
async def sync(body: SyncBody, memory: Memory, runtime: TheRuntime) -> SyncResponse:
    """Learn what an instance learnt while it was apart, each exchange once, and give it what it has missed."""
    tenant = memory.memory.tenant_id
    request = _request(body)
    answer = await run_in(runtime.engine.writers, lambda: runtime.realtime.sync(tenant, request))
    return SyncResponse.model_validate(
        {
            "merged": answer.merged,
            "changes": answer.changes,
            "position": answer.position,
            "has_more": answer.has_more,
            "tenant_id": tenant,
        },
        from_attributes=True,
    )


def _instance(row: Instance) -> InstanceBody:
    return InstanceBody(
        instance_id=row.instance_id,
        state=row.state,
        joined_at=from_micros(row.joined_at),
        beat_at=from_micros(row.beat_at),
        session_id=row.session_id,
        acknowledged=event_id(row.acknowledged),
        details=dict(row.details),
    )


def _request(body: SyncBody) -> SyncRequest:
    """Raises InvalidInputError for a time that is none."""
    learnt = []
    for position, each in enumerate(body.learnt):
        at = checked_time(each.timestamp, f"learnt[{position}].timestamp")
        if at is None:
            raise InvalidInputError(f"learnt[{position}].timestamp", "is missing")
        messages = tuple(Message(**dict(said)) for said in each.messages)
        learnt.append(Learnt(each.number, messages, from_micros(at), each.session_id, each.metadata))
    return SyncRequest(body.instance_id, body.after_seq, tuple(learnt))
