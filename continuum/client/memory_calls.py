"""The calls on a memory, with the names and arguments that `ConsciousMemory` has for them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping

from continuum.client.calls import (
    Call,
    Listing,
    Timestamp,
    encoded,
    get,
    listed,
    listing,
    message_body,
    moment_text,
    path_of,
    said,
    send,
)
from continuum.client.decoding import decoded, decoded_list, each_of, mapping, member
from continuum.client.records import (
    BulkResult,
    Conflict,
    EntityLink,
    EntitySearch,
    FeedbackResult,
    ForgetResult,
    ListedDecision,
    ListedEntity,
    ListedSession,
    MemoryDiff,
    Neighbourhood,
    Quarantine,
    QuarantineResult,
    RetentionPolicy,
    RevisedMessage,
    TimelineEvent,
)
from continuum.domain.facts import Fact
from continuum.domain.records import Json, Message, Role, StoredMessage
from continuum.domain.results import LearningResult, MemoryContext, RecalledFact
from continuum.errors import InvalidInputError

ExchangeInput = Iterable[Message] | Mapping[str, Json]
"""The messages of an exchange, or the arguments of `learn`."""
EXCHANGES_AT_ONCE = 1_000
BODY_BYTES_AT_ONCE = 2 << 20
"""Half of what the service takes unless it is set otherwise."""
_NOT_SENT: dict[str, Json] = {"slot_id": "", "first_seq": 0, "first_number": 0, "last_seq": 0}
"""Fields of a fact that concern the store, for a service that does not tell them."""


# -- recall and learn


def recall(
    message: str,
    max_concepts: int = 10,
    *,
    now: Timestamp = None,
    max_memories: int = 10,
    max_tokens: int | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
    filters: Mapping[str, Json] | None = None,
    roles: Iterable[str] | None = None,
    since: Timestamp = None,
    until: Timestamp = None,
    as_of: Timestamp = None,
    known_at: Timestamp = None,
    current_only: bool = False,
    min_trust: float | None = None,
    include_suspicious: bool = False,
    explain: bool = False,
    include_text: bool = False,
) -> Call[MemoryContext]:
    """What the tenant remembers that bears on `message`, as `ConsciousMemory.recall`. Writes nothing."""
    body = said(
        message=message,
        max_concepts=max_concepts,
        now=now,
        max_memories=max_memories,
        max_tokens=max_tokens,
        session_id=session_id,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
        filters=filters,
        roles=listed(roles),
        since=since,
        until=until,
        as_of=as_of,
        known_at=known_at,
        current_only=current_only,
        min_trust=min_trust,
        include_suspicious=include_suspicious,
        explain=explain,
        include_text=include_text,
    )
    return Call("POST", "/v1/recall", _context, body=encoded(body), is_read=True)


def learn(
    user_message: str,
    ai_response: str = "",
    metadata: Mapping[str, Json] | None = None,
    session_id: str | None = None,
    *,
    timestamp: Timestamp = None,
    speaker: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
    idempotency_key: str | None = None,
    supersedes: str | Iterable[str] = (),
    expires_at: Timestamp = None,
) -> Call[LearningResult]:
    """Learn one exchange, as `ConsciousMemory.learn`; when this returns, it is durable."""
    body = said(
        user_message=user_message,
        ai_response=ai_response,
        metadata=metadata,
        session_id=session_id,
        timestamp=timestamp,
        speaker=speaker,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
        idempotency_key=idempotency_key,
        supersedes=listed(supersedes),
        expires_at=expires_at,
    )
    return send("POST", "/v1/learn", _learnt, body)


def learn_messages(
    messages: Iterable[Message],
    *,
    metadata: Mapping[str, Json] | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
    idempotency_key: str | None = None,
    supersedes: str | Iterable[str] = (),
    expires_at: Timestamp = None,
) -> Call[LearningResult]:
    """Learn messages of one session as one exchange, as `ConsciousMemory.learn_messages`."""
    body = said(
        messages=[message_body(each) for each in messages],
        metadata=metadata,
        session_id=session_id,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
        idempotency_key=idempotency_key,
        supersedes=listed(supersedes),
        expires_at=expires_at,
    )
    return send("POST", "/v1/learn", _learnt, body)


def learn_many(
    exchanges: Iterable[ExchangeInput], *, batch_size: int = 100, job: str | None = None
) -> Iterator[Call[BulkResult]]:
    """Learn many exchanges, at most `batch_size` (1 to 1,000) in one request; the batches before a failure stay learnt.

    With a `job` name, calling again with the same exchanges and the same `batch_size` goes on where it stopped.
    Raises InvalidInputError.
    """
    if not 1 <= batch_size <= EXCHANGES_AT_ONCE:
        raise InvalidInputError("batch_size", f"must lie between 1 and {EXCHANGES_AT_ONCE}", limit=EXCHANGES_AT_ONCE)
    return _batches(exchanges, batch_size, job)


def _batches(exchanges: Iterable[ExchangeInput], size: int, job: str | None) -> Iterator[Call[BulkResult]]:
    number = itertools.count(1)
    batch: list[bytes] = []
    for each in exchanges:
        body = encoded(_exchange(each))
        if len(batch) == size or sum(map(len, batch)) + len(body) > BODY_BYTES_AT_ONCE:
            if batch:
                yield _batch(batch, job, next(number))
            batch = []
        batch.append(body)
    if batch:
        yield _batch(batch, job, next(number))


def _batch(exchanges: list[bytes], job: str | None, number: int) -> Call[BulkResult]:
    # Each batch is a job of its own: the service counts how far a job is in the exchanges of one request.
    named = b"" if job is None else b', "job": ' + json.dumps(f"{job}/{number}").encode("ascii")
    body = b'{"exchanges": [' + b", ".join(exchanges) + b"]" + named + b"}"
    return Call("POST", "/v1/learn/batch", lambda told: decoded(BulkResult, told), body=body)


def _exchange(exchange: ExchangeInput) -> dict[str, Json]:
    if not isinstance(exchange, Mapping):
        return {"messages": [message_body(each) for each in exchange]}
    told = said(**exchange)
    if "messages" in told:
        told["messages"] = [message_body(each) if isinstance(each, Message) else each for each in told["messages"]]
    return told


def turn(
    user_message: str,
    ai_response: str = "",
    metadata: Mapping[str, Json] | None = None,
    session_id: str | None = None,
    *,
    max_concepts: int = 10,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
) -> Call[tuple[MemoryContext, LearningResult]]:
    """Recall for the user's message, then learn the exchange, as `ConsciousMemory.turn`."""
    body = said(
        user_message=user_message,
        ai_response=ai_response,
        metadata=metadata,
        session_id=session_id,
        max_concepts=max_concepts,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
    )
    return send(
        "POST", "/v1/turn", lambda told: (_context(member(told, "recall")), _learnt(member(told, "learn"))), body
    )


