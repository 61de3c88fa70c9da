"""The recall id: a signed, stateless note of what a recall showed and why. Reading writes nothing; feedback checks it.

A note is a few hundred bytes: the moment, the question's words as hashes, the concepts it named, and of each memory
its position with its signals, each in a byte. No word of a memory is in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from continuum.domain.clock import Micros
from continuum.errors import InvalidInputError
from continuum.retrieval.query import SignalWeights

SIGNALS: tuple[str, ...] = tuple(each.name for each in fields(SignalWeights))
RECALL_ID_CHARS_MAX = 32_768
SHOWN_WITH_SIGNALS_MAX = 30
"""Of more memories than these the signals are left out."""
_VERSION = 1
_SIGNATURE_BYTES = 16
_STEPS = 100
"""A signal of 1 is so many steps; signals lie between -1.27 and 1.27."""
_HEAD = struct.Struct("<BqBHHHH")
assert len(SIGNALS) <= 32, "which signals there are is kept in 32 bits"


@dataclass(frozen=True, slots=True)
class RecallNote:
    """What a recall showed, and when (microseconds)."""

    at: Micros
    message_seqs: tuple[int, ...]
    """The memories, best first."""
    concept_ids: tuple[str, ...]
    """The concepts, those that the question named first."""
    named: int = 0
    """How many of the concepts the question named."""
    cues: tuple[int, ...] = ()
    """The words of the question, as term hashes."""
    signals: tuple[Mapping[str, float], ...] = ()
    """Of the first memories, each signal before it was weighted."""
    fact_ids: tuple[str, ...] = ()
    """The facts that stood above the memories."""
    default_weights: bool = True
    """False if the caller had named the weights."""


def sign_recall(secret: bytes, note: RecallNote) -> str:
    """The note as a URL-safe token that only this tenant's secret can make."""
    body = _packed(note)
    return base64.urlsafe_b64encode(_signature(secret, body) + body).decode().rstrip("=")


def read_recall(secret: bytes, token: str) -> RecallNote:
    """The note in a token. Raises InvalidInputError if it was not made with this secret, or by another version."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _foreign() from None
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
        raise _foreign()  # another spelling of the same bytes would count as another recall
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, body)):
        raise _foreign()
    return _unpacked(body)


def digest_of(token: str) -> str:
    """A short name for a recall, under which its feedback is found again."""
    return "recall:" + hashlib.sha256(token.encode("ascii", "replace")).hexdigest()[:24]


def _foreign() -> InvalidInputError:
    return InvalidInputError("recall_id", "is not a recall id of this tenant; pass the one that `recall` gave")


def _signature(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, b"recall\0" + body, hashlib.sha256)[:_SIGNATURE_BYTES]


def _packed(note: RecallNote) -> bytes:
    names = "\n".join((*note.concept_ids, *note.fact_ids)).encode()
    head = _HEAD.pack(
        _VERSION << 1 | note.default_weights,
        note.at,
        note.named,
        len(note.message_seqs),
        len(note.concept_ids),
        len(note.cues),
        len(names),
    )
    seqs = struct.pack(f"<{len(note.message_seqs)}Q", *note.message_seqs)
    cues = struct.pack(f"<{len(note.cues)}I", *note.cues)
    return b"".join((head, seqs, cues, names, *map(_bytes_of, note.signals[:SHOWN_WITH_SIGNALS_MAX])))


def _unpacked(body: bytes) -> RecallNote:
    mark, at, named, shown, concepts, cues, size = _HEAD.unpack_from(body)
    if mark >> 1 != _VERSION:
        raise InvalidInputError("recall_id", "was given by another version; recall again")
    place = _HEAD.size
    seqs = struct.unpack_from(f"<{shown}Q", body, place)
    place += 8 * shown
    words = struct.unpack_from(f"<{cues}I", body, place)
    place += 4 * cues
    names = body[place : place + size].decode().split("\n") if size else []
    place += size
    signals = []
    while place < len(body):
        found, place = _signals_at(body, place)
        signals.append(found)
    return RecallNote(
        at=at,
        message_seqs=seqs,
        concept_ids=tuple(names[:concepts]),
        named=named,
        cues=words,
        signals=tuple(signals),
        fact_ids=tuple(names[concepts:]),
        default_weights=bool(mark & 1),
    )


def _bytes_of(signals: Mapping[str, float]) -> bytes:
    """One memory's signals: which there are, a bit each, and then a byte each."""
    present = [(number, signals[name]) for number, name in enumerate(SIGNALS) if signals.get(name)]
    mask = sum(1 << number for number, _ in present)
    steps = [max(-127, min(127, round(value * _STEPS))) for _, value in present]
    return struct.pack(f"<I{len(steps)}b", mask, *steps)


def _signals_at(body: bytes, place: int) -> tuple[dict[str, float], int]:
    (mask,) = struct.unpack_from("<I", body, place)
    names = [name for number, name in enumerate(SIGNALS) if mask >> number & 1]
    steps = struct.unpack_from(f"<{len(names)}b", body, place + 4)
    found = {name: step / _STEPS for name, step in zip(names, steps, strict=True)}
    return found, place + 4 + len(names)


def unweighted(reasons: Mapping[str, float], weights: SignalWeights) -> dict[str, float]:
    """The signals behind a memory's shares; what is no signal of the ranking is left out."""
    return {
        name: share / weight
        for name, share in reasons.items()
        if name in SIGNALS and (weight := getattr(weights, name))
    }


def vector_of(signals: Mapping[str, float]) -> Sequence[float]:
    """Signals in the order of `SIGNALS`, 0 where one is missing."""
    return [signals.get(name, 0.0) for name in SIGNALS]
