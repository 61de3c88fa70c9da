"""The wire shapes of facts: recalled, kept and taught ones, contradictions, and messages worded anew."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

from continuum.api.schema_types import (
    Answer,
    Listed,
    MicrosTime,
    Moment,
    OptionalMicrosTime,
    Query,
    Request,
    ScopedRequest,
)
from continuum.domain.records import Json


class RecalledFactBody(Answer):
    """A fact as it is shown at a moment; `label` says in words when it held."""

    id: str
    subject: str
    attribute: str
    value: str
    polarity: bool
    status: str
    current: bool
    label: str
    valid_from: datetime | None
    valid_to: datetime | None
    confidence: float
    witnesses: int
    source: str
    origin: str
    message_id: str
    start: int
    end: int
    trust: float


class ScopeBody(Answer):
    """Whom something concerns, inside its tenant."""

    user_id: str | None
    agent_id: str | None
    project_id: str | None


class FactBody(Answer):
    """A fact as it is kept; no `valid_from` means that nobody knows since when."""

    id: str
    subject: str
    attribute: str
    value: str
    polarity: bool
    single: bool
    status: str
    confidence: float
    valid_from: OptionalMicrosTime
    valid_to: OptionalMicrosTime
    recorded_at: MicrosTime
    message_id: str
    start: int
    end: int
    origin: str
    source: str
    scope: ScopeBody
    witnesses: int
    replaced_by: str | None
    reason: str


class FactsQuery(Query):
    """Which facts, at which moment, and from where on."""

    subject: str | None = None
    attribute: str | None = None
    as_of: str | None = None
    known_at: str | None = None
    current_only: bool = False
    after: str = ""
    limit: int = 100


class FactsResponse(Answer):
    """A page of facts by id; the next one begins `after` the last id."""

    facts: list[RecalledFactBody]
    tenant_id: str


class TaughtFactBody(Request):
    """A fact as a caller teaches it."""

    subject: str
    attribute: str
    value: str
    polarity: bool = True
    single: bool | None = None
    mode: str = "state"
    replaces: str = ""
    confidence: float = 0.9
    valid_from: Moment | None = None
    valid_to: Moment | None = None


class TeachRequest(ScopedRequest):
    """Facts to learn directly: all of them or none."""

    facts: Listed[TaughtFactBody]
    origin: str = "user"
    source: str = "user"


class TeachResponse(Answer):
    """The facts that are new or changed."""

    facts: list[FactBody]
    tenant_id: str


class RetractRequest(Request):
    """Why a fact was never right."""

    reason: str


class ConflictsQuery(Query):
    """How many contradictions at most."""

    limit: int = 100


class ConflictBody(Answer):
    """Values of one slot that contradict each other."""

    subject: str
    attribute: str
    facts: list[RecalledFactBody]


class ConflictsResponse(Answer):
    """Contradictions that cannot be decided."""

    conflicts: list[ConflictBody]
    tenant_id: str


class ReviseRequest(Request):
    """The new words of a message."""

    text: str


def _read(text: object) -> object:
    """Metadata is kept as the text of a JSON object."""
    return json.loads(text) if isinstance(text, str) else text


class StoredMessageBody(Answer):
    """A message as the log keeps it."""

    id: str
    seq: int
    session_id: str
    role: str
    speaker: str | None
    origin: str
    text: str
    timestamp: MicrosTime
    recorded_at: MicrosTime
    scope: ScopeBody
    metadata: Annotated[dict[str, Json], BeforeValidator(_read)]
