"""Looking around in a memory: its sessions, decisions and entities, one by one and page by page."""

from __future__ import annotations

from dataclasses import dataclass

from continuum.core.adjusting import adjustments_of
from continuum.core.listings import ROWS_PER_PAGE_MAX
from continuum.core.memory_part import MemoryPart
from continuum.core.twins import twin
from continuum.core.validation import checked_count, checked_label
from continuum.domain.clock import Micros
from continuum.domain.records import AttentionLink, Decision, Entity, StoredMessage
from continuum.errors import NotFoundError
from continuum.storage.repositories.sessions import SessionRecord
from continuum.storage.unit_of_work import UnitOfWork

DecisionPlace = tuple[int, int, str]
"""The position of a decision's message in the log, where it starts in it, and its id."""
DEPTH_MAX = 3
NODES_MAX = 500
PER_NODE_MAX = 100


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Entities around one, nearest first, and the links among them; `is_cut` if there were more than fit."""

    centre: Entity
    entities: tuple[Entity, ...]
    links: tuple[AttentionLink, ...]
    is_cut: bool = False


class BrowsedMemory(MemoryPart):
    """The part of `ConsciousMemory` that lists what there is."""

    def sessions(self, limit: int = 100, *, before: tuple[Micros, str] | None = None) -> list[SessionRecord]:
        """Sessions, those active last first, at most 10,000; go on with the last one's time and id as `before`."""
        size = checked_count(limit, "limit", 1, ROWS_PER_PAGE_MAX)
        with self._engine.unit(self.tenant_id, write=False) as work:
            return work.sessions.list(size, before=before)

    def session(self, session_id: str) -> SessionRecord:
        """One session. Raises NotFoundError, InvalidInputError."""
        name = checked_label(session_id, "session_id")
        with self._engine.unit(self.tenant_id, write=False) as work:
            found = work.sessions.get(name)
        if found is None:
            raise NotFoundError("session_id: there is no session of that name")
        return found

    def decisions(self, limit: int = 100, *, before: Decision | DecisionPlace | None = None) -> list[Decision]:
        """Decisions, newest first, at most 10,000; go on with the last one, or its place, as `before`."""
        size = checked_count(limit, "limit", 1, ROWS_PER_PAGE_MAX)
        place = (before.message_seq, before.start, before.id) if isinstance(before, Decision) else before
        with self._engine.unit(self.tenant_id, write=False) as work:
            return work.decisions.list(limit=size) if place is None else work.decisions.list_before(place, size)

    def message(self, message_id: str) -> StoredMessage:
        """One message with its words. Raises NotFoundError, InvalidInputError."""
        name = checked_label(message_id, "message_id")
        with self._engine.unit(self.tenant_id, write=False) as work:
            found = work.messages.by_ids([name]).get(name)
        if found is None:
            raise NotFoundError("message_id: there is no message of that id")
        return found

    def entity(self, entity_id: str) -> Entity:
        """One entity, as merges and renames have left it. Raises NotFoundError, InvalidInputError."""
        name = checked_label(entity_id, "entity_id")
        with self._engine.unit(self.tenant_id, write=False) as work:
            return _entity(work, name)

    def neighbourhood(
        self, entity_id: str, *, depth: int = 1, per_node: int = 20, min_strength: float = 0.0
    ) -> Neighbourhood:
        """What is linked to an entity, up to `depth` steps away (1 to 3), over the `per_node` strongest links of each.

        At most 500 entities. Raises NotFoundError, InvalidInputError.
        """
        name = checked_label(entity_id, "entity_id")
        steps = checked_count(depth, "depth", 1, DEPTH_MAX)
        width = checked_count(per_node, "per_node", 1, PER_NODE_MAX)
        with self._engine.unit(self.tenant_id, write=False) as work:
            centre = _entity(work, name)
            near = {centre.id: None}
            edge = [centre.id]
            for _ in range(steps):
                links = work.links.neighbours(edge, per_node=width, min_strength=min_strength)
                found = [end for link in links for end in (link.concept_a, link.concept_b) if end not in near]
                edge = list(dict.fromkeys(found))
                near.update(dict.fromkeys(edge))
                if len(near) > NODES_MAX or not edge:
                    break
            kept = list(near)[:NODES_MAX]
            entities = work.entities.by_ids(kept)
            among = [link for link in work.links.between(kept) if link.strength >= min_strength]
        return Neighbourhood(
            centre,
            tuple(entities[each] for each in kept if each in entities and each != centre.id),
            tuple(sorted(among, key=lambda link: (-link.strength, link.concept_a, link.concept_b, link.link_type))),
            len(near) > NODES_MAX,
        )

    asessions = twin(sessions, "readers")
    asession = twin(session, "readers")
    adecisions = twin(decisions, "readers")
    amessage = twin(message, "readers")
    aentity = twin(entity, "readers")
    aneighbourhood = twin(neighbourhood, "readers")


def _entity(work: UnitOfWork, entity_id: str) -> Entity:
    tenant = work.tenants.get()
    own = entity_id if tenant is None else adjustments_of(work, tenant.adjustments).entity(entity_id)
    found = work.entities.by_ids([own]).get(own)
    if found is None:
        raise NotFoundError("entity_id: there is no entity of that id")
    return found
