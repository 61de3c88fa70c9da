"""The wire shapes of forgetting: what is to go, receipts, retention, consolidation."""

from __future__ import annotations

from continuum.api.schema_types import Answer, MicrosTime, Moment, OptionalMicrosTime, Query, Request, ScopedRequest
from continuum.core.retention import HISTORY_DAYS_DEFAULT


class ForgetRequest(ScopedRequest):
    """Exactly one thing to forget; several scopes together are one."""

    message_id: str | None = None
    concept: str | None = None
    fact_id: str | None = None
    session_id: str | None = None
    before: Moment | None = None
    reason: str = ""
    dry_run: bool = False


class ReceiptBody(Answer):
    """That something was forgotten, without words; `scrubbed_at` says when the bytes had left the files."""

    id: str
    tenant_id: str
    number: int
    requested_at: MicrosTime
    kind: str
    reason: str
    ids_digest: str
    erased_at: MicrosTime
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int
    scrubbed_at: OptionalMicrosTime
    previous_hash: str
    hash: str


class ForgetResponse(Answer):
    """What was forgotten, or with `dry_run` what would be."""

    dry_run: bool
    messages: int
    entries: int
    concepts: int
    links: int
    decisions: int
    facts: int
    receipt: ReceiptBody | None


class ReceiptsQuery(Query):
    """From which number on, and how many."""

    after: int = 0
    limit: int = 100


class ReceiptsResponse(Answer):
    """Receipts, oldest first; the next page begins `after` the last number."""

    receipts: list[ReceiptBody]
    tenant_id: str


class VerifyQuery(Query):
    """A hash that was the newest at some time, kept elsewhere."""

    head: str | None = None


class ChainResponse(Answer):
    """Whether the chain of receipts is whole."""

    receipts: int
    head: str
    sound: bool
    problems: list[str]


class ScrubResponse(Answer):
    """False: readers of old rows still hold the store; try again."""

    scrubbed: bool


class RetentionBody(Request):
    """How long what is kept, in days; null keeps for ever, what is left out is the default."""

    message_days: int | None = None
    history_days: int | None = HISTORY_DAYS_DEFAULT
    consolidate_after_days: int | None = None
    keep_originals: bool = True


class SweepResponse(Answer):
    """What a sweep did."""

    expired: int
    wordings: int
    consolidated: int


class ConsolidateRequest(Request):
    """Which sessions to sum up, and whether their messages stay."""

    before: Moment | None = None
    keep_originals: bool = True
    limit: int = 100


class ConsolidatedSessionBody(Answer):
    """A session that was summed up."""

    session_id: str
    message_ids: list[str]
    messages: int
    originals_kept: bool


class ConsolidateResponse(Answer):
    """The sessions that were summed up, oldest first."""

    sessions: list[ConsolidatedSessionBody]
    tenant_id: str
