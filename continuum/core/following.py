"""What happens to a tenant's memory, heard as it happens, whichever process does it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from continuum.core.change_feed import CHANGES_MAX, Change
from continuum.core.memory_part import MemoryPart
from continuum.core.twins import twin
from continuum.core.validation import checked_count


class FollowedMemory(MemoryPart):
    """The part of `ConsciousMemory` that others follow."""

    def changes(self, after_seq: int = 0, limit: int = CHANGES_MAX) -> list[Change]:
        """The next entries of the log after a position, oldest first, at most `limit` (1 to 1,000), without words.

        Raises InvalidInputError; ConflictError if the log ends before `after_seq`; StorageError.
        """
        self._engine.refuse_if_closed()
        after = checked_count(after_seq, "after_seq", 0, (1 << 63) - 1)
        return self._engine.feed.changes(self.tenant_id, after, limit=checked_count(limit, "limit", 1, CHANGES_MAX))

    def follow(self, after_seq: int = 0, *, stop: threading.Event) -> Iterator[Change]:
        """Each change after a position, once and in order, as it is committed anywhere, until `stop` is set.

        Waits in between. To go on later, follow from the `seq` of the last change. Raises as `changes` does.
        """
        self._engine.refuse_if_closed()
        after = checked_count(after_seq, "after_seq", 0, (1 << 63) - 1)
        return self._engine.feed.follow(self.tenant_id, after, stop=stop)

    achanges = twin(changes, "readers")
