"""The name of a running instance of an agent."""

from __future__ import annotations

import secrets
import time

from continuum.domain.clock import from_micros
from continuum.domain.ids import TenantId, checked_name


def instance_name(given: str | None, tenant: TenantId) -> str:
    """The name that was given, or tenant, start time and four random characters, so that two starts differ.

    Raises InvalidInputError.
    """
    if given is not None:
        return checked_name(given, "instance_id")
    started = from_micros(time.time_ns() // 1_000)
    return f"{tenant[:100]}-{started:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
