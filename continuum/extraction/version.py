"""Which version of the extractors derives rows now."""

from __future__ import annotations

from typing import Final

EXTRACTORS_VERSION: Final = 3
"""Grows whenever the same exchange would teach something else; a rebuild under a new version says so in the log."""
