"""What one tenant may hold and ask for, where it is less, or other, than the service's own settings say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from continuum.domain.records import Json
from continuum.errors import InvalidInputError

NUMBER_MAX = 1 << 53


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """Quotas in numbers of things held, None for no quota of its own.

    `audit_reads` is whether reads stand in the tenant's audit log too.
    """

    messages_max: int | None = None
    bytes_max: int | None = None
    """Bytes of UTF-8 of all messages, with their earlier wordings."""
    instances_max: int | None = None
    requests_per_minute: int | None = None
    audit_reads: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Json]) -> TenantLimits:
        """Limits from named values; what is left out is the default. Raises InvalidInputError."""
        known = {each.name for each in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise InvalidInputError(name, f"is no limit; known are {', '.join(sorted(known))}")
            if name == "audit_reads":
                if not isinstance(value, bool):
                    raise InvalidInputError(name, "must be true or false")
            elif value is not None and not _is_number(value):
                problem = f"must be a whole number from 0 to {NUMBER_MAX}, or null"
                raise InvalidInputError(name, problem, limit=NUMBER_MAX)
        return cls(**values)

    @classmethod
    def from_text(cls, text: str) -> TenantLimits:
        """What `to_text` wrote."""
        return cls(**json.loads(text))

    def to_text(self) -> str:
        """A JSON object of what differs from the default: ``{}`` where nothing does."""
        told = {name: value for name, value in asdict(self).items() if value not in (None, False)}
        return json.dumps(told, sort_keys=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= NUMBER_MAX
