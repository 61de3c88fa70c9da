"""What all wire shapes share: how requests are read, and how moments are written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from continuum.domain.clock import EARLIEST_MICROS, from_micros

Moment = str | float
"""RFC 3339 text, or seconds since 1970; read by the core, as in every other door."""


class Request(BaseModel):
    """Unknown fields are refused: a misspelt one would otherwise be silently without effect.

    Types are taken as they are: a text is no number, and a number is no truth value.
    """

    model_config = ConfigDict(extra="forbid", strict=True)


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
