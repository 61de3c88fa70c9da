"""What a question asks for, as far as its form tells: a time, what the assistant said, the current state."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUESTION_CHARS = 2_000
_TIME = re.compile(
    r"\b(?:when|since when|until when|how long|how (?:many|much) (?:days|weeks|months|years|hours|time)"
    r"|(?:what|which) (?:date|day|month|year|time|week|season|hour))\b",
    re.IGNORECASE,
)
# Past forms only: "can you list" and "what would you suggest" ask for something new.
_ASSISTANT = re.compile(
    r"\b(?:(?:did|have|had) you\b|(?:you|you['’]ve|you have|you had) (?:also |just |already |previously |earlier )?"
    r"(?:said|suggested|recommended|told|mentioned|gave|given|provided|explained|proposed|listed|shared|advised|wrote"
    r"|written|showed|shown|described|asked|offered|answered|replied|promised)\b"
    r"|your (?:\w+ )?(?:suggestions?|recommendations?|advice|answers?|responses?|repl(?:y|ies)|proposals?)\b)",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"\b(?:should|would you|can you|could you|suggest|recommend|help|advice|how (?:do|can|to)|what are|tips|best)\b",
    re.IGNORECASE,
)
# "Who can help?" asks for a person: no standing wish answers that.
_PERSON_PLACE_TIME = re.compile(r"\W*(?:who|whom|whose|when|where)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cues:
    """What to look for besides words."""

    asks_time: bool
    asks_assistant: bool
    asks_help: bool


def read_cues(text: str) -> Cues:
    """The cues of a question; English, linear, never raises."""
    head = text[:_QUESTION_CHARS]
    return Cues(
        asks_time=_TIME.search(head) is not None,
        asks_assistant=_ASSISTANT.search(head) is not None,
        asks_help=_HELP.search(head) is not None and _PERSON_PLACE_TIME.match(head) is None,
    )
