"""The lines of an export: what each kind holds, how it is written, how it is read. See docs/reference/export-format."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import cast, get_args

from continuum.core.receipts import receipt_from_json
from continuum.core.validation import Limits, checked_metadata, checked_role
from continuum.domain.clock import EARLIEST_MICROS, Micros, iso
from continuum.domain.ids import tenant_id
from continuum.domain.records import Json, LogEntry, LogKind, Origin, Scope, StoredMessage, StoredVector
from continuum.errors import InvalidInputError, shown
from continuum.portability.line_fields import Fields, canonical, json_object
from continuum.portability.payload_checks import check_payload
from continuum.storage.repositories.erasures import ErasureRow
from continuum.storage.repositories.portability import WholeSession
from continuum.storage.repositories.vectors import CHUNKS_MAX

FORMAT = "continuum-memory"
VERSION = 1
SECRET_BYTES = 32
SAME_KEY_BYTES = 16
VECTOR_BYTES_MAX = 65_536
RECEIPT_BYTES_MAX = 65_536
KINDS: tuple[str, ...] = get_args(LogKind)


@dataclass(frozen=True, slots=True)
class Header:
    """The first line: whose memory it is, and which part of it."""

    tenant_id: str
    exported_at: Micros
    position: int
    """The last position of the log that the file holds."""
    after_seq: int = 0
    """The file holds what came after this position."""
    after_id: str | None = None
    """The id of the entry at `after_seq`."""
    created_at: Micros | None = None
    extractors: int = 0
    messages: int = 0
    """How many messages the whole memory has."""
    sessions: int = 0
    metadata: str = "{}"
    policy: str = "{}"
    secret: bytes | None = None
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry of the log, with what stands elsewhere in the store: words, an end, a tombstone."""

    entry: LogEntry
    message: StoredMessage | None = None
    """In its earliest wording that is kept; later ones follow as revisions."""
    expires_at: Micros | None = None
    since: int | None = None
    """Position since which the words had held: of a message, if earlier ones were dropped; of a revision, the words
    that it replaced."""
    text: str | None = None
    """The words that a revision gave, unless they are dropped or forgotten."""
    erasure_id: str | None = None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session's own row."""

    session: WholeSession


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A receipt of an erasure."""

    row: ErasureRow


@dataclass(frozen=True, slots=True)
class VectorLine:
    """One vector of a message."""

    vector: StoredVector


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """The id of an entry before this part of the log, which an entry of this part names by its position."""

    seq: int
    entry_id: str


@dataclass(frozen=True, slots=True)
class Trailer:
    """The last line: how many came before it, and their SHA-256."""

    lines: int
    digest: str


Line = Header | EntryLine | PlaceLine | SessionLine | ReceiptLine | VectorLine | Trailer


def header_line(header: Header) -> dict[str, Json]:
    """The header as an object."""
    line = {
        "format": FORMAT,
        "version": VERSION,
        **asdict(header),
        "exported_at": iso(header.exported_at),
        "created_at": None if header.created_at is None else iso(header.created_at),
        "metadata": json.loads(header.metadata),
        "policy": json.loads(header.policy),
        "secret": None if header.secret is None else base64.b64encode(header.secret).decode(),
    }
    return _without_nulls(line)


def entry_line(line: EntryLine) -> dict[str, Json]:
    """An entry as an object; what it does not have is left out."""
    entry, message = line.entry, line.message
    told: dict[str, Json] = {
        "seq": entry.seq,
        "kind": entry.kind,
        "id": entry.entry_id,
        "recorded_at": iso(entry.recorded_at),
    }
    if message is not None:
        told |= _message_fields(message)
        if message.recorded_at != entry.recorded_at:
            told["first_recorded_at"] = iso(message.recorded_at)
    elif entry.kind != "erased":
        told["payload"] = _embedded(entry.payload, canonical)
    told |= {"since": line.since, "text": line.text} if message is None else {"since": line.since}
    told |= {"erasure": line.erasure_id, "expires_at": None if line.expires_at is None else iso(line.expires_at)}
    return _without_nulls(told)


def place_line(place: PlaceLine) -> dict[str, Json]:
    return {"kind": "place", "seq": place.seq, "id": place.entry_id}


def session_line(session: WholeSession) -> dict[str, Json]:
    return {
        "kind": "session",
        "session_id": session.session_id,
        "created_at": iso(session.created_at),
        "last_active": iso(session.last_active),
        "message_count": session.message_count,
        "summary_seq": session.summary_seq,
    }


def receipt_line(row: ErasureRow) -> dict[str, Json]:
    return {"kind": "receipt", "state": row.state, "receipt": json.loads(row.receipt)}


def vector_line(vector: StoredVector) -> dict[str, Json]:
    return {
        "kind": "vector",
        "seq": vector.message_seq,
        "model": vector.model,
        "chunk": vector.chunk,
        "vector": base64.b64encode(vector.vector).decode(),
    }


def trailer_line(trailer: Trailer) -> dict[str, Json]:
    return {"end": True, **asdict(trailer)}


def read_header(data: bytes) -> Header:
    """The header in the first line. Raises InvalidInputError."""
    told = json_object(data)
    if not told.has("format") or told.value("format") != FORMAT:
        raise InvalidInputError("format", f"is not {FORMAT}: this is no export of a memory")
    if (version := told.count("version")) != VERSION:
        raise InvalidInputError("version", f"is {version}; this program reads version {VERSION}")
    header = Header(
        tenant_id=tenant_id(told.value("tenant_id")),
        exported_at=told.moment("exported_at"),
        position=told.count("position"),
        after_seq=told.count("after_seq"),
        after_id=told.optional_label("after_id"),
        created_at=told.optional_moment("created_at"),
        extractors=told.count("extractors"),
        messages=told.count("messages"),
        sessions=told.count("sessions"),
        metadata=_object_text(told, "metadata"),
        policy=_object_text(told, "policy"),
        secret=told.data("secret") if told.has("secret") else None,
        vectors=told.truth("vectors"),
    )
    told.finish()
    if header.secret is not None and len(header.secret) != SECRET_BYTES:
        raise InvalidInputError("secret", f"has {len(header.secret)} bytes; it must have {SECRET_BYTES}")
    if header.after_seq > header.position or (header.position > 0) != (header.created_at is not None):
        raise InvalidInputError("position", "does not fit after_seq and created_at")
    return header


def read_line(data: bytes, limits: Limits) -> Line:
    """Any line but the first. Raises InvalidInputError."""
    told = json_object(data)
    if told.has("end"):
        told.truth("end")
        line: Line = Trailer(told.count("lines"), told.label("digest"))
    else:
        kind = told.one_of("kind", (*KINDS, *_OTHERS))
        line = _OTHERS[kind](told) if kind in _OTHERS else _read_entry(told, cast("LogKind", kind), limits)
    told.finish()
    return line


def _read_entry(told: Fields, kind: LogKind, limits: Limits) -> EntryLine:
    entry = LogEntry(told.count("seq", 1), kind, told.label("id"), told.moment("recorded_at"))
    since = told.optional_count("since", 1)
    if kind == "message":
        message = _read_message(told, entry, limits)
        return EntryLine(entry, message, expires_at=told.optional_moment("expires_at"), since=since)
    if kind == "erased":
        return EntryLine(entry, erasure_id=told.optional_label("erasure"))
    given = told.value("payload")
    payload = given if not isinstance(given, str) else _parsed(given)
    if not isinstance(payload, Mapping):
        raise InvalidInputError("payload", f"must be a JSON object, not {shown(payload)}")
    try:
        check_payload(kind, payload, entry.seq, limits)
    except InvalidInputError as exc:
        raise InvalidInputError(f"payload.{exc.field}", exc.problem, limit=exc.limit) from exc
    text = told.text("text", limits.text_bytes) if kind == "revision" and told.has("text") else None
    return EntryLine(
        replace(entry, payload=given if isinstance(given, str) else canonical(payload)), since=since, text=text
    )


def _read_message(told: Fields, entry: LogEntry, limits: Limits) -> StoredMessage:
    text = told.text("text", limits.text_bytes)
    if not text.strip():
        raise InvalidInputError("text", "holds no words")
    role = checked_role(told.value("role"), "role")
    origin = Origin(told.one_of("origin", tuple(Origin)))
    if origin is Origin.USER and role != "user":
        raise InvalidInputError("origin", f"cannot be user for a message of role {role}")
    same_key = told.data("same_key") if told.has("same_key") else None
    if same_key is not None and len(same_key) != SAME_KEY_BYTES:
        raise InvalidInputError("same_key", f"has {len(same_key)} bytes; it must have {SAME_KEY_BYTES}")
    return StoredMessage(
        id=entry.entry_id,
        seq=entry.seq,
        exchange_id=told.label("exchange_id"),
        session_id=told.label("session_id"),
        instance_id=told.label("instance_id"),
        message_number=told.count("message_number", 1),
        role=role,
        speaker=told.optional_label("speaker"),
        origin=origin,
        text=text,
        timestamp=told.moment("timestamp"),
        recorded_at=first if (first := told.optional_moment("first_recorded_at")) is not None else entry.recorded_at,
        scope=Scope(*(told.optional_name(name) for name in ("user_id", "agent_id", "project_id"))),
        metadata=_read_metadata(told, limits),
        same_key=same_key,
    )


def _read_metadata(told: Fields, limits: Limits) -> str:
    given = told.value("metadata")
    parsed = _parsed(given) if isinstance(given, str) else given
    text = checked_metadata(parsed, "metadata", limits.metadata_bytes)
    return given if isinstance(given, str) else text


def _read_place(told: Fields) -> PlaceLine:
    return PlaceLine(told.count("seq", 1), told.label("id"))


def _read_session(told: Fields) -> SessionLine:
    session = WholeSession(
        told.label("session_id"),
        told.moment("created_at"),
        told.moment("last_active"),
        told.count("message_count", 1),
        told.optional_count("summary_seq", 1),
    )
    return SessionLine(session)


def _read_receipt(told: Fields) -> ReceiptLine:
    state = told.one_of("state", ("erased", "scrubbed"))
    given = Fields(told.value("receipt"))
    values: dict[str, Json] = {name: given.label(name) for name in ("id", "tenant_id", "hash", "previous_hash")}
    values |= {name: given.text(name, RECEIPT_BYTES_MAX) for name in ("kind", "reason", "ids_digest")}
    counts = ("number", "messages", "entries", "concepts", "links", "decisions", "facts")
    values |= {name: given.count(name) for name in counts}
    values |= {name: given.value(name) for name in ("requested_at", "erased_at", "scrubbed_at")}
    given.finish()
    for name in ("requested_at", "erased_at", "scrubbed_at"):
        moment = values[name]
        if name != "scrubbed_at" or moment is not None:
            Fields({name: moment}).count(name, EARLIEST_MICROS)
    receipt_text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    receipt = receipt_from_json(receipt_text)
    return ReceiptLine(
        ErasureRow(receipt.number, receipt.id, "erased" if state == "erased" else "scrubbed", "", receipt_text)
    )


def _read_vector(told: Fields) -> VectorLine:
    vector = StoredVector(told.count("seq", 1), told.label("model"), told.data("vector"), told.count("chunk"))
    size = len(vector.vector)
    if not size or size % 4 or size > VECTOR_BYTES_MAX:
        raise InvalidInputError("vector", f"has {size} bytes; it holds 4 for each number, {VECTOR_BYTES_MAX} at most")
    if vector.chunk >= CHUNKS_MAX:
        raise InvalidInputError("chunk", f"is {vector.chunk}; a message has {CHUNKS_MAX} at most", limit=CHUNKS_MAX)
    return VectorLine(vector)


_OTHERS: dict[str, Callable[[Fields], Line]] = {
    "place": _read_place,
    "session": _read_session,
    "receipt": _read_receipt,
    "vector": _read_vector,
}


def _message_fields(message: StoredMessage) -> dict[str, Json]:
    scope = message.scope
    return {
        "exchange_id": message.exchange_id,
        "session_id": message.session_id,
        "instance_id": message.instance_id,
        "message_number": message.message_number,
        "role": message.role,
        "speaker": message.speaker,
        "origin": message.origin.value,
        "text": message.text,
        "timestamp": iso(message.timestamp),
        "user_id": scope.user_id,
        "agent_id": scope.agent_id,
        "project_id": scope.project_id,
        "metadata": _embedded(message.metadata, _sorted_compact),
        "same_key": None if message.same_key is None else base64.b64encode(message.same_key).decode(),
    }


def _sorted_compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _embedded(text: str, form: Callable[[Json], str]) -> Json:
    """A stored JSON text as a value, or as the text where writing the value again would give other bytes."""
    value = json.loads(text)
    return value if form(value) == text else text


def _parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError("json", f"holds a text that is no JSON: {exc}") from exc


def _object_text(told: Fields, name: str) -> str:
    value = told.value(name)
    if not isinstance(value, Mapping):
        raise InvalidInputError(name, f"must be a JSON object, not {shown(value)}")
    return json.dumps(value)


def _without_nulls(values: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in values.items() if value is not None}
