"""What learning needs and recall does not, loaded when it is first used: it is a fifth of what a process loads."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continuum.domain.records import Exchange, Extraction
    from continuum.extraction.pipeline import ExtractionPipeline
    from continuum.extraction.redaction import Redacted, Redactor


class PipelineAtFirstUse:
    """An `ExtractionPipeline` of the given threshold."""

    def __init__(self, suspicion_threshold: float) -> None:
        self._suspicion_threshold = suspicion_threshold

    def extract(self, exchange: Exchange) -> Extraction:
        """As `ExtractionPipeline.extract`."""
        return self._pipeline.extract(exchange)

    @cached_property
    def _pipeline(self) -> ExtractionPipeline:
        from continuum.extraction.pipeline import ExtractionPipeline

        return ExtractionPipeline(suspicion_threshold=self._suspicion_threshold)


class RedactorAtFirstUse:
    """A `Redactor` of all kinds of secrets, or of none."""

    def __init__(self, *, secrets: bool, private: bool) -> None:
        self._secrets, self._private = secrets, private

    def redact(self, text: str) -> Redacted:
        """As `Redactor.redact`."""
        return self._redactor.redact(text)

    @cached_property
    def _redactor(self) -> Redactor:
        from continuum.extraction.redaction import Redactor

        return Redactor(None if self._secrets else frozenset(), private=self._private)
