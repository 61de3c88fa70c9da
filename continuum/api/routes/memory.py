"""Recall, learn, turn and statistics."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from continuum.api.conduct import Call
from continuum.api.dependencies import Memory, ServiceRoute, TheCall
from continuum.api.recall_answer import recall_json
from continuum.api.schemas import (
    BatchRequest,
    BatchResponse,
    LearnRequest,
    LearnResponse,
    MessageBody,
    RecallRequest,
    RecallResponse,
    TurnRequest,
    TurnResponse,
)
from continuum.core.exchanges import two_sides
from continuum.core.questions import beginning
from continuum.core.twins import run_in
from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["memory"])


@router.post("/recall", response_model=RecallResponse)
async def recall(body: RecallRequest, memory: Memory) -> Response:
    """What the tenant remembers that bears on a message."""
    asked = dict(body)
    answers = memory.memory
    # A kept answer is found in microseconds; only a store on another machine is worth a thread for that.
    kept = None if answers.asks_over_network else answers.recall_rendered(recall_json, kept_only=True, **asked)
    text = kept or await run_in(answers.pool("readers"), lambda: answers.recall_rendered(recall_json, **asked))
    return Response(text, media_type="application/json")


@router.post("/learn")
async def learn(body: LearnRequest, memory: Memory, call: TheCall) -> LearnResponse:
    """Learn one exchange; the answer comes once it is durable."""
    return LearnResponse.of(await memory.learn_messages(messages_of(body), **_about(body, call)))


@router.post("/learn/batch")
async def learn_batch(body: BatchRequest, memory: Memory) -> BatchResponse:
    """Learn up to 1,000 exchanges, many in one transaction. With a `job`, asking again goes on where it stopped."""
    done = await memory.learn_many([_exchange(each) for each in body.exchanges], job=body.job)
    return BatchResponse(**asdict(done), tenant_id=memory.tenant_id)


@router.post("/turn")
async def turn(body: TurnRequest, memory: Memory, call: TheCall) -> TurnResponse:
    """Recall for the user's message, then learn the exchange."""
    context = await memory.recall(
        beginning(body.user_message),
        body.max_concepts,
        session_id=body.session_id,
        user_id=body.user_id,
        agent_id=body.agent_id,
        project_id=body.project_id,
    )
    learned = await memory.learn(
        body.user_message,
        body.ai_response,
        body.metadata,
        body.session_id,
        user_id=body.user_id,
        agent_id=body.agent_id,
        project_id=body.project_id,
        idempotency_key=None if call.keyed is None else call.keyed.inner_key,
    )
    return TurnResponse(recall=RecallResponse.of(context), learn=LearnResponse.of(learned))


@router.get("/stats")
async def stats(memory: Memory) -> dict[str, Json]:
    """How many of each thing the tenant has."""
    return await memory.get_stats()


def _about(body: LearnRequest, call: Call) -> dict[str, Any]:  # Any: what `learn_messages` takes by name
    """What a learn is told beside the messages; a key in the body goes before the header's."""
    inner = None if call.keyed is None else call.keyed.inner_key
    return {
        "metadata": body.metadata,
        "session_id": body.session_id,
        "user_id": body.user_id,
        "agent_id": body.agent_id,
        "project_id": body.project_id,
        "idempotency_key": inner if body.idempotency_key is None else body.idempotency_key,
        "supersedes": body.supersedes,
        "expires_at": body.expires_at,
    }


def _exchange(body: LearnRequest) -> dict[str, Json]:
    """One exchange of a batch, as `learn_many` takes it. Raises InvalidInputError."""
    told = {name: value for name, value in body if value is not None}
    return told if body.messages is None else told | {"messages": messages_of(body)}


def messages_of(body: LearnRequest) -> list[Message]:
    """The messages of an exchange, given as two sides or as a list. Raises InvalidInputError."""
    if (body.messages is None) == (body.user_message is None):
        raise InvalidInputError("user_message", "give either user_message (with ai_response) or messages")
    if body.messages is not None:
        for name in ("ai_response", "speaker", "timestamp"):
            if getattr(body, name) is not None:
                raise InvalidInputError(name, "belongs to user_message; with messages, each message has its own")
        return [_message(message) for message in body.messages]
    return two_sides(body.user_message or "", body.ai_response or "", timestamp=body.timestamp, speaker=body.speaker)


def _message(body: MessageBody) -> Message:
    return Message(**dict(body))
