"""From an exchange to all that it teaches: the one call that learning makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from continuum.domain.facts import ExtractedFact
from continuum.domain.records import (
    Exchange,
    ExtractedConcept,
    ExtractedDecision,
    Extraction,
    Span,
    Suspicion,
    Utterance,
)
from continuum.extraction.attention_graph import compounds, pairs
from continuum.extraction.base import Extractor, FactReader
from continuum.extraction.concept_extractor import CONCEPTS_MAX, ConceptExtractor, best_name
from continuum.extraction.decision_extractor import DecisionExtractor
from continuum.extraction.echo import echo_spans
from continuum.extraction.fact_extractor import FactExtractor
from continuum.extraction.redaction import without_placeholders
from continuum.extraction.screening import SUSPICION_THRESHOLD, screen
from continuum.language.sentences import sentences

FACTS_OF_MESSAGE_MAX: Final = 64
"""Facts kept of one message, of all readers together."""

READ_CHARACTERS_MAX: Final = 131_072
"""Characters of one message that are read for concepts and decisions; recalled context is found in all of it.

The 64 concepts that an exchange may teach are met long before; a message of megabytes is data, not speech.
"""


class ExtractionPipeline:
    """Runs the extractors over an exchange and joins what they find. Pure, deterministic, bounded.

    At most 64 concepts, the most telling first (only the first 12 are linked), 16 decisions a message,
    32 pairs and 8 compounds, from the first 131,072 characters of each message. Recalled context that came back
    is recognised and not read.
    """

    def __init__(
        self,
        extractors: Sequence[Extractor] | None = None,
        decision_extractor: DecisionExtractor | None = None,
        fact_readers: Sequence[FactReader] | None = None,
        *,
        suspicion_threshold: float = SUSPICION_THRESHOLD,
    ) -> None:
        """Every part may be replaced by the caller's own; None takes the built-in one."""
        self._threshold = suspicion_threshold
        self._extractors = (ConceptExtractor(),) if extractors is None else tuple(extractors)
        self._decisions = decision_extractor or DecisionExtractor()
        self._fact_readers = (FactExtractor(),) if fact_readers is None else tuple(fact_readers)

    def extract(self, exchange: Exchange) -> Extraction:
        whole = [utterance.text for utterance in exchange.utterances]
        suspicions = self._suspicions(exchange.utterances)
        echoed = [echo_spans(text) for text in whole]
        texts = [_without(text, spans)[:READ_CHARACTERS_MAX] for text, spans in zip(whole, echoed, strict=True)]
        texts = [without_placeholders(text) for text in texts]
        for suspicion in suspicions:  # who would steer a model teaches nothing, not in the sentences beside either
            texts[suspicion.message] = ""
        spans = [sentences(text) for text in texts]
        concepts = self._concepts(texts)
        origins = [utterance.origin for utterance in exchange.utterances]
        decisions: list[ExtractedDecision] = []
        for number, (utterance, text) in enumerate(zip(exchange.utterances, texts, strict=True)):
            decisions.extend(self._decisions.find(text, utterance.role, number, spans[number]))
        facts: list[ExtractedFact] = []
        for number, (utterance, text) in enumerate(zip(exchange.utterances, texts, strict=True)):
            facts += self._facts(utterance, text, number, spans[number])
        echoes = tuple(Span(number, *span) for number, each in enumerate(echoed) for span in each)
        return Extraction(
            concepts,
            tuple(decisions),
            pairs(concepts, origins),
            compounds(concepts, spans),
            echoes,
            tuple(facts),
            suspicions,
        )

    def _suspicions(self, utterances: Sequence[Utterance]) -> tuple[Suspicion, ...]:
        """The messages that read like orders to a model."""
        screened = [screen(utterance.text, utterance.origin) for utterance in utterances]
        return tuple(
            Suspicion(number, found.score, found.reasons, found.spans)
            for number, found in enumerate(screened)
            if found.score >= self._threshold
        )

    def _facts(
        self, utterance: Utterance, text: str, number: int, spans: Sequence[tuple[int, int]]
    ) -> list[ExtractedFact]:
        """What a message states, by every reader, at most `FACTS_OF_MESSAGE_MAX`."""
        found = [
            fact
            for reader in self._fact_readers
            for fact in reader.find(
                text,
                number,
                role=utterance.role,
                speaker=utterance.speaker,
                said_at=utterance.timestamp,
                sentence_spans=spans,
            )
        ]
        return found[:FACTS_OF_MESSAGE_MAX]

    def _concepts(self, texts: Sequence[str]) -> tuple[ExtractedConcept, ...]:
        """Join the concepts of all messages by key; what leads in one message, or stands in several, leads."""
        found: dict[str, list[ExtractedConcept]] = {}
        scores: dict[str, float] = {}
        for number, text in enumerate(texts):
            for extractor in self._extractors:
                for rank, concept in enumerate(extractor.find(text, number)):
                    found.setdefault(concept.key, []).append(concept)
                    scores[concept.key] = scores.get(concept.key, 0.0) + 1.0 / (1.0 + rank)
        # Sorting is stable: what scores the same keeps the order in which it was found.
        ranked = sorted(found, key=lambda key: -scores[key])[:CONCEPTS_MAX]
        return tuple(_joined(found[key]) for key in ranked)


def _without(text: str, echoes: Sequence[tuple[int, int]]) -> str:
    """The text with blanks for its echoes, every other character where it was."""
    if not echoes:
        return text
    parts: list[str] = []
    position = 0
    for start, end in echoes:
        parts += (text[position:start], "\n", " " * (end - start - 2), "\n")
        position = end
    return "".join((*parts, text[position:]))


def _joined(concepts: Sequence[ExtractedConcept]) -> ExtractedConcept:
    if len(concepts) == 1:
        return concepts[0]
    name = best_name([concept.name for concept in concepts])
    forms = (form for concept in concepts for form in (concept.name, *concept.aliases))
    return ExtractedConcept(
        concepts[0].key,
        name,
        next((c.entity_type for c in concepts if c.entity_type != "concept"), "concept"),
        tuple(sorted({span for concept in concepts for span in concept.spans})),
        next((c.description for c in concepts if c.description), ""),
        tuple(dict.fromkeys(form for form in forms if form != name)),
    )
