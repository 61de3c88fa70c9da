"""The update scenarios: conversations in which something changes, read from `update_scenarios.txt`.

A scenario is a block of lines; days count from 2026-01-01, and what is asked is asked on 2026-11-01:

- ``== kinds | title`` begins one;
- ``30 Mira [ann]: text`` is said on day 30 by the speaker Mira in the scope of the user ann; ``assistant`` is the role;
  ``120~10: text`` is learnt on day 120 and dated day 10; ``<recalled question>`` stands for what recall then answers;
- ``! retract subject | value : reason``, ``! revise text => new text``, ``! supersede text`` (by the next message) and
  ``! teach subject | attribute | value | source`` (or two dates) are done by hand;
- ``? question -> value ; not stale ; after other`` must get a fact with this value first; ``stale`` may neither stand
  before it nor be shown as current, ``other`` may be current but not first. ``a|b`` allows either value, ``no x`` wants
  the negative fact, ``over x`` a fact that says that x is over, ``none`` nothing current. ``?@50`` asks as of day 50,
  ``?known@50`` what was known on day 50, ``? [ann]`` in a scope;
- ``keep subject | value`` names an unrelated fact that must stay current once it is learnt (``| not``: negative);
- ``conflict a | b`` are values that must be shown as disputed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FILE = Path(__file__).with_suffix(".txt")
_SAID = re.compile(r"(?P<day>\d+)(?:~(?P<dated>\d+))?(?: (?P<who>\w+))?(?: \[(?P<scope>\w+)\])?: (?P<text>.+)")
_ASKED = re.compile(
    r"\?(?:(?P<known>known)?@(?P<day>\d+))? (?:\[(?P<scope>\w+)\] )?(?P<question>.+?) -> (?P<wanted>.+)"
)
_PAST = re.compile(r"\b(?:did|was|were|before|used)\b", re.IGNORECASE)

Wanted = Literal["held", "denied", "over", "none"]


@dataclass(frozen=True, slots=True)
class Say:
    """A message that is learnt on `day` and dated `dated`."""

    day: int
    dated: int
    speaker: str
    scope: str | None
    text: str


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something done by hand: retract, revise, supersede, teach."""

    action: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """A question with what must come first, what must not be current, and what must only not come first."""

    question: str
    wanted: Wanted
    values: tuple[str, ...]
    stale: tuple[str, ...]
    after: tuple[str, ...]
    scope: str | None = None
    as_of: int | None = None
    known_at: int | None = None

    @property
    def of_the_past(self) -> bool:
        """Whether it asks for what was, which need not be current."""
        return _PAST.search(self.question) is not None or self.known_at is not None


@dataclass(frozen=True, slots=True)
class Keep:
    """An unrelated fact that has to stay current once it is learnt."""

    subject: str
    value: str
    polarity: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """One conversation, the questions about it, and what it must leave alone."""

    kinds: tuple[str, ...]
    title: str
    steps: tuple[Say | ByHand, ...]
    asks: tuple[Ask, ...]
    keeps: tuple[Keep, ...]
    conflicts: tuple[tuple[str, str], ...]


def scenarios() -> list[Scenario]:
    """All scenarios, in the order of the file."""
    blocks = FILE.read_text(encoding="utf-8").split("\n== ")[1:]
    return [_scenario(block.splitlines()) for block in blocks]


def has_words(text: str, words: str) -> bool:
    """Whether these words stand in a text, whatever their case."""
    return re.search(rf"(?<![\w-]){re.escape(words)}(?!\w|-\w)", text, re.IGNORECASE) is not None


def _scenario(lines: list[str]) -> Scenario:
    kinds, title = lines[0].split(" | ", 1)
    steps: list[Say | ByHand] = []
    asks: list[Ask] = []
    keeps: list[Keep] = []
    conflicts: list[tuple[str, str]] = []
    for line in filter(None, lines[1:]):
        if line.startswith("?"):
            asks.append(_ask(line))
        elif line.startswith("! "):
            steps.append(_by_hand(line[2:]))
        elif line.startswith("keep "):
            subject, value, *denied = line[5:].split(" | ")
            keeps.append(Keep(subject, value, polarity=not denied))
        elif line.startswith("conflict "):
            first, second = line[9:].split(" | ")
            conflicts.append((first, second))
        else:
            steps.append(_say(line))
    return Scenario(tuple(kinds.split(", ")), title, tuple(steps), tuple(asks), tuple(keeps), tuple(conflicts))


def _say(line: str) -> Say:
    found = _SAID.fullmatch(line)
    assert found is not None, line
    day = int(found["day"])
    return Say(day, int(found["dated"] or day), found["who"] or "", found["scope"], found["text"])


def _by_hand(line: str) -> ByHand:
    action, rest = line.split(" ", 1)
    separator = {"retract": r" \| | : ", "revise": " => ", "supersede": "\n", "teach": r" \| "}[action]
    return ByHand(action, tuple(re.split(separator, rest)))


def _ask(line: str) -> Ask:
    found = _ASKED.fullmatch(line)
    assert found is not None, line
    first, *others = found["wanted"].split(" ; ")
    wanted, values = _wanted(first)
    day = None if found["day"] is None else int(found["day"])
    return Ask(
        found["question"],
        wanted,
        values,
        stale=tuple(other[4:] for other in others if other.startswith("not ")),
        after=tuple(other[6:] for other in others if other.startswith("after ")),
        scope=found["scope"],
        as_of=None if found["known"] else day,
        known_at=day if found["known"] else None,
    )


def _wanted(words: str) -> tuple[Wanted, tuple[str, ...]]:
    if words == "none":
        return "none", ()
    kind: Wanted = "over" if words.startswith("over ") else "denied" if words.startswith("no ") else "held"
    bare = words.removeprefix("over ").removeprefix("no ") if kind != "held" else words
    return kind, tuple(bare.split("|"))
