"""What those who listen to a tenant are told of a stretch of its log: messages, and what was new with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from continuum.domain.clock import Micros
from continuum.domain.ids import TenantId
from continuum.domain.records import Role
from continuum.storage.base import StorageBackend
from continuum.storage.repositories.base import Repository, TenantSession

PREVIEW_CHARS = 120
"""Characters (code points) of a message that its listeners are shown."""
_NOT_CONCEPTS = ("session", "decision")


@dataclass(frozen=True, slots=True)
class NewConcept:
    """A concept that was named for the first time."""

    entity_id: str
    name: str
    entity_type: str


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision that a message holds."""

    decision_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One message with what was new with it. A message that is hidden or was forgotten is none."""

    seq: int
    message_id: str
    session_id: str
    instance_id: str
    role: Role
    recorded_at: Micros
    preview: str
    concepts: tuple[NewConcept, ...] = ()
    decisions: tuple[NewDecision, ...] = ()


@dataclass(frozen=True, slots=True)
class HappeningPage:
    """What happened up to position `upto`, in order, of a log that ends at `position` (0: the tenant is not known)."""

    position: int
    upto: int
    happenings: tuple[Happening, ...]


class Happenings(Repository):
    """Reads stretches of a tenant's log as its listeners hear of them."""

    def after(self, after_seq: int, limit: int) -> HappeningPage:
        """What happened with the next `limit` entries after a position; in one round trip.

        Positions have no gaps, so the stretch is known before it is read.
        """
        upto = after_seq + limit
        position = self._asked("get_position")
        messages = self._asked("happened_messages", after=after_seq, upto=upto, chars=PREVIEW_CHARS)
        concepts = self._asked("happened_concepts", after=after_seq, upto=upto)
        decisions = self._asked("happened_decisions", after=after_seq, upto=upto)
        self._session.end()
        found = position()
        if not found:  # unknown, or still being copied: then nothing is final before the position is there
            return HappeningPage(0, 0, ())
        last = int(found[0][0])
        named: dict[int, list[NewConcept]] = defaultdict(list)
        for seq, entity_id, name, kind in concepts():
            if kind not in _NOT_CONCEPTS:
                named[seq].append(NewConcept(entity_id, name, kind))
        decided: dict[int, list[NewDecision]] = defaultdict(list)
        for seq, decision_id, text in decisions():
            decided[seq].append(NewDecision(decision_id, text))
        happened = tuple(
            Happening(seq, own_id, session, instance, role, at, words, tuple(named[seq]), tuple(decided[seq]))
            for seq, own_id, session, instance, role, at, words in messages()
            if seq <= last
        )
        return HappeningPage(last, min(upto, last), happened)


def read_happenings(backend: StorageBackend, tenant_id: TenantId, after_seq: int, limit: int) -> HappeningPage:
    """A stretch of a tenant's log, read in a transaction of its own, from no replica. Raises StorageError."""
    with backend.tenant_transaction(tenant_id) as connection:
        return Happenings(TenantSession(connection, backend.dialect, tenant_id)).after(after_seq, limit)
