"""Reads one JSON object of an export, field by field: every value checked, nothing left over."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence

from continuum.core.validation import checked_count, checked_label, checked_text, checked_time
from continuum.domain.clock import Micros
from continuum.domain.ids import checked_name
from continuum.domain.records import Json
from continuum.errors import InvalidInputError, shown

SEQ_MAX = 1 << 62
LABEL_CHARS_MAX = 512
"""Names inside an export: longer than what callers may give, since some are made of others."""


def compact(value: Json) -> str:
    """A value as the lines of an export and the metadata of messages are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def canonical(value: Json) -> str:
    """A value as payloads of the log are written."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


class Fields:
    """The fields of one object. Each method takes one, and raises InvalidInputError if it breaks its rule."""

    def __init__(self, values: object) -> None:
        if not isinstance(values, Mapping):
            raise InvalidInputError("value", f"must be a JSON object, not {shown(values)}")
        self._rest = dict(values)

    def has(self, name: str) -> bool:
        """Whether the field is there and not null; a null is taken away."""
        if self._rest.get(name) is None:
            self._rest.pop(name, None)
            return False
        return True

    def value(self, name: str) -> Json:
        """Any value, null too. Raises InvalidInputError if the field is missing."""
        if name not in self._rest:
            raise InvalidInputError(name, "is missing")
        return self._rest.pop(name)

    def text(self, name: str, limit_bytes: int) -> str:
        return checked_text(self.value(name), name, limit_bytes)

    def label(self, name: str) -> str:
        return checked_label(self.value(name), name, LABEL_CHARS_MAX)

    def optional_label(self, name: str) -> str | None:
        return self.label(name) if self.has(name) else None

    def optional_name(self, name: str) -> str | None:
        """A name of a scope."""
        return checked_name(self.value(name), name) if self.has(name) else None

    def count(self, name: str, low: int = 0) -> int:
        return checked_count(self.value(name), name, low, SEQ_MAX)

    def optional_count(self, name: str, low: int = 0) -> int | None:
        return self.count(name, low) if self.has(name) else None

    def truth(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise InvalidInputError(name, f"must be true or false, not {shown(value)}")
        return value

    def moment(self, name: str) -> Micros:
        """An RFC 3339 text, as microseconds."""
        value = self.value(name)
        if not isinstance(value, str):
            raise InvalidInputError(name, f"must be an RFC 3339 text, not {shown(value)}")
        moment = checked_time(value, name)
        assert moment is not None
        return moment

    def optional_moment(self, name: str) -> Micros | None:
        return self.moment(name) if self.has(name) else None

    def data(self, name: str) -> bytes:
        """Bytes in base64."""
        value = self.value(name)
        try:
            return base64.b64decode(value, validate=True) if isinstance(value, str) else _no_text(name, value)
        except (binascii.Error, ValueError) as exc:
            raise InvalidInputError(name, f"is no base64: {exc}") from exc

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        value = self.value(name)
        if not isinstance(value, str) or value not in allowed:
            raise InvalidInputError(name, f"is {shown(value)}; it must be one of {', '.join(allowed)}")
        return value

    def finish(self) -> None:
        """Raise InvalidInputError if a field is left that nobody asked for: it would be lost."""
        for name in self._rest:
            raise InvalidInputError(name[:60], "is not known in this version of the format")


def _no_text(name: str, value: object) -> bytes:
    raise InvalidInputError(name, f"must be a text in base64, not {shown(value)}")


def json_object(data: bytes) -> Fields:
    """The object in one line. Raises InvalidInputError for anything else, NaN and endless nesting too."""
    try:
        return Fields(json.loads(data.decode("utf-8"), parse_constant=_no_number))
    except UnicodeDecodeError as exc:
        raise InvalidInputError("encoding", f"is not UTF-8: {exc.reason} at byte {exc.start}") from exc
    except InvalidInputError:
        raise
    except (ValueError, RecursionError) as exc:
        raise InvalidInputError("json", f"is broken: {exc}") from exc


def _no_number(name: str) -> Json:
    raise InvalidInputError("json", f"holds {name}, which JSON cannot carry")
