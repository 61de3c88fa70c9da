"""What every embedding provider must do; subclass `EmbeddingConformance` and say how to build yours.

```python
class TestMine(EmbeddingConformance):
    def make_provider(self) -> EmbeddingProvider:
        return MyProvider()
```
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from continuum.embeddings.base import EmbeddingProvider

SAME_ROW_MAX = 1e-3
"""How far two rows of one text may lie apart: what neighbours and padding do to rounding."""

TEXTS = (
    "The bakery opens at six and sells rye bread.",
    "Fresh bread is sold from six o'clock at the baker's.",
    "The satellite lost contact with the ground station.",
)
"""The first two say nearly the same."""

AWKWARD = (
    "",
    " \n\t",
    "\x00",
    "\ud800 lone surrogate",
    "e\u0301" * 200,
    "👩‍👩‍👧‍👦🏽",
    "שלום مرحبا 東京 Москва",
    "[CLS] [MASK] <unk> </s>",
    "word " * 20_000,
    "x" * 50_000,
)


class EmbeddingConformance(ABC):
    """The laws of `EmbeddingProvider`, one test each."""

    @abstractmethod
    def make_provider(self) -> EmbeddingProvider:
        """The provider to check; asked for once a test."""

    @pytest.fixture
    def provider(self) -> EmbeddingProvider:
        return self.make_provider()

    def test_it_is_a_provider_with_a_name_and_a_width(self, provider: EmbeddingProvider) -> None:
        assert isinstance(provider, EmbeddingProvider)
        assert provider.model
        assert provider.dimensions > 0

    def test_each_text_has_one_row_of_unit_length(self, provider: EmbeddingProvider) -> None:
        rows = provider.embed(TEXTS)
        assert rows.shape == (len(TEXTS), provider.dimensions)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)

    def test_no_texts_have_no_rows(self, provider: EmbeddingProvider) -> None:
        assert provider.embed([]).shape == (0, provider.dimensions)

    def test_rows_stand_in_the_order_of_their_texts(self, provider: EmbeddingProvider) -> None:
        forwards, backwards = provider.embed(TEXTS), provider.embed(TEXTS[::-1])
        np.testing.assert_allclose(forwards, backwards[::-1], atol=SAME_ROW_MAX)

    def test_a_text_has_the_same_row_alone_and_among_many(self, provider: EmbeddingProvider) -> None:
        many = provider.embed([f"{TEXTS[0]} {number}" for number in range(150)] + [TEXTS[0], "word " * 500])
        np.testing.assert_allclose(many[150], provider.embed([TEXTS[0]])[0], atol=SAME_ROW_MAX)

    def test_like_meaning_is_nearer_than_unlike(self, provider: EmbeddingProvider) -> None:
        rows = provider.embed(TEXTS)
        assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.05

    def test_any_text_is_taken(self, provider: EmbeddingProvider) -> None:
        rows = provider.embed(AWKWARD)
        assert rows.shape == (len(AWKWARD), provider.dimensions)
        lengths = np.linalg.norm(rows, axis=1)
        assert all(length == 0.0 or abs(length - 1.0) < 1e-5 for length in lengths.tolist())
        assert lengths[0] == 0.0, "an empty text is like nothing"

    def test_two_of_the_same_model_agree(self, provider: EmbeddingProvider) -> None:
        other = self.make_provider()
        assert (other.model, other.dimensions) == (provider.model, provider.dimensions)
        np.testing.assert_allclose(other.embed(TEXTS), provider.embed(TEXTS), atol=SAME_ROW_MAX)

    def test_threads_do_not_disturb_each_other(self, provider: EmbeddingProvider) -> None:
        expected = provider.embed(TEXTS)
        with ThreadPoolExecutor(4) as pool:
            for number, rows in enumerate(pool.map(provider.embed, [[text] for text in TEXTS] * 4)):
                np.testing.assert_allclose(rows[0], expected[number % len(TEXTS)], atol=SAME_ROW_MAX)