def feedback(recall_id: str, used: str | Iterable[str] = (), ignored: str | Iterable[str] = ()) -> Call[FeedbackResult]:
    """Say which ids of a recall were used, and which were not; each counts once."""
    body = {"recall_id": recall_id, "used": _ids(used), "ignored": _ids(ignored)}
    return send("POST", "/v1/feedback", lambda told: decoded(FeedbackResult, told), body)


# -- what there is


def get_stats() -> Call[dict[str, Json]]:
    """Counts of the tenant, under the names that `ConsciousMemory.get_stats` gives them."""
    return get("/v1/stats", mapping)


def memories(
    session_id: str | None = None,
    *,
    role: Role | None = None,
    since: Timestamp = None,
    until: Timestamp = None,
    page_size: int = 100,
) -> Listing[StoredMessage]:
    """Every message as it is kept, newest first; `since` and `until` are half-open."""
    wanted = {
        "session_id": session_id,
        "role": role,
        "since": moment_text(since, "since"),
        "until": moment_text(until, "until"),
        "limit": page_size,
    }

    return listing("/v1/memories", "memories", _stored, **wanted)


def message(message_id: str) -> Call[StoredMessage]:
    """One message with its words. Raises NotFoundError."""
    return get(path_of("/v1/memories/{message_id}", message_id=message_id), _stored)


def revise(message_id: str, text: str) -> Call[RevisedMessage]:
    """Give a message new words; the old ones are kept in history. Raises NotFoundError."""
    path = path_of("/v1/memories/{message_id}", message_id=message_id)
    return send("PUT", path, lambda told: decoded(RevisedMessage, told), {"text": text})


def sessions(*, page_size: int = 100) -> Listing[ListedSession]:
    """Every session, those active last first."""
    return listing("/v1/sessions", "sessions", ListedSession, limit=page_size)


def session(session_id: str) -> Call[ListedSession]:
    """One session. Raises NotFoundError."""
    path = path_of("/v1/sessions/{session_id}", session_id=session_id)
    return get(path, lambda told: decoded(ListedSession, told))


