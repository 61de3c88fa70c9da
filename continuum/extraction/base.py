"""What an extractor of concepts must promise, so that users and plugins can bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from continuum.domain.records import ExtractedConcept


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
