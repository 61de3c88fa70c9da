"""Facts: what a text states of something, and what a question asks of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from continuum.domain.clock import Micros
from continuum.domain.records import Origin, Scope, Span

USER_SUBJECT = "user"
"""The subject of "I", "we", "my" and "our" where the message names no speaker."""


class FactMode(StrEnum):
    """What a statement does to the facts of its slot (subject, attribute)."""

    STATE = "state"
    """It is so."""
    CHANGE = "change"
    """It is so now, and was otherwise before: "moved to", "switched to", "now"."""
    CORRECTION = "correction"
    """What was said before was wrong: "no, I meant"."""
    END = "end"
    """It is no longer so: "no longer", "stopped", "quit"."""
    RETRACT = "retract"
    """By hand: the fact that `refers_to` names was never right."""
    SUPERSEDE = "supersede"
    """By hand: the fact that `refers_to` names has had its time."""


@dataclass(frozen=True, slots=True)
class ExtractedFact:
    """One statement of a text about one slot; `span` is the clause that supports it.

    `subject`, `attribute` and `value` are the forms to show; slots compare their keys. A correction that names
    neither ("no, I meant Porto") leaves both '': they are those of what the speaker stated last. `replaces` is the
    former value where the text names it ("from Jenkins to GitHub Actions"). `valid_from` is when it began, None for
    the moment it was said; `valid_to` is set only for what the text itself says is over ("I used to live in Porto").
    `polarity` False states that the value does not hold ("I don't eat meat").
    """

    subject: str
    attribute: str
    value: str
    span: Span
    mode: FactMode = FactMode.STATE
    polarity: bool = True
    single: bool = False
    """Whether the attribute has one value at a time."""
    replaces: str = ""
    confidence: float = 0.8
    valid_from: Micros | None = None
    valid_to: Micros | None = None


AskedTime = Literal["now", "before", "at", "ever"]


@dataclass(frozen=True, slots=True)
class FactQuestion:
    """The slots that a question may ask for, most likely first; all keys as `fact_key` gives them.

    `subjects` empty means any. `values` are values that the question names ("do I still eat meat?"). `time`:
    ``now``; ``before`` what the present value, or `before_value`, replaced; ``at`` within [`start`, `end`);
    ``ever`` all of its history.
    """

    attributes: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    time: AskedTime = "now"
    before_value: str = ""
    start: Micros | None = None
    end: Micros | None = None


FactStatus = Literal["current", "replaced", "wrong", "ended", "retracted", "disputed"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One resolved statement, as evidence: `seq` is the log position of its message or entry, `number` its place there.

    A slot is (scope, subject, attribute), and for an attribute of many values the value too.
    """

    slot_id: str
    seq: int
    number: int
    subject: str
    attribute: str
    value: str
    mode: FactMode
    polarity: bool
    single: bool
    replaces: str
    confidence: float
    valid_from: Micros
    valid_to: Micros | None
    recorded_at: Micros
    message_id: str
    """The message that states it, or the log entry that taught it."""
    start: int
    end: int
    """Characters [start, end) of that message; both 0 for a taught fact."""
    origin: Origin
    source: str
    """Who says it: the speaker, else the role or what the teacher named."""
    scope: Scope = Scope()
    refers_to: tuple[int, int] | None = None
    """The statement (seq, number) that gave this one its slot, where its own words did not."""
    since_seq: int = 0
    until_seq: int | None = None
    """The positions between which it counts: a message that is worded anew closes the statements of its old words."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of one slot over the time [valid_from, valid_to) in which it held.

    `status` says why it stopped: ``replaced`` by `replaced_by`, ``wrong`` (corrected), ``ended``, ``retracted``;
    ``disputed`` stands beside another value that cannot be told from it. `witnesses` counts the statements.
    """

    id: str
    slot_id: str
    subject: str
    attribute: str
    value: str
    polarity: bool
    single: bool
    status: FactStatus
    confidence: float
    valid_from: Micros
    valid_to: Micros | None
    recorded_at: Micros
    message_id: str
    start: int
    end: int
    origin: Origin
    source: str
    scope: Scope
    first_seq: int
    first_number: int
    """Its first statement, (first_seq, first_number), which names it in the log."""
    last_seq: int
    witnesses: int = 1
    replaced_by: str | None = None
    reason: str = ""
    """Why it was retracted, in the words of whoever did."""
