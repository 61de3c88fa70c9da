"""Where concepts are named: the evidence under every derived row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from continuum.domain.records import Mention
from continuum.storage.repositories.base import Repository


class Mentions(Repository):
    """Mentions, found by entity or by message."""

    def append(self, mentions: Sequence[Mention]) -> None:
        """Keep mentions; one that is there already is left as it is."""
        self._put(
            "append_mentions",
            [
                (each.entity_id, each.message_seq, each.start, each.end, each.exchange_id)
                for each in sorted(mentions, key=lambda each: (each.message_seq, each.start, each.entity_id))
            ],
        )

    def of_entity(self, entity_id: str, limit: int = 100) -> list[Mention]:
        """One entity's mentions, newest first."""
        return [Mention(*row) for row in self._rows("mentions_of_entity", entity_id=entity_id, limit=limit)]

    def of_entities(self, ids: Iterable[str], per_entity_limit: int = 100) -> list[Mention]:
        """The newest mentions of each entity, in the order of `ids`."""
        return [each for entity_id in dict.fromkeys(ids) for each in self.of_entity(entity_id, per_entity_limit)]

    def foresee(self, seqs: Iterable[int]) -> None:
        """`of_messages` will be asked for exactly these."""
        self._foresee_in("mentions_of_messages", seqs)

    def of_messages(self, seqs: Iterable[int]) -> list[Mention]:
        """Everything these messages name, in the order of their words."""
        return sorted(
            (Mention(*row) for row in self._rows_in("mentions_of_messages", seqs)),
            key=lambda each: (each.message_seq, each.start, each.entity_id),
        )
