"""Leads from a test to what it shows: `docs/requirements.md` lists the ids, `test_house.py` compares both."""

from __future__ import annotations

import pytest


def requirement(*ids: str) -> pytest.MarkDecorator:
    """Mark a test as showing that these requirements hold."""
    return pytest.mark.requirement(*ids)
