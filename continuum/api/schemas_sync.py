"""The wire shapes of several instances: who is here, and what an instance learnt while it was apart."""

from __future__ import annotations

from pydantic import Field

from continuum.api.schema_types import Answer, Listed, MicrosTime, Moment, Query, Request
from continuum.api.schemas import MessageBody
from continuum.domain.records import Json


class InstancesQuery(Query):
    """A page of instances, by name; `everyone` also shows those that left or were lost."""

    limit: int = 100
    cursor: str | None = None
    everyone: bool = False


class InstanceBody(Answer):
    """A running instance of an agent. `acknowledged` is the id of the last event that it said it has."""

    instance_id: str
    state: str
    joined_at: MicrosTime
    beat_at: MicrosTime
    session_id: str
    acknowledged: str
    details: dict[str, Json]


class InstancesResponse(Answer):
    """A page of instances; `next_cursor` goes on behind it if there may be more."""

    instances: list[InstanceBody]
    next_cursor: str | None
    tenant_id: str


class LearntBody(Request):
    """One exchange that an instance learnt apart, under the number that it gave it there."""

    number: int = Field(examples=[1])
    messages: Listed[MessageBody]
    timestamp: Moment
    session_id: str
    metadata: dict[str, Json] = Field(default={})


class SyncBody(Request):
    """What an instance has for the others, and the position of the log that it knows."""

    instance_id: str = Field(examples=["laptop"])
    after_seq: int = 0
    learnt: Listed[LearntBody] = Field(default=[])


class MergedBody(Answer):
    """What became of one exchange; `error` is the code of a refusal for good."""

    number: int
    exchange_id: str
    message_ids: list[str]
    seq: int
    duplicate: bool
    error: str
    reason: str


class ChangedSource(Answer):
    """Whose message it was."""

    exchange_id: str
    session_id: str
    instance_id: str
    role: str


class ChangeBody(Answer):
    """One entry of the log, without its words; `concerns` are earlier positions that it is about."""

    seq: int
    kind: str
    entry_id: str
    recorded_at: MicrosTime
    concerns: list[int]
    said: ChangedSource | None


class SyncResponse(Answer):
    """What became of each exchange, the changes behind `after_seq`, and where the log ends now."""

    merged: list[MergedBody]
    changes: list[ChangeBody]
    position: int
    has_more: bool
    tenant_id: str


__all__ = ["InstancesQuery", "InstancesResponse", "SyncBody", "SyncResponse"]
