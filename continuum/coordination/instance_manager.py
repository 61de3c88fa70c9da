"""`InstanceManager`: which instances of a tenant's agents are running, kept by leases that no wall clock decides.

An instance that is here beats. Each process that watches looks whether the beat's number still grows, and measures by
its own monotonic clock for how long it did not: a wall clock that jumps neither loses anybody nor keeps anybody.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from continuum.domain.clock import Clock
from continuum.domain.forking import at_fork
from continuum.domain.ids import TenantId, checked_name
from continuum.domain.records import Json
from continuum.errors import InvalidInputError, QuotaExceededError
from continuum.storage.base import StorageBackend
from continuum.storage.repositories.instances import (
    WHOLE,
    InstanceRow,
    Instances,
    Joining,
    Place,
    State,
    instances_of,
)

LEASE_SECONDS = 90.0
INSTANCES_MAX = 1_000
FLUSH_SECONDS = 5.0
"""Acknowledgements are gathered this long; then each tenant's are written in one transaction."""
BEATS_PER_LEASE = 3
"""Signs of life alone are written this often within a lease, however many arrive."""
DEPARTED_KEPT = 1_000
"""Arrivals and departures after which one that is gone is forgotten, with what it had acknowledged."""
PAGE_MAX = 1_000
WATCHED_MAX = 10_000
"""Tenants whose beats are remembered; one that was watched longest ago begins its leases anew."""

Instance = InstanceRow
RowsOf = Callable[[TenantId, bool], AbstractContextManager[Instances]]
"""A tenant's instances in a transaction, a writing one if the second argument is True."""


@dataclass(slots=True)
class _Member:
    """One that joined through this process; `beat` is the number of its sign of life that this process wrote last."""

    joining: Joining
    beat: int
    written_at: float
    acknowledged: Place
    heard: bool = False
    unwritten: bool = False
    """Whether it acknowledged more than is written."""


@dataclass(slots=True)
class _Seen:
    """A beat, and when this process saw it first."""

    beat: int
    at: float


@dataclass(slots=True)
class _Watch:
    """What this process saw of one tenant's instances."""

    seen: dict[str, _Seen] = field(default_factory=dict)


