"""What a text says a thing is, and what else it calls it, in the text's own words."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

DESCRIPTION_MAX: Final = 160

_AFTER = re.compile(
    r"""
    (?:[ ]\((?P<paren>[^()\n]{2,80})\))
  | (?:,?[ ](?:is|are|was|were|means|stands[ ]for)[ ]
      (?P<be>(?:an?|the|my|our|his|her|their|your|one[ ]of)[ ][^.!?;\n]{2,160}))
  | (?:,[ ](?P<apposition>(?:an?|my|our|his|her|their|your|the)[ ][^.!?;,:()\n]{2,80})(?=[,.!?;)\n]|\Z))
  | (?:,?[ ](?:or[ ])?(?P<alias>
      (?:(?:also|better|formerly)[ ](?:called|known[ ]as)|aka|a\.k\.a\.)[ ][^!?;:()\n]{2,60}))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ALIAS_WORDS = re.compile(
    r"(?:(?:also|better|formerly) (?:called|known as)|aka|a\.k\.a\.|called|or|short for|formerly) +"
    r"[\"“'`]?(?P<name>[^\W_][^\s,;\"”'`]*(?: [A-Z0-9][^\s,;\"”'`]*){0,3})",
    re.IGNORECASE,
)
_NAME_ONLY = re.compile(r"[A-Z0-9][^\s,;]*(?: [A-Z][^\s,;]*){0,3}\Z")
_CALLED = re.compile(
    r"\b((?:my|our|his|her|their|the|an?) [\w-]{1,30}(?: [\w-]{1,30})??) (?:is |are |was )?(?:called|named) \Z", re.I
)
_CALLED_REACH: Final = 90


class Said(NamedTuple):
    """`description` in the text's words or ''; `alias` [start, end) of another name, or None."""

    description: str
    alias: tuple[int, int] | None


NOTHING: Final = Said("", None)


def said_about(text: str, start: int, end: int) -> Said:
    """Read what follows (and, for "called", precedes) the name at [start, end)."""
    match = _AFTER.match(text, end)
    if match is None:
        return _named_before(text, start)
    group = match.lastgroup
    assert group is not None
    inner = match.group(group)
    offset = match.start(group)
    if group in ("alias", "paren"):
        alias = _ALIAS_WORDS.match(inner)
        if alias:
            name = alias.group("name").rstrip(".")
            first = offset + alias.start("name")
            return Said("", (first, first + len(name)))
        if _NAME_ONLY.match(inner) and not inner.isdigit():
            return Said("", (offset, offset + len(inner)))
    return Said(inner.strip()[:DESCRIPTION_MAX].rstrip(), None)


def _named_before(text: str, start: int) -> Said:
    if text[max(0, start - 7) : start].lower() not in ("called ", " named "):
        return NOTHING
    before = _CALLED.search(text[max(0, start - _CALLED_REACH) : start])
    return Said(before.group(1), None) if before else NOTHING
