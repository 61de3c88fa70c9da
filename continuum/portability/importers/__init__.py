"""Brings memories in from elsewhere: exports of assistants, transcripts, notes, other memory systems."""

from continuum.portability.importers.bringing import BroughtIn, ImportPlan, bring_in, plan
from continuum.portability.importers.formats import FORMATS, detect

__all__ = ["FORMATS", "BroughtIn", "ImportPlan", "bring_in", "detect", "plan"]
