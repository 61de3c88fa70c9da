"""What a quarantine means: the rule, how it is checked, and what it selects."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import asdict, dataclass

from continuum.core.validation import Timestamp, checked_label, checked_scope, checked_time
from continuum.domain.clock import Micros, iso
from continuum.domain.ids import checked_name
from continuum.domain.records import Json, LogEntry, Origin
from continuum.errors import InvalidInputError, shown
from continuum.storage.repositories.quarantines import HiddenFilter
from continuum.storage.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class QuarantineRule:
    """What is meant: everything that has all that is named; times are half open, and say when it came in."""

    origin: str | None = None
    source: str | None = None
    instance_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    project_id: str | None = None
    since: Micros | None = None
    until: Micros | None = None


def checked_rule(
    *,
    origin: Origin | str | None,
    source: str | None,
    instance_id: str | None,
    session_id: str | None,
    user_id: str | None,
    agent_id: str | None,
    project_id: str | None,
    since: Timestamp,
    until: Timestamp,
) -> QuarantineRule:
    """A rule that names something. Raises InvalidInputError."""
    scope = checked_scope(user_id, agent_id, project_id)
    rule = QuarantineRule(
        origin=None if origin is None else _checked_origin(origin),
        source=None if source is None else checked_label(source, "source"),
        instance_id=None if instance_id is None else checked_name(instance_id, "instance_id"),
        session_id=None if session_id is None else checked_label(session_id, "session_id"),
        user_id=scope.user_id,
        agent_id=scope.agent_id,
        project_id=scope.project_id,
        since=checked_time(since, "since"),
        until=checked_time(until, "until"),
    )
    if rule == QuarantineRule():
        names = ", ".join(QuarantineRule.__dataclass_fields__)
        raise InvalidInputError("rule", f"names nothing; name at least one of {names}")
    if rule.since is not None and rule.until is not None and rule.until <= rule.since:
        raise InvalidInputError("until", "must be later than since")
    return rule


def rule_to_json(rule: QuarantineRule) -> dict[str, Json]:
    """What a rule names, times as texts."""
    told = {name: value for name, value in asdict(rule).items() if value is not None}
    return {name: iso(value) if name in ("since", "until") else value for name, value in told.items()}


def selected(work: UnitOfWork, rule: QuarantineRule) -> list[int]:
    """The positions of what a rule means and that is not hidden yet, with what belongs to it: summaries of such
    messages, and the entries in which they superseded others."""
    seqs = set(work.quarantines.matching(HiddenFilter(**asdict(rule))))
    if seqs:
        seqs |= _summaries(work, seqs)
        seqs |= _supersessions(work, seqs)
    seqs |= {entry.seq for kind in ("facts", "entity", "link") for entry in _entries(work, kind) if _means(rule, entry)}
    return sorted(seqs - work.quarantines.hidden(seqs))


def _summaries(work: UnitOfWork, seqs: set[int]) -> set[int]:
    """The summaries that repeat words of messages: each sums up what stands between the one before it and itself."""
    found: set[int] = set()
    for session in work.history.sessions_of(seqs):
        summaries = work.history.summaries_of(session)
        for seq in work.history.seqs_of_session(session) if summaries else ():
            if seq in seqs and (place := bisect_right(summaries, seq)) < len(summaries):
                found.add(summaries[place])
    return found


def _supersessions(work: UnitOfWork, seqs: set[int]) -> set[int]:
    """The entries in which messages superseded others: each stands right behind its message."""
    return {
        entry.seq for entries in work.log.pages(min(seqs), "supersession") for entry in entries if entry.seq - 1 in seqs
    }


def _entries(work: UnitOfWork, kind: str) -> list[LogEntry]:
    assert kind in ("facts", "entity", "link")
    return [entry for page in work.log.pages(kind=kind) for entry in page]  # type: ignore[arg-type]  # checked above


def _means(rule: QuarantineRule, entry: LogEntry) -> bool:
    """Whether a rule means an entry made by hand; entities and links have no source, no session and no scope."""
    if not (rule.since is None or entry.recorded_at >= rule.since):
        return False
    if not (rule.until is None or entry.recorded_at < rule.until):
        return False
    told = json.loads(entry.payload)
    user_id, agent_id, project_id = told["scope"] if entry.kind == "facts" else (None, None, None)
    of_entry = {
        "origin": told["origin"] if entry.kind == "facts" else Origin.USER.value,
        "source": told.get("source"),
        "instance_id": None,
        "session_id": told.get("session_id"),
        "user_id": user_id,
        "agent_id": agent_id,
        "project_id": project_id,
    }
    wanted = {name: getattr(rule, name) for name in of_entry}
    return all(value is None or of_entry[name] == value for name, value in wanted.items())


def _checked_origin(origin: Origin | str) -> str:
    try:
        return Origin(origin).value
    except ValueError:
        known = ", ".join(each.value for each in Origin)
        raise InvalidInputError("origin", f"is {shown(origin)}; it must be one of {known}") from None
