"""The recall id: a signed, stateless note of what a recall showed. Reading writes nothing; feedback checks it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.errors import InvalidInputError

_SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class RecallNote:
    """Which messages and concepts a recall showed, and when (microseconds)."""

    at: Micros
    message_seqs: tuple[int, ...]
    concept_ids: tuple[str, ...]


def sign_recall(secret: bytes, note: RecallNote) -> str:
    """The note as a URL-safe token that only this tenant's secret can make."""
    body = json.dumps([note.at, note.message_seqs, note.concept_ids], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_signature(secret, body) + body).decode().rstrip("=")


def read_recall(secret: bytes, token: str) -> RecallNote:
    """The note in a token. Raises InvalidInputError if it was not made with this secret."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInputError("recall_id", "is not a recall id of this tenant") from None
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, body)):
        raise InvalidInputError("recall_id", "is not a recall id of this tenant")
    at, seqs, concepts = json.loads(body)
    return RecallNote(at, tuple(seqs), tuple(concepts))


def _signature(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"recall\0" + body, hashlib.sha256)[:_SIGNATURE_BYTES]
