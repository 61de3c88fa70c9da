"""Made-up conversation with the statistics of real text: Zipf words, names that come back, exchanges of a set size."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

EXCHANGE_CHARS = 300
VOCABULARY = 20_000
SECOND_NAME = 0.5
"""An exchange then holds about six concepts and eighteen pairs; real ones of this length hold 4 to 6, and 8 to 14."""
_FILLER = tuple("the of and to in we is that it was for on with as this have from they at by but not are or an".split())
_STARTS = tuple("b c d f g k l m n p r s t v z br kl st tr pl".split())
_SYLLABLES = [start + vowel for start in _STARTS for vowel in "aeiou"]


def _word(number: int) -> str:
    """A pronounceable word for each number, short ones first."""
    letters = ""
    number += 100
    while number:
        number, rest = divmod(number, len(_SYLLABLES))
        letters += _SYLLABLES[rest]
    return letters


WORDS = [_word(number) for number in range(VOCABULARY)]
_WEIGHTS = list(itertools.accumulate(1 / (rank + 20) for rank in range(VOCABULARY)))


@dataclass(slots=True)
class Writer:
    """Writes exchanges; the same seed gives the same text."""

    seed: int
    names: int = 2_000
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def name(self) -> str:
        """One of the names that come back, common ones more often."""
        number = int(self.names * self.random.random() ** 2)
        return f"{_word(number * 7 + 3).title()} {_word(number * 11 + 5).title()}"

    def words(self, count: int) -> list[str]:
        """Content words by Zipf's law."""
        return self.random.choices(WORDS, cum_weights=_WEIGHTS, k=count)

    def sentence(self, chars: int) -> str:
        """A sentence of about this many characters with one or two names."""
        text = f"{self.name()} {self.random.choice(('meets', 'runs', 'needs', 'likes'))}"
        if self.random.random() < SECOND_NAME:
            text += f" {self.name()}"
        while len(text) < chars:
            text += f" {self.random.choice(_FILLER)} {self.words(1)[0]}"
        return text[:chars].rstrip() + "."

    def exchange(self, chars: int = EXCHANGE_CHARS) -> tuple[str, str]:
        """Both sides of an exchange, `chars` characters together."""
        half = chars // 2
        sides = []
        for _ in range(2):
            text = ""
            while half - len(text) > 40:
                text += ("" if not text else " ") + self.sentence(min(75, half - len(text) - 2))
            sides.append(text)
        return sides[0], sides[1]

    def question(self) -> str:
        """A question with three content words and a name."""
        first, second, third = self.words(3)
        return f"What did {self.name()} say about the {first} {second} and the {third}?"

    def exchanges(self, count: int, chars: int = EXCHANGE_CHARS) -> Iterator[dict[str, object]]:
        """Exchanges as `learn_many` takes them, twenty to a session."""
        for number in range(count):
            user, assistant = self.exchange(chars)
            yield {"user_message": user, "ai_response": assistant, "session_id": f"session-{number // 20}"}
