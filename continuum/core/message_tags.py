"""The tags that messages are filtered by: their names, and the form in which they are hashed."""

from __future__ import annotations

import json
from collections.abc import Iterable

from continuum.domain.records import Origin
from continuum.language.tokens import tag

ORIGIN_TAG = "origin"
"""What is not the user's own says so: the user's own words need no tag."""


def tag_pairs(scope_and_filters: Iterable[tuple[str, object]]) -> list[tuple[str, str]]:
    """Names and values in the form that is hashed: a value is written as JSON, so that 1 and "1" differ."""
    return [
        (name, json.dumps(value, ensure_ascii=False, sort_keys=True))
        for name, value in scope_and_filters
        if value is not None
    ]


def origin_tag(origin: Origin) -> int:
    """The tag of what has an origin other than the user."""
    return tag(ORIGIN_TAG, json.dumps(origin.value))


def metadata_tag_name(key: str) -> str:
    """The tag name of a metadata key, apart from the scopes' own names."""
    return f"metadata.{key}"
