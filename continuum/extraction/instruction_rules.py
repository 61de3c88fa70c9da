"""What an order to a model looks like: who is addressed, what is ordered, on which condition, about what.

Each rule is a pattern of `word_patterns` with three weights: in the user's own voice, in the assistant's, and from
elsewhere (tool, external, import, federation). A weight is the share of doubt that it takes away, so 0.5 alone
reaches the threshold and two of 0.3 do together. The user may order for themselves, so the weights of plain orders
are 0 there; advice of the assistant is full of orders to the user.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from continuum.extraction.instruction_patterns import PATTERNS
from continuum.extraction.word_patterns import WordPattern, word_pattern


@dataclass(frozen=True, slots=True)
class InstructionRule:
    """A pattern, what it is a sign of, its weights, and a pattern that says that nothing is meant by it."""

    reason: str
    pattern: WordPattern
    weights: tuple[float, float, float]
    unless: tuple[WordPattern, ...]


def _rules() -> tuple[InstructionRule, ...]:
    rules = []
    for line in PATTERNS.strip().replace(" +\n    ", "").replace("\n    ", " ").splitlines():
        reason, weights, pattern, *unless = (part.strip() for part in line.split(" | "))
        user, assistant, elsewhere = map(float, weights.split())
        spared = tuple(word_pattern(source.strip()) for source in unless[0].split(" ; ")) if unless else ()
        assert word_pattern(pattern).sign, f"{pattern!r} has no sign"
        rules.append(InstructionRule(reason, word_pattern(pattern), (user, assistant, elsewhere), spared))
    return tuple(rules)


RULES: Final = _rules()
