"""Derives exchanges anew after some of their messages changed or went, and everything that leant on them.

First look (`Retelling`), then change the messages, then `finish`: so the rows before and after are both known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from continuum.core.fact_writing import REFERENCE_MESSAGES_MAX, fold_again, resolve_and_keep, said_in
from continuum.core.facts_by_hand import marks_again, state_entry
from continuum.core.leaning import after_a_move, counting_since
from continuum.core.rebuilding import exchange_of
from continuum.core.recording import index_terms, indexed, keep_evidence
from continuum.core.refolding import Fold, take_away
from continuum.domain.records import LogEntry, StoredMessage, Taught
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine


Change = Literal["erased", "reworded", "hidden", "returned"]


class Retelling:
    """What messages at some positions taught, and who leant on it."""

    def __init__(
        self, engine: Engine, work: UnitOfWork, how: Fold, seqs: Iterable[int], change: Change = "erased"
    ) -> None:
        """Look at what is to change: what later statements may refer to is asked of all but the `erased`.

        `hidden` messages and entries are looked at while they are there still, `returned` ones when they are again.
        """
        self._engine, self._work, self._how = engine, work, how
        self._changed = set(seqs)
        self._moved = change in ("hidden", "returned")
        self._reworded = change == "reworded"
        self._returned = self._changed if change == "returned" else set[int]()
        messages = work.messages.by_seqs(self._changed)
        self._exchanges = sorted({message.exchange_id for message in messages.values()})
        self._evidence = work.evidence.of_exchanges(self._exchanges)
        leaning = self._leaning_on(self._changed)
        if change == "reworded":
            leaning |= self._leaning_on(self._changed | self._waiting_for(list(messages.values())))
            leaning |= self._waiting_for(list(messages.values()))
        if self._moved:
            leaning |= after_a_move(engine, work, self._changed)
            leaning |= self._leaning_on(self._changed | leaning)
        self._dependents = (leaning | self._superseding()) - self._changed
        if self._moved:
            self._dependents -= work.quarantines.hidden(self._dependents)
        stated = work.facts.every_statement_at(self._changed | self._dependents)
        self._slots = {each.slot_id for each in stated}

    def _leaning_on(self, seqs: set[int]) -> set[int]:
        """The messages and entries whose statements took their slots from these, and from those again."""
        found: set[int] = set()
        waiting = set(seqs)
        while waiting:
            referring = {each.seq for each in self._work.facts.referring_to(sorted(waiting))}
            waiting = referring - found - seqs
            found |= waiting
        return found

    def _waiting_for(self, messages: Sequence[StoredMessage]) -> set[int]:
        """What comes later and may refer to new words: what names a former value, and what follows in the session."""
        found: set[int] = set()
        for message in messages:
            found |= set(self._work.facts.replacing_after(message.seq))
            found |= set(self._work.history.seqs_following(message.session_id, message.seq, REFERENCE_MESSAGES_MAX))
        return found

    def _superseding(self) -> set[int]:
        """The entries in which these exchanges superseded others: each stands right behind its exchange."""
        behind = self._work.history.entries([each.last_seq + 1 for each in self._evidence])
        return {entry.seq for entry in behind if entry.kind == "supersession"} - self._changed

    def finish(self, worded_since: int | None = None) -> None:
        """Derive anew, now that the messages are as they are to be; a new wording counts from `worded_since`."""
        work, left = self._work, self._left()
        if self._reworded:
            self._look_again()
        seqs = [message.seq for messages in left for message in messages]
        work.history.remove_mentions(seqs)
        work.decisions.remove(sorted({*seqs, *self._changed}))
        work.evidence.remove(self._evidence)
        retold = [self._teach(messages) for messages in left]
        take_away(work, self._how, self._evidence, retold)
        self._state(left, worded_since)
        fold_again(work, self._how.secret, self._slots)

    def _look_again(self) -> None:
        """What the new words say may be what others waited for."""
        leaning = after_a_move(self._engine, self._work, self._changed) - self._changed
        self._dependents |= leaning - self._work.quarantines.hidden(leaning)
        self._slots |= {each.slot_id for each in self._work.facts.every_statement_at(self._dependents)}

    def _left(self) -> list[list[StoredMessage]]:
        """The messages that are there, by exchange."""
        seqs = {*self._work.history.seqs_of_exchanges(self._exchanges), *self._changed}
        by_exchange: dict[str, list[StoredMessage]] = {}
        for seq, message in sorted(self._work.messages.by_seqs(seqs).items()):
            assert seq == message.seq
            by_exchange.setdefault(message.exchange_id, []).append(message)
        return [by_exchange[each] for each in sorted(by_exchange)]

    def _teach(self, messages: Sequence[StoredMessage]) -> Taught:
        extraction = self._engine.pipeline.extract(exchange_of(messages))
        terms = index_terms([message.text for message in messages], extraction)
        changed = [(m, own) for m, own in zip(messages, terms, strict=True) if m.seq in self._changed]
        self._work.messages.index([indexed(message, own) for message, own in changed])
        return keep_evidence(self._work, self._how.secret, messages, extraction)

    def _state(self, left: Sequence[Sequence[StoredMessage]], worded_since: int | None) -> None:
        """State again what reworded messages say, and what leant on any of them, in the order of the log."""
        work = self._work
        changed = {message.seq: message for messages in left for message in messages if message.seq in self._changed}
        again = self._dependents | self._returned
        counted = work.facts.statements_at(sorted(again))
        since = {each.seq: each.since_seq for each in counted}
        if self._moved:
            since = counting_since(work, again)
        work.apart.wait_no_more(sorted(self._dependents | self._changed))
        if worded_since is None:
            for each in counted:
                work.facts.remove_statement(each.seq, each.number)
        else:
            work.facts.close(sorted(self._dependents), worded_since)  # what was known until now stays known
        leaning = work.messages.by_seqs(self._dependents)
        entries = {e.seq: e for e in work.history.entries(again - leaning.keys() - changed.keys())}
        for seq in sorted({*changed, *leaning, *entries}):
            if seq in entries:
                gone = worded_since is None and not self._moved
                self._state_entry(entries[seq], worded_since or since.get(seq), gone=gone)
            else:
                self._state_message(leaning.get(seq) or changed[seq], worded_since or since.get(seq))
        stated = work.facts.every_statement_at(self._changed | self._dependents)
        self._slots |= {each.slot_id for each in stated}

    def _state_message(self, message: StoredMessage, since: int | None) -> None:
        work = self._work
        together = work.messages.by_seqs(work.history.seqs_of_exchanges([message.exchange_id]))
        messages = [together[seq] for seq in sorted(together)]
        number = messages.index(message)
        found = [f for f in self._engine.pipeline.extract(exchange_of(messages)).facts if f.span.message == number]
        resolve_and_keep(work, self._how.secret, said_in(message, since), found)

    def _state_entry(self, entry: LogEntry, since: int | None, *, gone: bool) -> None:
        if entry.kind == "facts":
            state_entry(self._work, self._how.secret, entry, since)
        elif entry.kind in ("retraction", "supersession"):
            marks = marks_again(self._work, self._how.secret, entry, since)
            self._work.facts.append(marks)
            if not marks and gone and entry.kind == "retraction":
                self._work.history.blank_entries([entry.seq])  # its reason may repeat what was retracted
