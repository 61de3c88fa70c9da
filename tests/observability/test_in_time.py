"""The last words of whoever sends to somebody else."""

from __future__ import annotations

import threading

import pytest

from continuum.observability.in_time import within
from tests.observability.receiving_server import took


def test_what_hangs_is_left_behind() -> None:
    held = threading.Event()
    assert took(lambda: within(0.05, held.wait)) < 5
    held.set()


def test_what_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise RuntimeError("gone")

    assert within(20, broken)
    assert "RuntimeError" in caplog.text
