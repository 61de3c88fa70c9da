"""Embedding providers by name, and a user's own function as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from typing import Any, Final, cast

import numpy as np
from numpy.typing import ArrayLike

from continuum.embeddings.base import EmbeddingProvider, Vectors
from continuum.embeddings.vectors import checked
from continuum.errors import ConfigurationError, EmbeddingError


class CallableProvider:
    """A function of the user's own: texts in, one row of `dimensions` numbers each out.

    Rows are brought to length 1 here. What the function raises as ValueError, TypeError, OSError or RuntimeError
    becomes an EmbeddingError; `model` must change whenever its vectors do.
    """

    def __init__(self, function: Callable[[Sequence[str]], ArrayLike], *, model: str, dimensions: int) -> None:
        if dimensions < 1 or not model:
            raise ConfigurationError("an embedding function needs a model name and a positive number of dimensions")
        self._function = function
        self.model: Final = model
        self.dimensions: Final = dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        try:
            rows = self._function(texts)
        except (ValueError, TypeError, OSError, RuntimeError) as exc:
            raise EmbeddingError(f"{self.model}: the embedding function failed: {exc}") from exc
        return checked(rows, len(texts), self.dimensions, self.model)


# By module, since each brings a library that nobody should wait for who does not use it.
_BY_NAME: Final[dict[str, tuple[str, str, bool]]] = {
    "minilm": ("minilm", "MiniLMProvider", False),
    "static": ("static", "StaticProvider", False),
    "sentence-transformers": ("sentence_transformers_provider", "SentenceTransformersProvider", True),
    "openai": ("http_providers", "OpenAIProvider", True),
    "ollama": ("http_providers", "OllamaProvider", True),
}
"""Name to module, class, and whether a model's name may follow after a colon."""

PROVIDER_NAMES: Final = ("minilm", "static", "sentence-transformers:NAME", "openai:MODEL", "ollama:MODEL")


def provider_from_name(spec: str, **settings: Any) -> EmbeddingProvider:  # each class has its own settings
    """The provider that `spec` names: "minilm", "static", "openai:MODEL", "ollama:MODEL", "sentence-transformers:NAME".

    `settings` are the class's keyword arguments; those that are None count as not given. Raises ConfigurationError
    for an unknown name or setting, FeatureUnavailableError if packages are missing.
    """
    name, colon, model = spec.partition(":")
    module, class_name, takes_model = _BY_NAME.get(name, ("", "", False))
    if not module or (colon and not (takes_model and model)):
        raise ConfigurationError(f"unknown embedding provider {spec!r}; known are {', '.join(PROVIDER_NAMES)}")
    provider = getattr(import_module(f"continuum.embeddings.{module}"), class_name)
    given = {key: value for key, value in settings.items() if value is not None}
    unknown = sorted(given.keys() - signature(provider).parameters.keys())
    if unknown:
        raise ConfigurationError(f"embedding provider {name!r} has no setting {', '.join(unknown)}")
    return cast(EmbeddingProvider, provider(model, **given) if model else provider(**given))
