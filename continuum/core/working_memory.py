"""Working memory: the last few distinct concepts in one instance's log entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuum.domain.ids import TenantId, derived_id
from continuum.domain.records import Extraction
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

RECENT_MESSAGES = 64
"""How far back an instance that comes back looks for its own messages."""


class WorkingMemory:
    """Keeps the keys of the latest concepts; what its instance had before a restart is read from the log once.

    Without a lock, which a fork could find taken for ever: values are replaced whole. Of two exchanges that are
    noted in the same instant one may be missed.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: tuple[str, ...] = ()
        """Latest first."""
        self._known: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        """The keys that ids were last asked for, and those ids."""
        self._before: tuple[str, ...] | None = None
        """Ids found in the log when somebody first asked."""

    def note(self, extraction: Extraction) -> None:
        """Take up the concepts of an exchange that was just learnt."""
        latest = [concept.key for concept in extraction.concepts[: self._capacity]]
        self._keys = tuple(dict.fromkeys([*latest, *self._keys]))[: self._capacity]

    def ids(self, engine: Engine, tenant: TenantId, instance_id: str) -> tuple[str, ...]:
        """Entity ids, latest first."""
        keys, known = self._keys, self._known
        if known is None or known[0] is not keys:
            known = self._known = (keys, self._load(engine, tenant, instance_id, keys))
        return known[1]

    def _load(self, engine: Engine, tenant: TenantId, instance_id: str, keys: tuple[str, ...]) -> tuple[str, ...]:
        with engine.unit(tenant, write=False) as work:
            record = work.tenants.get()
            if record is None:
                return ()
            if self._before is None:
                self._before = self._in_log(work, instance_id)
        noted = [derived_id(record.secret, "concept", key) for key in keys]
        return tuple(dict.fromkeys([*noted, *self._before]))[: self._capacity]

    def _in_log(self, work: UnitOfWork, instance_id: str) -> tuple[str, ...]:
        recent = work.messages.list(limit=RECENT_MESSAGES)
        own = [message.seq for message in recent if message.instance_id == instance_id]
        mentions = work.mentions.of_messages(own)
        mentions.sort(key=lambda mention: (-mention.message_seq, mention.start, mention.entity_id))
        return tuple(dict.fromkeys(mention.entity_id for mention in mentions))[: self._capacity]