class InstanceManager:
    """The instances of all tenants of one store, for any number of threads.

    `join`, `leave`, `expire` and what reads go to the store at once; `beat` and `acknowledge` only note it, and
    `flush` writes what was noted.
    """

    def __init__(
        self,
        rows_of: RowsOf,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        lease_seconds: float = LEASE_SECONDS,
        instances_max: int = INSTANCES_MAX,
    ) -> None:
        if lease_seconds <= 0:
            raise InvalidInputError("lease_seconds", "must be greater than 0", limit=0)
        self.lease_seconds = lease_seconds
        self._rows_of = rows_of
        self._clock = clock
        self._monotonic = monotonic
        self._instances_max = instances_max
        self._members: dict[tuple[TenantId, str], _Member] = {}
        self._watches: OrderedDict[TenantId, _Watch] = OrderedDict()
        self._renew()
        at_fork(self, in_child=InstanceManager._forget)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def _forget(self) -> None:
        """In a forked child: those who joined through the parent are the parent's."""
        self._renew()
        self._members = {}

    # -- those who join here

    def join(
        self,
        tenant_id: TenantId,
        instance_id: str,
        session_id: str = "",
        details: Mapping[str, Json] | None = None,
        *,
        instances_max: int | None = None,
    ) -> Instance:
        """Be here from now on, for as long as `beat` is called within each lease. Joining again is a beat.

        Gives the row, with what the instance had acknowledged before. Raises InvalidInputError, StorageError, and
        QuotaExceededError if `instances_max` others (the manager's own bound unless given) are here.
        """
        joining = Joining(
            checked_name(instance_id, "instance_id"), session_id, round(self.lease_seconds * 1_000), details or {}
        )
        bound = self._instances_max if instances_max is None else instances_max
        with self._rows_of(tenant_id, True) as rows:
            joined = self._joined(rows, joining, bound)
        with self._lock:
            self._members[tenant_id, instance_id] = _Member(
                joining, joined.beat, self._monotonic(), joined.acknowledged
            )
        return joined

    def _joined(self, rows: Instances, joining: Joining, bound: int) -> Instance:
        """Write that an instance is here."""
        now = self._clock.now()
        known = rows.get(joining.instance_id)
        if known is not None and known.state == "here":
            rows.greet(joining, now, known.acknowledged)
        else:
            if (here := rows.count_here()) >= bound:
                raise QuotaExceededError(
                    f"instances: {here} instances of this tenant are here, of at most {bound}; let one leave first"
                )
            changed = rows.newest_change() + 1
            rows.put(joining, now, changed)
            rows.forget_departed(changed - DEPARTED_KEPT)
        joined = rows.get(joining.instance_id)
        assert joined is not None
        return joined

    def beat(self, tenant_id: TenantId, instance_id: str) -> None:
        """Note a sign of life; written with the next `flush`. Of one that did not join here it does nothing."""
        with self._lock:
            member = self._members.get((tenant_id, instance_id))
            if member is not None:
                member.heard = True

    def acknowledge(self, tenant_id: TenantId, instance_id: str, place: Place) -> None:
        """Note a sign of life, and that an instance has everything up to `place`; it never goes back."""
        with self._lock:
            member = self._members.get((tenant_id, instance_id))
            if member is None:
                return
            member.heard = True
            if place > member.acknowledged:
                member.acknowledged, member.unwritten = place, True

    def acknowledged(self, tenant_id: TenantId, instance_id: str) -> Place | None:
        """How far an instance is, as far as this process or the store knows; None if it never joined."""
        with self._lock:
            member = self._members.get((tenant_id, instance_id))
        if member is not None:
            return member.acknowledged
        row = self.get(tenant_id, instance_id)
        return None if row is None else row.acknowledged

    def leave(self, tenant_id: TenantId, instance_id: str, state: State = "left") -> bool:
        """Be gone. False if it came back elsewhere meanwhile, or did not join here. Raises StorageError."""
        self._write(tenant_id, [instance_id])
        with self._lock:
            member = self._members.pop((tenant_id, instance_id), None)
        if member is None:
            return False
        with self._rows_of(tenant_id, True) as rows:
            return rows.depart(instance_id, state, member.beat, rows.newest_change() + 1)

    def flush(self, *, everything: bool = False) -> None:
        """Write what was acknowledged, and signs of life that are due; all of them if asked. Raises StorageError.

        One transaction for each tenant that has something to write. What could not be written is kept for the next
        time.
        """
        due: dict[TenantId, list[str]] = {}
        rested = self._monotonic() - self.lease_seconds / BEATS_PER_LEASE
        with self._lock:
            for (tenant_id, name), member in self._members.items():
                if member.unwritten or (member.heard and (everything or member.written_at <= rested)):
                    due.setdefault(tenant_id, []).append(name)
        for tenant_id, names in due.items():
            self._write(tenant_id, names)

    def _write(self, tenant_id: TenantId, names: list[str]) -> None:
        """Write beats and acknowledgements of some members; who was taken for lost meanwhile is here again."""
        with self._lock:
            found = {name: self._members[tenant_id, name] for name in names if (tenant_id, name) in self._members}
            places = {name: member.acknowledged for name, member in found.items()}
            heard = [name for name, member in found.items() if member.heard]
            moved = [name for name, member in found.items() if member.unwritten]
        if not heard and not moved:
            return
        with self._rows_of(tenant_id, True) as rows:
            beats = rows.beat(heard, self._clock.now())
            for name in heard:
                if name not in beats:
                    beats[name] = self._joined(rows, found[name].joining, self._instances_max).beat
            rows.acknowledge((name, places[name], found[name].joining.details) for name in moved)
        now = self._monotonic()
        with self._lock:
            for name in heard:
                found[name].heard, found[name].beat, found[name].written_at = False, beats[name], now
            for name in moved:
                found[name].unwritten = found[name].acknowledged > places[name]

    # -- those who watch

    def get(self, tenant_id: TenantId, instance_id: str) -> Instance | None:
        """One instance, also one that is gone, as long as it is remembered. Raises StorageError."""
        with self._rows_of(tenant_id, False) as rows:
            return rows.get(instance_id)

    def changes(self, tenant_id: TenantId, after: int) -> list[Instance]:
        """Who came or went after a change, oldest first, at most 1,000. Raises StorageError."""
        with self._rows_of(tenant_id, False) as rows:
            return rows.changed_after(after, PAGE_MAX)

    def present(self, tenant_id: TenantId, limit: int = PAGE_MAX) -> tuple[int, list[Instance]]:
        """The newest change, and who was here then. Raises StorageError."""
        with self._rows_of(tenant_id, False) as rows:
            return rows.newest_change(), rows.list(limit=limit)

    def expire(self, tenant_id: TenantId) -> list[str]:
        """Note as lost who has not beaten for a whole lease since this process saw that; gives their names.

        To be called now and then by whoever watches. Raises StorageError.
        """
        here = self._everyone_here(tenant_id)
        silent = self._silent(tenant_id, here)
        if not silent:
            return []
        with self._rows_of(tenant_id, True) as rows:
            return [
                each.instance_id
                for each in silent
                if rows.depart(each.instance_id, "lost", each.beat, rows.newest_change() + 1)
            ]

    def _everyone_here(self, tenant_id: TenantId) -> list[Instance]:
        here: list[Instance] = []
        with self._rows_of(tenant_id, False) as rows:
            while len(page := rows.list(limit=PAGE_MAX, after=here[-1].instance_id if here else "")) == PAGE_MAX:
                here += page
        return here + page

    def _silent(self, tenant_id: TenantId, here: list[Instance]) -> list[Instance]:
        """Those whose beat was the same for a whole lease of this process's time."""
        now = self._monotonic()
        with self._lock:
            watch = self._watches.setdefault(tenant_id, _Watch())
            self._watches.move_to_end(tenant_id)
            if len(self._watches) > WATCHED_MAX:
                self._watches.popitem(last=False)
            watch.seen = {each.instance_id: _seen(watch.seen.get(each.instance_id), each.beat, now) for each in here}
            return [each for each in here if now - watch.seen[each.instance_id].at > each.lease_ms / 1_000]

    def list(self, tenant_id: TenantId, *, limit: int = 100, after: str = "", everyone: bool = False) -> list[Instance]:
        """Those who are here (or everyone who is remembered) by name, at most 1,000 at once; those behind `after`.

        Raises InvalidInputError, StorageError.
        """
        if not 1 <= limit <= PAGE_MAX:
            raise InvalidInputError("limit", f"must be from 1 to {PAGE_MAX}", limit=PAGE_MAX)
        with self._rows_of(tenant_id, False) as rows:
            return rows.list(limit=limit, after=after, everyone=everyone)


def _seen(before: _Seen | None, beat: int, now: float) -> _Seen:
    return before if before is not None and before.beat == beat else _Seen(beat, now)


def kept_in(backend: StorageBackend) -> RowsOf:
    """The instances of a store, for `InstanceManager`."""
    return lambda tenant_id, write: instances_of(backend, tenant_id, write=write)


__all__ = ["WHOLE", "Instance", "InstanceManager", "Place", "State", "kept_in"]
