"""What an extractor of concepts must promise, so that users and plugins can bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from continuum.domain.clock import Micros
from continuum.domain.facts import ExtractedFact
from continuum.domain.records import Exchange, ExtractedConcept, Extraction, Role

if TYPE_CHECKING:
    from continuum.extraction.redaction import Redacted


class Extractor(Protocol):
    """Finds the concepts of one text.

    Laws, checked by tests for the built-in one and relied upon by the pipeline:

    - pure and deterministic: the same text gives the same concepts, whatever was read before;
    - linear: time grows with the length of the text, for any text at all;
    - bounded: at most a fixed number of concepts for one text;
    - exact: every span lies in the text, carries the message number it was given, and the characters it
      covers normalise to the concept's key or to the key of one of its aliases;
    - ordered: the most telling concept comes first, since only the first of an exchange are linked.
    """

    def find(self, text: str, message: int) -> Sequence[ExtractedConcept]: ...


class FactReader(Protocol):
    """Finds what one message states: by patterns, by a local model, or as a user sees fit.

    Laws, checked by tests for the built-in one and relied upon by the pipeline:

    - pure and deterministic: the same message gives the same facts, whatever was read before;
    - linear and bounded: time grows with the length of the text, and a message states at most a fixed number;
    - exact: every span lies in the text, carries the message number it was given, and is the clause that says so;
    - ordered: in the order of the text.
    """

    def find(
        self,
        text: str,
        message: int,
        *,
        role: Role,
        speaker: str | None,
        said_at: Micros,
        sentence_spans: Sequence[tuple[int, int]] | None = None,
    ) -> Sequence[ExtractedFact]: ...


class Understanding(Protocol):
    """Says what one exchange teaches besides its words: a pure function of the exchange."""

    def extract(self, exchange: Exchange) -> Extraction: ...


class Redacting(Protocol):
    """Replaces secrets and private spans of a text."""

    def redact(self, text: str) -> Redacted: ...
