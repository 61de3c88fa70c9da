"""How long a tenant keeps what: ends of single messages, the age of messages, of earlier wordings, of old sessions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from continuum.core.consolidating import consolidate_sessions
from continuum.core.erasing import forget
from continuum.core.rebuild_rule import refuse_if_outdated
from continuum.core.selecting import Selector
from continuum.core.stating import append_entry
from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.errors import InvalidInputError, shown
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

DAY_MICROS = 86_400_000_000
DAYS_MAX = 36_500
HISTORY_DAYS_DEFAULT = 365
EXPIRED_AT_ONCE = 10_000
SESSIONS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """A tenant's rules, in days. None keeps for ever.

    `message_days`: messages said longer ago are forgotten. `history_days`: earlier wordings of revised messages,
    and what only those stated, are dropped; 365 unless said otherwise. `consolidate_after_days`: sessions that were
    quiet for so long get a summary; `keep_originals` False forgets the messages that it sums up.
    """

    message_days: int | None = None
    history_days: int | None = HISTORY_DAYS_DEFAULT
    consolidate_after_days: int | None = None
    keep_originals: bool = True


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep did: messages forgotten, earlier wordings dropped, sessions summed up."""

    expired: int = 0
    wordings: int = 0
    consolidated: int = 0


def policy_of(text: str) -> RetentionPolicy:
    """The rules in a tenant's row."""
    return RetentionPolicy(**json.loads(text))


def set_policy(engine: Engine, tenant: TenantId, policy: RetentionPolicy) -> RetentionPolicy:
    """Keep a tenant's rules, as an entry of its log. Raises InvalidInputError."""
    if not isinstance(policy, RetentionPolicy):
        raise InvalidInputError("policy", f"must be a RetentionPolicy, not {type(policy).__name__}")
    for name in ("message_days", "history_days", "consolidate_after_days"):
        _check_days(name, getattr(policy, name))
    if not isinstance(policy.keep_originals, bool):
        raise InvalidInputError("keep_originals", "must be true or false")
    with engine.unit(tenant, write=True) as work:
        append_entry(work, "policy", asdict(policy), engine.clock.now())
        work.tenants.set_policy(json.dumps(asdict(policy)))
    engine.upkeep.watch(tenant)
    return policy


def get_policy(engine: Engine, tenant: TenantId) -> RetentionPolicy:
    """The rules in force."""
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
    return RetentionPolicy() if record is None else policy_of(record.policy)


def sweep_tenant(engine: Engine, tenant: TenantId) -> SweepResult:
    """Forget what has come to its end, drop old wordings, sum up old sessions, as the rules say."""
    now = engine.clock.now()
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
        if record is None:
            return SweepResult()
        policy = policy_of(record.policy)
        seqs = set(work.history.expired(now, EXPIRED_AT_ONCE)) if record.notes else set()
        if policy.message_days is not None:
            seqs |= set(work.history.seqs_before(now - policy.message_days * DAY_MICROS))
    expired = 0
    if seqs:
        done = forget(engine, tenant, Selector("expired", seqs=tuple(sorted(seqs))), "end of retention", dry_run=False)
        expired = done.messages
    wordings = _prune(engine, tenant, policy, now)
    consolidated = 0
    if policy.consolidate_after_days is not None:
        before = now - policy.consolidate_after_days * DAY_MICROS
        results = consolidate_sessions(engine, tenant, before, SESSIONS_AT_ONCE, keep_originals=policy.keep_originals)
        consolidated = len(results)
    return SweepResult(expired, wordings, consolidated)


def _prune(engine: Engine, tenant: TenantId, policy: RetentionPolicy, now: Micros) -> int:
    """Drop earlier wordings that ceased to hold before the horizon, and what they stated."""
    if policy.history_days is None:
        return 0
    horizon = now - policy.history_days * DAY_MICROS
    with engine.unit(tenant, write=False) as work:
        record = work.tenants.get()
        if record is None:
            return 0
        until = work.history.position_at(horizon, record.last_seq)
        if not until or not work.history.has_wordings(until):
            return 0
    with engine.unit(tenant, write=True) as work:
        refuse_if_outdated(work)
        pruned = work.history.prune(until)
        work.facts.prune(until)
        work.apart.prune(until)
        _remember_horizon(work, until)
    engine.upkeep.scrub_soon(tenant)
    return pruned


def _remember_horizon(work: UnitOfWork, until: int) -> None:
    """Keep up to which position wordings were dropped: what was known before it cannot be shown whole any more."""
    record = work.tenants.get()
    assert record is not None
    work.tenants.set_metadata(json.dumps({**json.loads(record.metadata), "history_from": until}))


def _check_days(name: str, days: object) -> None:
    if days is None:
        return
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= DAYS_MAX:
        raise InvalidInputError(
            name, f"is {shown(days)}; it must be 1 to {DAYS_MAX} days, or none to keep for ever", limit=DAYS_MAX
        )
