"""What the tests of identity share: time that they turn, and an issuer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.identity.issuer import Issuer, running_issuer
from tests.identity.turned_time import TurnedTime


@pytest.fixture
def time() -> TurnedTime:
    return TurnedTime()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running_issuer() as running:
        yield running