def decisions(*, page_size: int = 100) -> Listing[ListedDecision]:
    """Every decision, newest first."""
    return listing("/v1/decisions", "decisions", ListedDecision, limit=page_size)


def entities(
    entity_type: str | None = None, *, query: str | None = None, page_size: int = 100
) -> Listing[ListedEntity]:
    """Every entity by name; `query` keeps names that begin with it."""
    return listing("/v1/entities", "entities", _entity, entity_type=entity_type, query=query, limit=page_size)


def entity(entity_id: str) -> Call[ListedEntity]:
    """One entity, as merges and renames have left it. Raises NotFoundError."""
    return get(path_of("/v1/entities/{entity_id}", entity_id=entity_id), _entity)


def entity_history(entity_id: str, *, limit: int = 100) -> Call[tuple[TimelineEvent, ...]]:
    """The life of an entity, oldest first. Raises NotFoundError."""
    return get(path_of("/v1/entities/{entity_id}/history", entity_id=entity_id), _events, limit=limit)


def neighbourhood(
    entity_id: str, *, depth: int = 1, per_node: int = 20, min_strength: float = 0.0
) -> Call[Neighbourhood]:
    """What is linked to an entity, up to `depth` steps away (1 to 3). Raises NotFoundError."""

    def parse(told: Json) -> Neighbourhood:
        return Neighbourhood(
            _entity(member(told, "centre")),
            each_of(_entity, member(told, "entities")),
            decoded_list(EntityLink, member(told, "links")),
            bool(member(told, "is_cut")),
        )

    path = path_of("/v1/entities/{entity_id}/neighbourhood", entity_id=entity_id)
    return get(path, parse, depth=depth, per_node=per_node, min_strength=min_strength)


def search(query: str, limit: int = 10) -> Call[EntitySearch]:
    """The concepts that a question names or leads to, nearest first; at most `limit` (1 to 100)."""
    return get("/v1/entities/search", lambda told: decoded(EntitySearch, told), query=query, limit=limit)


def create_entity(
    name: str, entity_type: str = "concept", description: str = "", metadata: Mapping[str, Json] | None = None
) -> Call[ListedEntity]:
    """State that something exists."""
    body = said(name=name, entity_type=entity_type, description=description, metadata=metadata)
    return send("POST", "/v1/entities", _entity, body)


def link_entities(a: str, b: str, link_type: str, strength: float = 1.0) -> Call[EntityLink]:
    """State that `a` stands in relation `link_type` to `b`; `strength` lies in [0, 1]."""
    body = {"a": a, "b": b, "link_type": link_type, "strength": strength}
    return send("POST", "/v1/links", lambda told: decoded(EntityLink, told), body)


# -- facts and time


def facts(
    subject: str | None = None,
    attribute: str | None = None,
    *,
    as_of: Timestamp = None,
    known_at: Timestamp = None,
    current_only: bool = False,
    after: str = "",
    limit: int = 100,
) -> Call[tuple[RecalledFact, ...]]:
    """Facts in the order of their ids, of one subject or attribute if named; page on with the last id as `after`."""
    return get(
        "/v1/facts",
        lambda told: decoded_list(RecalledFact, member(told, "facts")),
        subject=subject,
        attribute=attribute,
        as_of=moment_text(as_of, "as_of"),
        known_at=moment_text(known_at, "known_at"),
        current_only=current_only,
        after=after,
        limit=limit,
    )


def learn_facts(
    facts: Iterable[Mapping[str, Json]],
    *,
    origin: str = "user",
    source: str = "user",
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
) -> Call[tuple[Fact, ...]]:
    """Teach facts directly, all of them or none; each is a mapping of `subject`, `attribute`, `value` and more."""
    body = said(
        facts=[dict(each) for each in facts],
        origin=origin,
        source=source,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
    )
    return send("POST", "/v1/facts", lambda told: each_of(_fact, member(told, "facts")), body)


def retract(fact_id: str, reason: str) -> Call[Fact]:
    """Say that a fact was never right; what it had replaced holds again. Raises NotFoundError."""
    return send("POST", path_of("/v1/facts/{fact_id}/retract", fact_id=fact_id), _fact, {"reason": reason})


def conflicts(limit: int = 100) -> Call[tuple[Conflict, ...]]:
    """Contradictions that cannot be decided, with both sources."""
    return get("/v1/conflicts", lambda told: decoded_list(Conflict, member(told, "conflicts")), limit=limit)


