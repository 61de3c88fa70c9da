"""Recall, learn, turn and statistics."""

from __future__ import annotations

from fastapi import APIRouter

from continuum.api.dependencies import BoundedRoute, Memory
from continuum.api.schemas import (
    LearnRequest,
    LearnResponse,
    MessageBody,
    RecallRequest,
    RecallResponse,
    TurnRequest,
    TurnResponse,
)
from continuum.core.exchanges import two_sides
from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError

router = APIRouter(prefix="/v1", route_class=BoundedRoute, tags=["memory"])


@router.post("/recall")
async def recall(body: RecallRequest, memory: Memory) -> RecallResponse:
    """What the tenant remembers that bears on a message."""
    return RecallResponse.of(await memory.recall(**dict(body)))


@router.post("/learn")
async def learn(body: LearnRequest, memory: Memory) -> LearnResponse:
    """Learn one exchange; the answer comes once it is durable."""
    return LearnResponse.of(
        await memory.learn_messages(
            _messages(body),
            metadata=body.metadata,
            session_id=body.session_id,
            user_id=body.user_id,
            agent_id=body.agent_id,
            project_id=body.project_id,
            idempotency_key=body.idempotency_key,
            supersedes=body.supersedes,
            expires_at=body.expires_at,
        )
    )


@router.post("/turn")
async def turn(body: TurnRequest, memory: Memory) -> TurnResponse:
    """Recall for the user's message, then learn the exchange."""
    context, learned = await memory.turn(
        body.user_message,
        body.ai_response,
        body.metadata,
        body.session_id,
        max_concepts=body.max_concepts,
        user_id=body.user_id,
        agent_id=body.agent_id,
        project_id=body.project_id,
    )
    return TurnResponse(recall=RecallResponse.of(context), learn=LearnResponse.of(learned))


@router.get("/stats")
async def stats(memory: Memory) -> dict[str, Json]:
    """How many of each thing the tenant has."""
    return await memory.get_stats()


def _messages(body: LearnRequest) -> list[Message]:
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
