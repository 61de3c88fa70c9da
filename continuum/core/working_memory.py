"""Working memory: the last few distinct concepts in one instance's log entries."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from continuum.domain.ids import TenantId, derived_id
from continuum.domain.records import Extraction

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

RECENT_MESSAGES = 64
"""How far back an instance that comes back looks for its own messages."""


class WorkingMemory:
    """Keeps the keys of the latest concepts; after a restart under the same name it is read from the log once."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._ids: tuple[str, ...] | None = None
        self._lock = threading.Lock()

    def note(self, extraction: Extraction) -> None:
        """Take up the concepts of an exchange that was just learnt."""
        with self._lock:
            for concept in reversed(extraction.concepts[: self._capacity]):
                self._keys.pop(concept.key, None)
                self._keys[concept.key] = None
            while len(self._keys) > self._capacity:
                self._keys.popitem(last=False)
            self._ids = None

    def ids(self, engine: Engine, tenant: TenantId, instance_id: str) -> tuple[str, ...]:
        """Entity ids, latest first."""
        with self._lock:
            if self._ids is None:
                self._ids = self._load(engine, tenant, instance_id)
            return self._ids

    def _load(self, engine: Engine, tenant: TenantId, instance_id: str) -> tuple[str, ...]:
        with engine.unit(tenant, write=False) as work:
            record = work.tenants.get()
            if record is None:
                return ()
            if self._keys:
                return tuple(derived_id(record.secret, "concept", key) for key in reversed(self._keys))
            recent = work.messages.list(limit=RECENT_MESSAGES)
            own = [message.seq for message in recent if message.instance_id == instance_id]
            mentions = work.mentions.of_messages(own)
        mentions.sort(key=lambda mention: (-mention.message_seq, mention.start, mention.entity_id))
        return tuple(dict.fromkeys(mention.entity_id for mention in mentions))[: self._capacity]
