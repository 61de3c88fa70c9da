"""What all wire shapes share: how requests are read, and how moments are written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, model_validator

from continuum.domain.clock import EARLIEST_MICROS, from_micros

FIELDS_MAX = 64
"""More than any request has: of each unknown field the parser makes a note, at its own price."""
Element = TypeVar("Element")


class _FirstMistake(FailFast):
    """`FailFast` that may stand in a union, which hashes its parts."""

    def __hash__(self) -> int:
        return hash(self.fail_fast)


Listed = Annotated[list[Element], _FirstMistake()]
"""A list that is read up to the first element that is wrong: half a million wrong ones cost seconds."""
Moment = str | float
"""RFC 3339 text, or seconds since 1970; read by the core, as in every other door."""


class Request(BaseModel):
    """Unknown fields are refused: a misspelt one would otherwise be silently without effect.

    Types are taken as they are: a text is no number, and a number is no truth value.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_many_fields(cls, value: object) -> object:
        if isinstance(value, dict) and len(value) > FIELDS_MAX:
            raise ValueError(f"must have at most {FIELDS_MAX} fields; got {len(value)}")
        return value


class ScopedRequest(Request):
    """A request about what concerns a user, an agent or a project of the tenant."""

    user_id: str | None = None
    agent_id: str | None = None
    project_id: str | None = None


class Query(BaseModel):
    """The parameters of a GET; unknown ones are refused, as in a body."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """An answer that is read from the attributes of what the core gives."""

    model_config = ConfigDict(from_attributes=True)


def _moment(value: object) -> object:
    """Microseconds as the moment they stand for; the earliest of all stands for "nobody knows since when"."""
    if not isinstance(value, int):
        return value
    return None if value <= EARLIEST_MICROS else from_micros(value)


MicrosTime = Annotated[datetime, BeforeValidator(_moment)]
OptionalMicrosTime = Annotated[datetime | None, BeforeValidator(_moment)]
