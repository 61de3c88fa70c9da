"""The answer of a recall as JSON, written straight from what the core gives: the busiest route has no time for models.

`RecallResponse` describes the same answer, field by field; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from continuum.domain.records import Json
from continuum.domain.results import MemoryContext

_FIELDS = tuple(MemoryContext.__dataclass_fields__)
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY


def recall_json(context: MemoryContext) -> bytes:
    """The body of a recall's answer."""
    told = {name: getattr(context, name) for name in _FIELDS}
    told["context"] = context.context_string
    return orjson.dumps(told, _plain, _OPTIONS)


def _plain(value: object) -> Json:
    """What the writer does not know: mappings that cannot be changed."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} has no place in an answer")
