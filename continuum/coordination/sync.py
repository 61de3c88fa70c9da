"""What an instance learnt while it was apart: how it is handed over, and in which order it is learnt.

An instance numbers its exchanges. Each is learnt once, however often it is handed over, because instance and number
are its idempotency key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from continuum.domain.clock import Micros, to_micros
from continuum.domain.ids import checked_name
from continuum.domain.records import Json, Message
from continuum.errors import InvalidInputError

LEARNT_MAX = 500
"""Exchanges that one request may hand over."""
NUMBER_MAX = (1 << 53) - 1
"""Larger numbers are not the same in every JSON reader."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """One exchange that an instance learnt apart: its `number` there, and when it took place."""

    number: int
    messages: tuple[Message, ...]
    timestamp: datetime
    session_id: str
    metadata: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What an instance has for the others, and how much of the log it knows."""

    instance_id: str
    after_seq: int
    learnt: tuple[Learnt, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of one exchange: what it was learnt as, or why it is refused for good.

    A `duplicate` was handed over before. `error` is the code of the refusal, '' if there was none.
    """

    number: int
    exchange_id: str = ""
    message_ids: tuple[str, ...] = ()
    seq: int = 0
    duplicate: bool = False
    error: str = ""
    reason: str = ""


def sync_key(instance_id: str, number: int) -> str:
    """The idempotency key under which an exchange is learnt.

    >>> sync_key("laptop", 7)
    'sync:laptop:7'
    """
    return f"sync:{instance_id}:{number}"


def merge_order(instance_id: str, learnt: Iterable[Learnt]) -> list[Learnt]:
    """Exchanges in the order in which they are learnt: by time, then by number.

    Times decide between instances, so that what holds at the end does not depend on who came first. An exchange
    that is given twice is there once. Raises InvalidInputError for a bad name, number or length, and for one number
    with two exchanges.
    """
    checked_name(instance_id, "instance_id")
    found: dict[int, Learnt] = {}
    for position, each in enumerate(learnt):
        if position >= LEARNT_MAX:
            raise InvalidInputError("learnt", f"holds more than {LEARNT_MAX} exchanges; send several requests")
        if isinstance(each.number, bool) or not 0 <= each.number <= NUMBER_MAX:
            raise InvalidInputError(f"learnt[{position}].number", f"must be from 0 to {NUMBER_MAX}", limit=NUMBER_MAX)
        if found.setdefault(each.number, each) != each:
            raise InvalidInputError(f"learnt[{position}].number", f"{each.number} is given with two exchanges")
    return sorted(found.values(), key=lambda each: order_key(instance_id, each))


def order_key(instance_id: str, learnt: Learnt) -> tuple[Micros, str, int]:
    """What exchanges of any instances are ordered by."""
    return to_micros(learnt.timestamp), instance_id, learnt.number
