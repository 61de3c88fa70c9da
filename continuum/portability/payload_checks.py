"""What the payload of each kind of entry must hold, so that nothing in an export can break the fold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields

from continuum.core.assertions import DESCRIPTION_BYTES_MAX, RESERVED_LINK_TYPE
from continuum.core.facts_by_hand import FACTS_PER_CALL_MAX, REASON_BYTES_MAX, VALUE_MODES
from continuum.core.feedback import ITEMS_MAX
from continuum.core.quarantine_rule import QuarantineRule
from continuum.core.questions import MAX_MEMORIES_LIMIT
from continuum.core.recall_id import SIGNALS
from continuum.core.retention import DAYS_MAX, RetentionPolicy
from continuum.core.validation import Limits, checked_count, checked_label, checked_metadata
from continuum.domain.clock import EARLIEST_MICROS, LATEST_MICROS
from continuum.domain.ids import checked_name
from continuum.domain.records import FIRST_RECORDED_AT, Json, Origin
from continuum.errors import InvalidInputError, shown
from continuum.language.names import entity_key
from continuum.portability.line_fields import SEQ_MAX, Fields
from continuum.retrieval.use import CUES_MAX

_PLACES_MAX = 100_000


def check_payload(kind: str, payload: Mapping[str, Json], seq: int, limits: Limits) -> None:
    """Raise InvalidInputError unless the payload fits its kind; positions it names must lie before `seq`."""
    told = Fields(payload)
    _CHECKS[kind](told, seq, limits)
    if told.has(FIRST_RECORDED_AT):
        checked_count(told.value(FIRST_RECORDED_AT), FIRST_RECORDED_AT, EARLIEST_MICROS, LATEST_MICROS)
    told.finish()


def policy_in(payload: Mapping[str, Json]) -> str:
    """The rules of a policy entry in the form that a tenant's row keeps."""
    return json.dumps(asdict(RetentionPolicy(**payload)))


def _check_entity(told: Fields, seq: int, limits: Limits) -> None:
    told.label("name")
    checked_name(told.value("entity_type"), "entity_type")
    told.text("description", DESCRIPTION_BYTES_MAX)
    try:
        metadata = json.loads(told.text("metadata", limits.metadata_bytes))
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError("metadata", f"is no JSON object in a text: {exc}") from exc
    checked_metadata(metadata, "metadata", limits.metadata_bytes)


def _check_link(told: Fields, seq: int, limits: Limits) -> None:
    first, second = told.label("a"), told.label("b")
    if entity_key(first) == entity_key(second):
        raise InvalidInputError("b", "names the same concept as a")
    if checked_name(told.value("link_type"), "link_type") == RESERVED_LINK_TYPE:
        raise InvalidInputError("link_type", f"{RESERVED_LINK_TYPE!r} is what co-occurrence makes")
    _share(told, "strength")


def _check_facts(told: Fields, seq: int, limits: Limits) -> None:
    told.one_of("origin", tuple(Origin))
    told.label("source")
    scope = _list(told, "scope", 3)
    if len(scope) != 3:
        raise InvalidInputError("scope", "must hold three names or nulls")
    for name in scope:
        if name is not None:
            checked_name(name, "scope")
    if told.value("session_id") is not None:
        told.label("session_id")
    if (said_at := told.value("said_at")) is not None:
        checked_count(said_at, "said_at", EARLIEST_MICROS, LATEST_MICROS)
    for number, fact in enumerate(_list(told, "facts", FACTS_PER_CALL_MAX)):
        if fact is not None:
            _check_fact(fact, f"facts[{number}]", limits)


def _check_fact(fact: object, place: str, limits: Limits) -> None:
    try:
        told = Fields(fact)
        for name in ("subject", "attribute", "value", "replaces"):
            told.text(name, limits.text_bytes)
        told.truth("polarity")
        told.truth("single")
        told.one_of("mode", VALUE_MODES)
        _share(told, "confidence")
        for name in ("valid_from", "valid_to"):
            if (moment := told.value(name)) is not None:
                checked_count(moment, name, EARLIEST_MICROS, LATEST_MICROS)
        told.finish()
    except InvalidInputError as exc:
        raise InvalidInputError(f"{place}.{exc.field}", exc.problem, limit=exc.limit) from exc


def _check_retraction(told: Fields, seq: int, limits: Limits) -> None:
    _place(told.value("target"), "target", seq)
    told.text("reason", REASON_BYTES_MAX)


def _check_supersession(told: Fields, seq: int, limits: Limits) -> None:
    for target in _list(told, "targets", _PLACES_MAX):
        _place(target, "targets", seq)
    for at in _list(told, "messages", _PLACES_MAX):
        checked_count(at, "messages", 1, seq - 1)
    told.label("by")
    checked_count(told.value("at"), "at", EARLIEST_MICROS, LATEST_MICROS)


def _check_revision(told: Fields, seq: int, limits: Limits) -> None:
    checked_count(told.value("seq"), "seq", 1, seq - 1)
    told.label("message_id")


def _check_merge(told: Fields, seq: int, limits: Limits) -> None:
    told.label("name")
    told.label("into")
    told.label("shown")


def _check_rename(told: Fields, seq: int, limits: Limits) -> None:
    told.label("name")
    told.label("new_name")


