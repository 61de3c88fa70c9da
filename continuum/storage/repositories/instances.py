"""The running instances of a tenant's agents: who is here, since when, and what it has acknowledged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.domain.records import Json
from continuum.storage.base import Row, StorageBackend
from continuum.storage.repositories.base import Repository, TenantSession

State = Literal["here", "left", "lost"]

WHOLE = (1 << 31) - 1
"""In place of a part: all of an entry."""


class Place(NamedTuple):
    """How far a listener is: through part `part` of what happened with entry `seq` of the log. Places are ordered."""

    seq: int
    part: int = WHOLE


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One instance. `beat` counts its signs of life, `changed` orders its tenant's arrivals and departures.

    `beat_at` is a time of the wall clock, for people to read; nothing is decided by it.
    """

    instance_id: str
    joined_at: Micros
    state: State
    beat: int
    beat_at: Micros
    lease_ms: int
    session_id: str
    acknowledged: Place
    details: Mapping[str, Json]
    changed: int


@dataclass(frozen=True, slots=True)
class Joining:
    """What an instance says of itself when it joins."""

    instance_id: str
    session_id: str
    lease_ms: int
    details: Mapping[str, Json]


class Instances(Repository):
    """Instances by name, and in the order in which they came and went.

    Writing transactions of one tenant come one after the other, so that `changed` orders commits.
    """

    def get(self, instance_id: str) -> InstanceRow | None:
        rows = self._rows("get_instance", instance_id=instance_id)
        return _row(rows[0]) if rows else None

    def changed_after(self, changed: int, limit: int = 1_000) -> list[InstanceRow]:
        """Who came or went after a change, in that order; of one that did both, only how it ended."""
        return [_row(row) for row in self._rows("instances_changed", after=changed, limit=limit)]

    def newest_change(self) -> int:
        """The number of the newest arrival or departure, 0 if there was none."""
        rows = self._rows("newest_instance_change")
        return int(rows[0][0]) if rows else 0

    def count_here(self) -> int:
        return int(self._rows("count_instances_here")[0][0])

    def put(self, joining: Joining, now: Micros, changed: int) -> None:
        """Keep one that joins, for the first time or after it was gone; what it acknowledged before is kept."""
        known = self.get(joining.instance_id)
        part = known.acknowledged.part if known else WHOLE
        self._rows(
            "put_instance",
            instance_id=joining.instance_id,
            now=now,
            first_beat=1,
            lease_ms=joining.lease_ms,
            session_id=joining.session_id,
            details=_packed(joining.details, part),
            changed=changed,
        )

    def greet(self, joining: Joining, now: Micros, acknowledged: Place) -> None:
        """A beat of one that is here and joins again; `acknowledged` is what it has."""
        self._rows(
            "greet_instance",
            instance_id=joining.instance_id,
            now=now,
            lease_ms=joining.lease_ms,
            session_id=joining.session_id,
            details=_packed(joining.details, acknowledged.part),
        )

    def beat(self, names: Iterable[str], now: Micros) -> dict[str, int]:
        """One more sign of life of each; gives the beats of those that are here."""
        return {row[0]: int(row[1]) for row in self._rows_in("beat_instances", names, now=now)}

    def acknowledge(self, each: Iterable[tuple[str, Place, Mapping[str, Json]]]) -> None:
        """Keep how far instances are, by name, with the details that they joined with; one never goes back."""
        self._each(
            "acknowledge_for_instance",
            [
                {"instance_id": name, "acked_seq": place.seq, "details": _packed(details, place.part)}
                for name, place, details in each
            ],
        )

    def depart(self, instance_id: str, state: State, beat: int, changed: int) -> bool:
        """Note that an instance left or was lost, if it is here and has not beaten since; whether that is so."""
        rows = self._rows("leave_instance", instance_id=instance_id, state=state, beat=beat, changed=changed)
        return bool(rows)

    def forget_departed(self, before: int) -> None:
        """Forget those that are gone and whose departure has a lower number."""
        self._rows("forget_departed_instances", before=before)

    def list(self, *, limit: int = 100, after: str = "", everyone: bool = False) -> list[InstanceRow]:
        """Those who are here, or everyone who is remembered, by name; go on with the last name as `after`."""
        name = "list_instances" if everyone else "list_instances_here"
        return [_row(row) for row in self._rows(name, after=after, limit=limit)]


@contextmanager
def instances_of(backend: StorageBackend, tenant_id: TenantId, *, write: bool = False) -> Iterator[Instances]:
    """A tenant's instances in a transaction of their own, read from no replica. Raises StorageError."""
    with backend.tenant_transaction(tenant_id, write) as connection:
        yield Instances(TenantSession(connection, backend.dialect, tenant_id, write))


def _packed(details: Mapping[str, Json], part: int) -> str:
    return json.dumps({"given": dict(details), "part": part}, separators=(",", ":"))


def _row(row: Row) -> InstanceRow:
    kept = json.loads(row[8])
    acknowledged = Place(int(row[7]), int(kept.get("part", WHOLE)))
    name, joined_at, state, beat, beat_at, lease_ms, session_id = row[:7]
    given = kept.get("given", {})
    return InstanceRow(name, joined_at, state, beat, beat_at, lease_ms, session_id, acknowledged, given, int(row[9]))