def timeline(concept: str, *, limit: int = 1_000) -> Call[tuple[TimelineEvent, ...]]:
    """The life of a concept, oldest first. Raises NotFoundError."""
    return get("/v1/timeline", _events, concept=concept, limit=limit)


def diff(since: Timestamp, until: Timestamp = None, *, limit: int = 1_000) -> Call[MemoryDiff]:
    """What was learnt, changed, superseded, retracted and erased between two moments: (since, until]."""
    start, end = moment_text(since, "since"), moment_text(until, "until")
    return get("/v1/diff", lambda told: decoded(MemoryDiff, told), since=start, until=end, limit=limit)


# -- forgetting and trust


def forget(
    message_id: str | None = None,
    *,
    concept: str | None = None,
    fact_id: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
    before: Timestamp = None,
    reason: str = "",
    dry_run: bool = False,
) -> Call[ForgetResult]:
    """Erase messages with all that only they taught; name exactly one thing. Raises NotFoundError."""
    body = said(
        message_id=message_id,
        concept=concept,
        fact_id=fact_id,
        session_id=session_id,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
        before=before,
        reason=reason,
        dry_run=dry_run,
    )
    return send("POST", "/v1/forget", lambda told: decoded(ForgetResult, told), body)


def retention() -> Call[RetentionPolicy]:
    """How long the tenant keeps what."""
    return get("/v1/retention", lambda told: decoded(RetentionPolicy, told))


def set_retention(policy: RetentionPolicy) -> Call[RetentionPolicy]:
    """Say how long the tenant keeps what; all rules at once."""
    body: dict[str, Json] = {
        "message_days": policy.message_days,
        "history_days": policy.history_days,
        "consolidate_after_days": policy.consolidate_after_days,
        "keep_originals": policy.keep_originals,
    }
    return send("PUT", "/v1/retention", lambda told: decoded(RetentionPolicy, told), body)


def quarantine(
    reason: str,
    *,
    origin: str | None = None,
    source: str | None = None,
    instance_id: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    project_id: str | None = None,
    since: Timestamp = None,
    until: Timestamp = None,
    dry_run: bool = True,
) -> Call[QuarantineResult]:
    """Hide everything that has all that is named; with `dry_run`, which is the default, say what would go."""
    body = said(
        reason=reason,
        origin=origin,
        source=source,
        instance_id=instance_id,
        session_id=session_id,
        user_id=user_id,
        agent_id=agent_id,
        project_id=project_id,
        since=since,
        until=until,
        dry_run=dry_run,
    )
    return send("POST", "/v1/quarantines", lambda told: decoded(QuarantineResult, told), body)


def release(quarantine_id: str) -> Call[QuarantineResult]:
    """Put back all that a quarantine hides. Raises NotFoundError, ConflictError."""
    path = path_of("/v1/quarantines/{quarantine_id}/release", quarantine_id=quarantine_id)
    return send("POST", path, lambda told: decoded(QuarantineResult, told))


def quarantines(limit: int = 100, *, before_seq: int | None = None) -> Call[tuple[Quarantine, ...]]:
    """What was quarantined, newest first; page on with the last `seq` as `before_seq`."""
    parse = lambda told: decoded_list(Quarantine, member(told, "quarantines"))  # noqa: E731
    return get("/v1/quarantines", parse, limit=limit, before_seq=before_seq)


# -- how answers are read


def _context(told: Json) -> MemoryContext:
    return decoded(MemoryContext, told)


def _learnt(told: Json) -> LearningResult:
    facts = each_of(lambda fact: {**_NOT_SENT, **mapping(fact)}, member(told, "facts"))
    return decoded(LearningResult, {**mapping(told), "facts": list(facts)})


def _fact(told: Json) -> Fact:
    return decoded(Fact, {**_NOT_SENT, **mapping(told)})


def _entity(told: Json) -> ListedEntity:
    return decoded(ListedEntity, {**mapping(told), "entity_type": member(told, "type")})


def _stored(told: Json) -> StoredMessage:
    """A message with its scope and metadata as the library keeps them."""
    scope = {name: member(told, name) for name in ("user_id", "agent_id", "project_id")}
    metadata = json.dumps(member(told, "metadata"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return decoded(StoredMessage, {**mapping(told), "scope": scope, "metadata": metadata})


def _events(told: Json) -> tuple[TimelineEvent, ...]:
    return decoded_list(TimelineEvent, member(told, "events"))


def _ids(values: str | Iterable[str]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)
