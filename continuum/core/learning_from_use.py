"""The part of `ConsciousMemory` that learns from use: feedback, a tenant's own weights, and the health of its graph."""

from __future__ import annotations

from collections.abc import Iterable

from continuum.core.feedback import FeedbackResult, give_feedback, ranker_report, reset_ranker
from continuum.core.graph_health import LIST_MAX, GraphStats, PruneResult, graph_stats, prune_links
from continuum.core.memory_part import MemoryPart
from continuum.core.ranker import RankerReport
from continuum.core.twins import twin
from continuum.core.validation import Timestamp, checked_count, checked_time
from continuum.core.working_memory import WorkingMemory
from continuum.errors import InvalidInputError


class UsefulMemory(MemoryPart):
    """Operations on what was used; mixed into `ConsciousMemory`."""

    _working_memory: WorkingMemory

    def feedback(
        self, recall_id: str, used: str | Iterable[str] = (), ignored: str | Iterable[str] = ()
    ) -> FeedbackResult:
        """Say which of the memories, facts and concepts that a recall showed were used, and which were not.

        What was used grows stronger for questions like that one; reading alone changes nothing. Each id of a recall
        counts once, however often it is said. Raises InvalidInputError (a forged, foreign or expired recall id, an id
        that this recall did not show) and NotFoundError.
        """
        return give_feedback(self._engine, self.tenant_id, recall_id, used, ignored)

    def ranking(self) -> RankerReport:
        """The signal weights learnt from feedback, how they do against the default ones, and whether they rank."""
        return ranker_report(self._engine, self.tenant_id)

    def reset_ranking(self) -> RankerReport:
        """Begin anew with the default weights; feedback given so far no longer counts for weights. A log entry."""
        reset_ranker(self._engine, self.tenant_id)
        return ranker_report(self._engine, self.tenant_id)

    # -- the graph ---------------------------------------------------------------------------------------------

    def graph(self, limit: int = 20) -> GraphStats:
        """The concept graph in numbers: links by strength, orphans, the most connected, what is active.

        Reads all links: for a look now and then. Raises InvalidInputError.
        """
        size = checked_count(limit, "limit", 0, LIST_MAX)
        active = self._working_memory.ids(self._engine, self.tenant_id, self.instance_id)
        return graph_stats(self._engine, self.tenant_id, size, active)

    def prune(self, below: float, older_than: Timestamp, *, dry_run: bool = True) -> PruneResult:
        """Delete links of co-occurrence that are weaker than `below` and were not seen since `older_than`.

        With `dry_run`, which is the default, nothing is changed. A log entry; what was said stays, and concepts that
        meet again are linked anew. Raises InvalidInputError.
        """
        before = checked_time(older_than, "older_than")
        if before is None:
            raise InvalidInputError("older_than", "is missing; name the moment since when a link was not seen")
        return prune_links(self._engine, self.tenant_id, below, before, dry_run=bool(dry_run))

    agraph = twin(graph, "readers")
    aprune = twin(prune, "writers")
    afeedback = twin(feedback, "writers")
    aranking = twin(ranking, "readers")
    areset_ranking = twin(reset_ranking, "writers")
