"""The part of `ConsciousMemory` that keeps it true: facts, time, forgetting, and order among concepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from continuum.core.adjustments_by_hand import merge_concepts, rename_concept, undo_adjustment
from continuum.core.consolidating import ConsolidatedSession, consolidate_sessions
from continuum.core.erasing import ForgetResult, forget
from continuum.core.fact_ledger import held_at
from continuum.core.fact_reading import recalled
from continuum.core.facts_by_hand import REASON_BYTES_MAX, TaughtFactInput, retract_fact, teach_facts
from continuum.core.looking_back import (
    MemoryDiff,
    MemoryState,
    TimelineEvent,
    diff_between,
    state_at,
    timeline_of,
)
from continuum.core.memory_part import MemoryPart
from continuum.core.moments import Moment
from continuum.core.past import Past
from continuum.core.receipts import ChainReport, Receipt, receipt_from_json, verify_chain
from continuum.core.retention import RetentionPolicy, SweepResult, get_policy, set_policy, sweep_tenant
from continuum.core.revising import revise_message
from continuum.core.selecting import checked_selector
from continuum.core.twins import twin
from continuum.core.validation import (
    Timestamp,
    checked_count,
    checked_label,
    checked_scope,
    checked_text,
    checked_time,
)
from continuum.domain.clock import Micros
from continuum.domain.facts import Fact
from continuum.domain.records import Entity, Origin, StoredMessage
from continuum.domain.results import RecalledFact
from continuum.errors import InvalidInputError, StorageError
from continuum.language.attributes import fact_key
from continuum.storage.unit_of_work import UnitOfWork

FACTS_PER_PAGE_MAX = 10_000
FACTS_AT_ONCE = 500
RECEIPTS_AT_ONCE = 1_000
CONFLICTS_MAX = 1_000
LIST_MAX = 10_000
SESSIONS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Conflict:
    """Values of one slot that contradict each other, where nothing tells which is right; newest first."""

    subject: str
    attribute: str
    facts: tuple[RecalledFact, ...]


class LastingMemory(MemoryPart):
    """Operations on facts, time and forgetting; mixed into `ConsciousMemory`."""

    # -- facts -----------------------------------------------------------------------------------------------

    def facts(
        self,
        subject: str | None = None,
        attribute: str | None = None,
        *,
        as_of: Timestamp = None,
        known_at: Timestamp = None,
        current_only: bool = False,
        after: str = "",
        limit: int = 100,
    ) -> list[RecalledFact]:
        """Facts in the order of their ids, of one subject or attribute if named; page on with the last id as `after`.

        `as_of` is the moment at which `current` is judged, `known_at` shows them as they were known then. Raises
        InvalidInputError.
        """
        size = checked_count(limit, "limit", 1, FACTS_PER_PAGE_MAX)
        moment = self._moment(as_of, known_at)
        at = self._engine.clock.now() if moment.as_of is None else moment.as_of
        names = {
            "subject_key": None if subject is None else fact_key(checked_label(subject, "subject")),
            "attribute_key": None if attribute is None else fact_key(checked_label(attribute, "attribute")),
        }
        start = checked_text(after, "after", 64)
        with self._engine.unit(self.tenant_id, write=False) as work:
            tenant = work.tenants.get()
            if tenant is not None and moment.known_at is not None:
                around = Past(self._engine, work, tenant, moment).facts(work.facts.every_slot())
                known = (f for f in around if f.id > start and _is_named(f, names))
                found = sorted((f for f in known if held_at(f, at) or not current_only), key=lambda f: f.id)[:size]
            else:
                found = list(islice(_facts_after(work, start, names, at, current_only=current_only), size))
                around = work.facts.of_slots(sorted({fact.slot_id for fact in found}))
        by_id = {fact.id: fact for fact in around}
        return [recalled(fact, by_id, at) for fact in found]

    def learn_facts(
        self,
        facts: Iterable[TaughtFactInput],
        *,
        origin: Origin | str = Origin.USER,
        source: str = "user",
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
    ) -> tuple[Fact, ...]:
        """Teach facts directly, all of them or none; gives those that are new or changed.

        The same rules hold as for facts that messages state; a less trusted `origin` never supersedes a more trusted
        one. A log entry. Raises InvalidInputError.
        """
        scope = checked_scope(user_id, agent_id, project_id)
        return teach_facts(self._engine, self.tenant_id, facts, origin=origin, source=source, scope=scope)

    def retract(self, fact_id: str, reason: str) -> Fact:
        """Say that a fact was never right; what it had replaced holds again. Nothing is deleted.

        Raises NotFoundError and InvalidInputError.
        """
        return retract_fact(self._engine, self.tenant_id, fact_id, reason)

    def revise(self, message_id: str, text: str) -> StoredMessage:
        """Give a message new words; what it teaches is derived anew, and the old wording is kept in history.

        Raises NotFoundError and InvalidInputError.
        """
        return revise_message(self._engine, self.tenant_id, message_id, text)

    def conflicts(self, limit: int = 100) -> list[Conflict]:
        """Contradictions that cannot be decided, with both sources. Raises InvalidInputError."""
        size = checked_count(limit, "limit", 1, CONFLICTS_MAX)
        now = self._engine.clock.now()
        with self._engine.unit(self.tenant_id, write=False) as work:
            slots = work.facts.disputed_slots(size)
            facts = work.facts.of_slots(slots)
        found = []
        for slot in slots:
            own = [f for f in facts if f.slot_id == slot and f.status in ("disputed", "current")]
            own.sort(key=lambda fact: -fact.last_seq)
            by_id = {fact.id: fact for fact in own}
            shown = tuple(recalled(fact, by_id, now) for fact in own)
            found.append(Conflict(own[0].subject, own[0].attribute, shown))
        return found

    # -- time ------------------------------------------------------------------------------------------------

    def state(self, *, as_of: Timestamp = None, known_at: Timestamp = None) -> MemoryState:
        """The whole memory as it was: messages, concepts, links, compounds, decisions, facts. Reads all of it."""
        return state_at(self._engine, self.tenant_id, self._moment(as_of, known_at))

    def diff(self, since: Timestamp, until: Timestamp = None, *, limit: int = 1_000) -> MemoryDiff:
        """What was learnt, changed, superseded, retracted and erased between two moments, as recorded: (since, until].

        `until` is now if it is not given. Raises InvalidInputError.
        """
        start, end = checked_time(since, "since"), checked_time(until, "until")
        if start is None:
            raise InvalidInputError("since", "is missing; name a moment")
        end = self._engine.clock.now() if end is None else end
        if end < start:
            raise InvalidInputError("until", "must not be earlier than since")
        return diff_between(self._engine, self.tenant_id, start, end, checked_count(limit, "limit", 1, LIST_MAX))

    def timeline(self, concept: str, *, limit: int = 1_000) -> tuple[TimelineEvent, ...]:
        """The life of a concept: mentions, decisions, facts, merges; oldest first. Raises NotFoundError."""
        name = checked_label(concept, "concept")
        return timeline_of(self._engine, self.tenant_id, name, checked_count(limit, "limit", 1, LIST_MAX))

    # -- forgetting ------------------------------------------------------------------------------------------

    def forget(
        self,
        message_id: str | None = None,
        *,
        concept: str | None = None,
        fact_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
        before: Timestamp = None,
        reason: str = "",
        dry_run: bool = False,
    ) -> ForgetResult:
        """Erase messages with all that only they taught, as if they had never been; name exactly one thing.

        A `concept` takes the messages that name it, a fact those that state it; `before` everything said earlier.
        With `dry_run` nothing is kept of it: the answer says what would go. The receipt's `scrubbed_at` tells when
        the bytes have left the store's files, minutes later at most. Raises NotFoundError, InvalidInputError.
        """
        wanted = checked_selector(
            message_id=message_id,
            concept=concept,
            fact_id=fact_id,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
            before=before,
        )
        why = checked_text(reason, "reason", REASON_BYTES_MAX)
        return forget(self._engine, self.tenant_id, wanted, why, dry_run=bool(dry_run))

    def receipts(self, after: int = 0, limit: int = 100) -> list[Receipt]:
        """What was forgotten, oldest first, without words; page on with the last number as `after`."""
        start, size = checked_count(after, "after", 0, 1 << 62), checked_count(limit, "limit", 1, RECEIPTS_AT_ONCE)
        with self._engine.unit(self.tenant_id, write=False) as work:
            return [receipt_from_json(row.receipt) for row in work.erasures.list(start, size) if row.state != "running"]

    def verify_receipts(self, head: str | None = None) -> ChainReport:
        """Check the chain of all receipts; `head` is a hash that was the newest at some time.

        Raises InvalidInputError.
        """
        known = None if head is None else checked_text(head, "head", 128)
        receipts: list[Receipt] = []
        while page := self.receipts(receipts[-1].number if receipts else 0, RECEIPTS_AT_ONCE):
            receipts += page
        return verify_chain(receipts, self.tenant_id, head=known)

    def scrub(self) -> bool:
        """Take erased bytes out of the store's files now; False if readers of old rows hold it: try again.

        Raises StorageError on a store that cannot do it: what was forgotten is gone for every query all the same.
        """
        scrubbed = self._engine.upkeep.scrub_now()
        if not self._engine.backend.scrubs:
            raise StorageError(
                "what was forgotten is gone for every query, but this kind of store cannot promise that its files, its "
                "log and its backups hold no byte of it"
            )
        return scrubbed

    def retention(self) -> RetentionPolicy:
        """How long this tenant keeps what."""
        return get_policy(self._engine, self.tenant_id)

    def set_retention(self, policy: RetentionPolicy) -> RetentionPolicy:
        """Say how long this tenant keeps what; a log entry. Raises InvalidInputError."""
        return set_policy(self._engine, self.tenant_id, policy)

    def sweep(self) -> SweepResult:
        """Forget now what has come to its end; a background thread does it every quarter of an hour."""
        return sweep_tenant(self._engine, self.tenant_id)

    def consolidate(
        self, before: Timestamp = None, *, keep_originals: bool = True, limit: int = 100
    ) -> tuple[ConsolidatedSession, ...]:
        """Sum up sessions that were last active before a moment (default: now) by their own most telling sentences.

        With `keep_originals` False the messages they sum up are forgotten, and their facts stay. Raises
        InvalidInputError.
        """
        size = checked_count(limit, "limit", 1, SESSIONS_MAX)
        moment = checked_time(before, "before")
        end = self._engine.clock.now() if moment is None else moment
        keep = bool(keep_originals)
        return consolidate_sessions(self._engine, self.tenant_id, end, size, keep_originals=keep)

    # -- concepts by hand ------------------------------------------------------------------------------------

    def merge_concepts(self, name: str, into: str) -> tuple[Entity, int]:
        """Let one concept stand for another; gives the joined one and the position to `undo` it by.

        Raises NotFoundError and InvalidInputError.
        """
        return merge_concepts(self._engine, self.tenant_id, name, into)

    def rename_concept(self, name: str, new_name: str) -> tuple[Entity, int]:
        """Give a concept another name; gives it and the position to `undo` it by.

        Raises NotFoundError, InvalidInputError, and ConflictError if another concept has the name.
        """
        return rename_concept(self._engine, self.tenant_id, name, new_name)

    def undo(self, seq: int) -> int:
        """Undo the merge or rename made at a position of the log; gives the undoing's own. Raises NotFoundError."""
        return undo_adjustment(self._engine, self.tenant_id, seq)

    def _moment(self, as_of: Timestamp, known_at: Timestamp) -> Moment:
        return Moment(checked_time(known_at, "known_at"), checked_time(as_of, "as_of"))

    # -- async twins -------------------------------------------------------------------------------------------

    afacts = twin(facts, "readers")
    alearn_facts = twin(learn_facts, "writers")
    aretract = twin(retract, "writers")
    arevise = twin(revise, "writers")
    aconflicts = twin(conflicts, "readers")
    astate = twin(state, "readers")
    adiff = twin(diff, "readers")
    atimeline = twin(timeline, "readers")
    aforget = twin(forget, "writers")
    areceipts = twin(receipts, "readers")
    averify_receipts = twin(verify_receipts, "readers")
    ascrub = twin(scrub, "writers")
    aretention = twin(retention, "readers")
    aset_retention = twin(set_retention, "writers")
    asweep = twin(sweep, "writers")
    aconsolidate = twin(consolidate, "writers")
    amerge_concepts = twin(merge_concepts, "writers")
    arename_concept = twin(rename_concept, "writers")
    aundo = twin(undo, "writers")


def _facts_after(
    work: UnitOfWork, start: str, names: Mapping[str, str | None], at: Micros, *, current_only: bool
) -> Iterator[Fact]:
    """Facts behind an id, in the order of their ids; of those that hold at a moment, if only they are wanted."""
    while page := work.facts.list(after=start, limit=FACTS_AT_ONCE, **names):
        yield from (fact for fact in page if not current_only or held_at(fact, at))
        start = page[-1].id


def _is_named(fact: Fact, names: Mapping[str, str | None]) -> bool:
    """Whether a fact has the subject and attribute that are named, if they are."""
    keys = {"subject_key": fact_key(fact.subject), "attribute_key": fact_key(fact.attribute)}
    return all(name is None or keys[field] == name for field, name in names.items())
