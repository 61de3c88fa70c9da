"""Where the entries of an export stand in the log that they are imported into."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping

from continuum.domain.records import Json, LogEntry
from continuum.portability.line_fields import canonical


class Places:
    """From positions in a file to positions in a log, as runs: entries that stay neighbours cost nothing more.

    >>> places = Places()
    >>> for there, here in ((1, 11), (2, 12), (4, 13)):
    ...     places.add(there, here)
    >>> [places.get(seq) for seq in (1, 2, 3, 4)]
    [11, 12, None, 13]
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._runs: list[tuple[int, int]] = []
        """Position in the log and length of each run."""
        self._earlier: dict[int, int] = {}

    def add(self, there: int, here: int) -> None:
        """Note the place of the next entry of the file; those of a file are added in its order."""
        if self._starts:
            start, length = self._runs[-1]
            if there == self._starts[-1] + length and here == start + length:
                self._runs[-1] = (start, length + 1)
                return
        self._starts.append(there)
        self._runs.append((here, 1))

    def add_earlier(self, there: int, here: int) -> None:
        """Note the place of an entry that stands before those of the file."""
        self._earlier[there] = here

    def get(self, there: int) -> int | None:
        """The place of an entry, None if it is not in the log."""
        if there in self._earlier:
            return self._earlier[there]
        at = bisect_right(self._starts, there) - 1
        if at < 0:
            return None
        start, length = self._runs[at]
        offset = there - self._starts[at]
        return start + offset if offset < length else None


class _Asked(Places):
    """Leads each position to itself, and notes which were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.seqs: set[int] = set()

    def get(self, there: int) -> int | None:
        self.seqs.add(there)
        return there


def named_by(entry: LogEntry) -> set[int]:
    """The positions that an entry names, of whatever kind it is."""
    asked = _Asked()
    moved(entry, asked)
    return asked.seqs


def moved(entry: LogEntry, places: Places) -> str | None:
    """The payload of an entry with the positions of this log; None if nothing that it speaks of is there."""
    told: dict[str, Json] = json.loads(entry.payload)
    if entry.kind == "retraction":
        target = _moved_target(told["target"], places)
        told["target"] = target
        return None if target is None else canonical(told)
    if entry.kind == "supersession":
        targets = [_moved_target(each, places) for each in told["targets"]]
        told["targets"] = [each for each in targets if each is not None]
        messages = [places.get(each) for each in told["messages"]]
        told["messages"] = [each for each in messages if each is not None]
        return canonical(told) if told["targets"] or told["messages"] else None
    if entry.kind in ("quarantine", "release") and "seqs" in told:
        places_here = [places.get(each) for each in told["seqs"]]
        return canonical({**told, "seqs": [each for each in places_here if each is not None]})
    if entry.kind == "feedback":
        return _moved_feedback(told, places)
    if entry.kind in ("revision", "undo"):
        return _moved_seq(told, places)
    return entry.payload


def _moved_feedback(told: dict[str, Json], places: Places) -> str:
    """Feedback about those of its messages that are there."""
    for name in ("used", "ignored"):
        told[name] = [here for each in told[name] if (here := places.get(each)) is not None]
    told["speaks"] = {
        str(here): ids for seq, ids in told["speaks"].items() if (here := places.get(int(seq))) is not None
    }
    told["signals"] = [[here, signals] for seq, signals in told["signals"] if (here := places.get(seq)) is not None]
    return canonical(told)


def _moved_target(target: list[int], places: Places) -> list[int] | None:
    place = places.get(target[0])
    return None if place is None else [place, target[1]]


def _moved_seq(told: Mapping[str, Json], places: Places) -> str | None:
    place = places.get(told["seq"])
    return None if place is None else canonical({**told, "seq": place})
