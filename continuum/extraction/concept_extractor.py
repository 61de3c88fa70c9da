"""Concepts of a text: what it names, by rules alone, in one reading."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from continuum.domain.records import ExtractedConcept, Span
from continuum.errors import InvalidInputError
from continuum.extraction.descriptions import said_about
from continuum.extraction.findings import Finding
from continuum.extraction.noun_phrases import find_phrases
from continuum.extraction.proper_names import find_names
from continuum.extraction.reading import read_words
from continuum.extraction.written_forms import QUOTE_MARKS, QUOTED
from continuum.language.names import normalise_name
from continuum.language.word_classes import AUXILIARY, GENERIC, NOUN, PRONOUN, WORD_CLASSES, is_function_word

CONCEPTS_MAX: Final = 64
"""Concepts kept of one text; the least telling are dropped."""
SPANS_MAX: Final = 32
"""Places kept for one concept of one text, the first ones."""
CUSTOM_PATTERNS_MAX: Final = 32
_ROLES: Final = frozenset({"user", "assistant", "human", "speaker"})
"""Who speaks is no concept: notes about a conversation say "User prefers ..." all the time."""
_QUOTED_WORDS_MAX: Final = 5
_CJK_TERM = re.compile(r"[\u30a0-\u30ff]{3,20}")


@dataclass(slots=True)
class _Gathered:
    """What is known of one key while the findings are joined."""

    weight: float = 0.0
    entity_type: str = "concept"
    description: str = ""
    spans: dict[tuple[int, int], str] = field(default_factory=dict)
    aliases: list[str] = field(default_factory=list)


class ConceptExtractor:
    """Finds quoted terms, identifiers, proper names and noun phrases; the built-in `Extractor`.

    `stopwords` are names never taken (compared by key), `custom_patterns` more regular expressions whose first
    group, or whole match, names a concept. They run as given: a pattern that backtracks is the caller's.
    Lengths count characters. Raises `InvalidInputError` for limits that contradict each other or a bad pattern.

    >>> ConceptExtractor().extract("I prefer FastAPI for web projects")
    ['FastAPI', 'web projects']
    """

    def __init__(
        self,
        stopwords: Collection[str] | None = None,
        custom_patterns: Sequence[str | re.Pattern[str]] | None = None,
        min_length: int = 2,
        max_length: int = 80,
        max_concepts: int = CONCEPTS_MAX,
    ) -> None:
        if not 1 <= min_length <= max_length:
            raise InvalidInputError("min_length", f"{min_length} is not between 1 and max_length ({max_length})")
        if not 1 <= max_concepts <= CONCEPTS_MAX:
            raise InvalidInputError("max_concepts", f"{max_concepts} is not between 1 and {CONCEPTS_MAX}")
        self._stop_keys = _ROLES.union(normalise_name(word) for word in stopwords or ())
        self._patterns = _compiled(custom_patterns or ())
        self._min_length = min_length
        self._max_length = max_length
        self._max_concepts = max_concepts

    def extract(self, text: str) -> list[str]:
        """The names of the concepts, the most telling first."""
        return [concept.name for concept in self.find(text, 0)]

    def extract_with_counts(self, text: str) -> dict[str, int]:
        """The names of the concepts, each with how often the text has it."""
        return {concept.name: len(concept.spans) for concept in self.find(text, 0)}

    def find(self, text: str, message: int = 0) -> tuple[ExtractedConcept, ...]:
        """The concepts of `text` with every place (at most 32 each), as characters of message `message`."""
        gathered = self._gather(text)
        ranked = sorted(gathered.items(), key=_rank)[: self._max_concepts]
        return tuple(_concept(key, found, message) for key, found in ranked)

    def _gather(self, text: str) -> dict[str, _Gathered]:
        words = read_words(text)
        names = find_names(words)
        findings = names + find_phrases(words) + _find_cjk(text)
        quoted = _find_quoted(text)
        if quoted:
            findings = _outside(quoted, findings) + quoted
        findings += self._find_custom(text)
        gathered: dict[str, _Gathered] = {}
        for finding in sorted(findings):
            self._add(gathered, text, finding)
        _describe(gathered, text)
        return gathered

    def _find_custom(self, text: str) -> list[Finding]:
        found = []
        for pattern in self._patterns:
            for match in pattern.finditer(text):
                start, end = match.span(1 if pattern.groups else 0)
                if 0 <= start < end:
                    found.append(Finding(start, end, 4.0))
        return found

    def _add(self, gathered: dict[str, _Gathered], text: str, finding: Finding) -> None:
        surface = text[finding.start : finding.end]
        if not self._min_length <= len(surface) <= self._max_length:
            return
        key = normalise_name(surface)
        if not key or key in self._stop_keys or key.isdigit():
            return
        found = gathered.get(key)
        if found is None:
            found = gathered[key] = _Gathered()
        span = (finding.start, finding.end)
        if span in found.spans:
            found.weight = max(found.weight, finding.weight)
        else:
            found.weight += finding.weight
            if len(found.spans) < SPANS_MAX:
                found.spans[span] = surface
        if found.entity_type == "concept":
            found.entity_type = finding.entity_type
        found.description = found.description or finding.description


def _compiled(patterns: Sequence[str | re.Pattern[str]]) -> tuple[re.Pattern[str], ...]:
    if len(patterns) > CUSTOM_PATTERNS_MAX:
        raise InvalidInputError("custom_patterns", f"{len(patterns)} given", limit=CUSTOM_PATTERNS_MAX)
    try:
        return tuple(re.compile(pattern) for pattern in patterns)
    except re.error as exc:
        raise InvalidInputError("custom_patterns", f"not a regular expression: {exc}") from exc


def _find_quoted(text: str) -> list[Finding]:
    if not QUOTE_MARKS.search(text):
        return []
    found = []
    for match in QUOTED.finditer(text):
        group = match.lastindex
        assert group is not None
        inner = match.group(group)
        term = inner.strip(" ,.")
        if _is_term(term, inner):
            start = match.start(group) + inner.index(term)
            found.append(Finding(start, start + len(term), 4.0))
    return found


def _outside(quoted: list[Finding], findings: list[Finding]) -> list[Finding]:
    """Without what stands inside a longer quoted term: "The Wind in the Willows" names neither wind nor willows."""
    starts = [term.start for term in quoted]
    kept = []
    for finding in findings:
        term = quoted[max(0, bisect_right(starts, finding.start) - 1)]
        if finding.end > term.end or finding.start < term.start:
            kept.append(finding)
    return kept


def _is_term(term: str, quoted: str) -> bool:
    """Whether quoted words name something; a quoted sentence does not."""
    words = term.lower().split()
    if not 1 <= len(words) <= _QUOTED_WORDS_MAX or quoted[-1:] in ".!?":
        return False
    if len(words) > 1 and WORD_CLASSES.get(words[0]) in (PRONOUN, AUXILIARY):
        return False
    return not all(is_function_word(word) or WORD_CLASSES.get(word, NOUN) == GENERIC for word in words)


def _find_cjk(text: str) -> list[Finding]:
    """Katakana runs: loan words and foreign names, the nearest that Japanese has to capitals."""
    if text.isascii():
        return []
    return [Finding(match.start(), match.end(), 3.0) for match in _CJK_TERM.finditer(text)]


def _describe(gathered: dict[str, _Gathered], text: str) -> None:
    for key, found in list(gathered.items()):
        if key not in gathered:
            continue
        start, end = next(iter(found.spans))
        said = said_about(text, start, end)
        if said.description and not found.description:
            found.description = said.description
        if said.alias:
            _join_alias(gathered, key, found, text, said.alias)


def _join_alias(gathered: dict[str, _Gathered], key: str, found: _Gathered, text: str, alias: tuple[int, int]) -> None:
    surface = text[alias[0] : alias[1]]
    alias_key = normalise_name(surface)
    if not alias_key or alias_key == key or is_function_word(surface.lower()):
        return
    found.aliases.append(surface)
    other = gathered.pop(alias_key, None)
    if other is not None:
        found.weight += other.weight
        for span, words in other.spans.items():
            if len(found.spans) < SPANS_MAX:
                found.spans[span] = words
    elif len(found.spans) < SPANS_MAX:
        found.spans[alias] = surface


def _rank(item: tuple[str, _Gathered]) -> tuple[float, tuple[int, int]]:
    return -item[1].weight, next(iter(item[1].spans))


def _concept(key: str, found: _Gathered, message: int) -> ExtractedConcept:
    if len(found.spans) == 1 and not found.aliases:  # nearly always
        ((place, name),) = found.spans.items()
        return ExtractedConcept(key, name, found.entity_type, (Span(message, *place),), found.description)
    places = sorted(found.spans)
    spans = tuple([Span(message, start, end) for start, end in places])
    surfaces = list(dict.fromkeys(found.spans.values()))
    name = best_name([surface for surface in surfaces if len(surfaces) == 1 or normalise_name(surface) == key])
    aliases = tuple([surface for surface in dict.fromkeys([*surfaces, *found.aliases]) if surface != name])
    return ExtractedConcept(key, name, found.entity_type, spans, found.description, aliases)


def best_name(surfaces: Sequence[str]) -> str:
    """The form to show: mixed case says most, then capitals, then the first one met."""
    if len(surfaces) == 1:
        return surfaces[0]
    return max(surfaces, key=_case_rank)


def _case_rank(surface: str) -> int:
    if surface.islower():
        return 0
    if surface.isupper():
        return 1
    return 3 if any(map(str.isupper, surface[1:])) else 2
