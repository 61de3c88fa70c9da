"""The wire shapes of trust: what is hidden and put back, seals."""

from __future__ import annotations

from datetime import datetime

from continuum.api.schema_types import Answer, Moment, Query, ScopedRequest
from continuum.domain.records import Json


class QuarantineRequest(ScopedRequest):
    """What to hide: everything that has all that is named."""

    reason: str
    origin: str | None = None
    source: str | None = None
    instance_id: str | None = None
    session_id: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    dry_run: bool = True


class QuarantineResponse(Answer):
    """What was hidden or put back, or with `dry_run` would be; `id` is what a release takes."""

    id: str
    dry_run: bool
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int


class QuarantinesQuery(Query):
    """How many, and from which place of the log on backwards."""

    limit: int = 100
    before_seq: int | None = None


class QuarantineBody(Answer):
    """Something that was hidden; `hidden` entries still are."""

    id: str
    seq: int
    state: str
    rule: dict[str, Json]
    reason: str
    at: datetime
    hidden: int
    counts: dict[str, int]


class QuarantinesResponse(Answer):
    """Quarantines, newest first; the next page begins before the last `seq`."""

    quarantines: list[QuarantineBody]
    tenant_id: str


class OriginsResponse(Answer):
    """How many messages bear a seal that fits, none, or one that does not fit."""

    sealed: int
    unsealed: int
    broken: list[str]
    broken_count: int