def _check_undo(told: Fields, seq: int, limits: Limits) -> None:
    checked_count(told.value("seq"), "seq", 1, seq - 1)


def _check_policy(told: Fields, seq: int, limits: Limits) -> None:
    for field in fields(RetentionPolicy):
        if field.name == "keep_originals":
            told.truth(field.name)
        elif told.has(field.name):
            checked_count(told.value(field.name), field.name, 1, DAYS_MAX)


def _check_erasure(told: Fields, seq: int, limits: Limits) -> None:
    told.label("erasure")
    for at in _list(told, "seqs", SEQ_MAX):
        checked_count(at, "seqs", 1, seq - 1)
    for each in _list(told, "ids", SEQ_MAX):
        checked_label(each, "ids")


def _check_quarantine(told: Fields, seq: int, limits: Limits) -> None:
    """The first entry of a quarantine holds its rule, those that follow what they hid."""
    if not told.has("rule"):
        _check_release(told, seq, limits)
        return
    told.text("reason", REASON_BYTES_MAX)
    rule = Fields(told.value("rule"))
    for name in QuarantineRule.__dataclass_fields__:
        if not rule.has(name):
            continue
        if name in ("since", "until"):
            rule.moment(name)
        else:
            rule.label(name)
    rule.finish()


def _check_release(told: Fields, seq: int, limits: Limits) -> None:
    told.label("quarantine")
    told.truth("last")
    for at in _list(told, "seqs", _PLACES_MAX):
        checked_count(at, "seqs", 1, seq - 1)


def _check_feedback(told: Fields, seq: int, limits: Limits) -> None:
    told.label("recall")
    checked_count(told.value("at"), "at", EARLIEST_MICROS, LATEST_MICROS)
    told.truth("detected")
    for cue in _list(told, "cues", CUES_MAX):
        checked_count(cue, "cues", 0, 0xFFFFFFFF)
    for name in ("named", "concepts_used", "concepts_ignored"):
        for each in _list(told, name, ITEMS_MAX):
            checked_label(each, name)
    places: set[int] = set()
    for name in ("used", "ignored"):
        for at in _list(told, name, ITEMS_MAX):
            places.add(checked_count(at, name, 1, seq - 1))
    _check_speaks(told.value("speaks"), places)
    for shown_one in _list(told, "signals", MAX_MEMORIES_LIMIT):
        _check_signals(shown_one, seq)


def _check_speaks(speaks: object, places: set[int]) -> None:
    if not isinstance(speaks, Mapping) or set(speaks) != {str(each) for each in places}:
        raise InvalidInputError("speaks", "must name the concepts of each message in used and ignored")
    for ids in speaks.values():
        if not isinstance(ids, list) or len(ids) > ITEMS_MAX:
            raise InvalidInputError("speaks", f"holds {shown(ids)}; it must hold lists of ids")
        for each in ids:
            checked_label(each, "speaks")


def _check_signals(told: object, seq: int) -> None:
    if not isinstance(told, list) or len(told) != 2 or not isinstance(told[1], Mapping):
        raise InvalidInputError("signals", f"must hold pairs of a position and its signals, not {shown(told)}")
    checked_count(told[0], "signals", 1, seq - 1)
    for name, value in told[1].items():
        if name not in SIGNALS or not isinstance(value, int | float) or not -2 <= value <= 2:
            raise InvalidInputError("signals", f"holds {shown(name)} {shown(value)}, which is no signal")


def _check_ranker(told: Fields, seq: int, limits: Limits) -> None:
    told.truth("reset")


def _check_prune(told: Fields, seq: int, limits: Limits) -> None:
    _share(told, "below")
    checked_count(told.value("before"), "before", EARLIEST_MICROS, LATEST_MICROS)


def _check_extractors(told: Fields, seq: int, limits: Limits) -> None:
    told.count("extractors")
    told.count("terms")


def _check_erased(told: Fields, seq: int, limits: Limits) -> None:
    """What was erased says nothing."""


_CHECKS: dict[str, Callable[[Fields, int, Limits], None]] = {
    "entity": _check_entity,
    "link": _check_link,
    "facts": _check_facts,
    "retraction": _check_retraction,
    "supersession": _check_supersession,
    "revision": _check_revision,
    "merge": _check_merge,
    "rename": _check_rename,
    "undo": _check_undo,
    "policy": _check_policy,
    "erasure": _check_erasure,
    "quarantine": _check_quarantine,
    "release": _check_release,
    "feedback": _check_feedback,
    "ranker": _check_ranker,
    "prune": _check_prune,
    "extractors": _check_extractors,
    "erased": _check_erased,
}


def _place(value: object, field: str, seq: int) -> None:
    """A position before `seq` and a number there."""
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidInputError(field, f"must be a position and a number, not {shown(value)}")
    checked_count(value[0], field, 1, seq - 1)
    checked_count(value[1], field, 0, SEQ_MAX)


def _list(told: Fields, name: str, length_max: int) -> list[Json]:
    value = told.value(name)
    if not isinstance(value, list):
        raise InvalidInputError(name, f"must be a list, not {shown(value)}")
    if len(value) > length_max:
        raise InvalidInputError(name, f"holds {len(value)}; the limit is {length_max}", limit=length_max)
    return value


def _share(told: Fields, name: str) -> None:
    value = told.value(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InvalidInputError(name, f"is {shown(value)}; it must lie between 0 and 1")
