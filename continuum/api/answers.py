"""Answers under an ``Idempotency-Key``: one effect, and the same answer however often it is asked for.

The key is claimed in the transaction of the effect, so a crash leaves both or neither; the answer is kept right after
it. What was claimed and has no answer (the service stopped in between, or what it said was forgotten since) is never
done again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from continuum.core.assembly import Engine
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.errors import AnswerLostError, InvalidInputError, KeyInFlightError, KeyReusedError
from continuum.storage.repositories.idempotency import IdempotentAnswer
from continuum.storage.unit_of_work import UnitOfWork

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,255}\Z")
KEPT_BYTES_MAX = 262_144
"""A larger answer is not kept: asked for again, it is refused, as the effect is there."""
_PREFIX = "http:"


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that names a key, and the hash of what it asks."""

    tenant_id: TenantId
    key: str
    request_hash: bytes

    @property
    def kept_key(self) -> str:
        """Its name among the tenant's keys, apart from those of `learn` itself."""
        return f"{_PREFIX}{self.key}"

    @property
    def inner_key(self) -> str:
        """The key that `learn` is given, which finds its own answer again if this one was lost."""
        return f"{_PREFIX}{hashlib.blake2b(self.key.encode(), digest_size=16).hexdigest()}"


def keyed_request(request: Request, body: bytes, tenant_id: TenantId) -> KeyedRequest | None:
    """What a request's key stands for; None without a key. Raises InvalidInputError."""
    given = request.headers.getlist(KEY_HEADER)
    if not given:
        return None
    if len(given) > 1 or not KEY_PATTERN.match(given[0]):
        raise InvalidInputError(KEY_HEADER, "must be one text of 1 to 255 visible ASCII characters", limit=255)
    asked = "\x1f".join((request.method, request.url.path, request.url.query))
    digest = hashlib.blake2b(asked.encode() + b"\x1f" + body, digest_size=16).digest()
    return KeyedRequest(tenant_id, given[0], digest)


def kept_answer(engine: Engine, keyed: KeyedRequest, since: Micros, *, may_ask_inside: bool) -> Response | None:
    """The answer that was given before, or None if the request is to be worked on. Blocks for a read.

    `may_ask_inside` is whether the operation itself knows the key, and gives its answer again without an effect.
    Raises KeyReusedError, AnswerLostError and StorageError.
    """
    with engine.unit(keyed.tenant_id, write=False) as work:
        found = work.idempotency.get(keyed.kept_key)
    if found is None or found.created_at < since:
        return None
    if found.request_hash != keyed.request_hash:
        raise KeyReusedError(KEY_HEADER, "was used for another request; use a new key for each request")
    if not found.result and may_ask_inside:
        return None
    return _replayed(found)


def _replayed(found: IdempotentAnswer) -> Response:
    if not found.result:
        raise AnswerLostError(
            "this request was done, and its answer was not kept; read what it changed, and do not repeat it"
        )
    kept = json.loads(found.result)
    headers = {REPLAYED_HEADER: "true"}
    return Response(base64.b64decode(kept["body"]), kept["status"], headers, kept["type"])


def claim(work: UnitOfWork, keyed: KeyedRequest, now: Micros, since: Micros, *, may_ask_inside: bool) -> None:
    """Take the key, in the transaction of the effect. Raises KeyInFlightError if somebody else has it."""
    found = work.idempotency.get(keyed.kept_key)
    is_lost = found is not None and not found.result and found.request_hash == keyed.request_hash
    if found is not None and found.created_at >= since and not (is_lost and may_ask_inside):
        raise KeyInFlightError("the same key was used at the same time; ask again for its answer")
    work.idempotency.put(keyed.kept_key, keyed.request_hash, "", now)


def keep_answer(engine: Engine, keyed: KeyedRequest, response: Response, seq: int) -> None:
    """Keep an answer under its key; forgetting what stands at `seq` takes it away. Raises StorageError.

    One that says of itself that nobody may store it, as a new key is shown once, is not kept.
    """
    body = bytes(response.body)
    if len(body) > KEPT_BYTES_MAX or response.headers.get("cache-control") == "no-store":
        return
    media_type = response.headers.get("content-type", "application/json")
    kept = {"status": response.status_code, "type": media_type, "body": base64.b64encode(body).decode("ascii")}
    with engine.unit(keyed.tenant_id, write=True) as work:
        now = engine.clock.now()
        work.idempotency.put(keyed.kept_key, keyed.request_hash, json.dumps(kept), now, seq or None)
