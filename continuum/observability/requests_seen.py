"""One request that was answered, as whoever watches the service is told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class RequestSeen(NamedTuple):
    """Told after the answer. Nothing in it was said to the memory; `route` is a template, never a path.

    `began_at` is in seconds since 1970; `tenant_id`, `credential` (a name, no secret) and `operation` are "" for a
    request that was refused before its caller was known. `traceparent` is the caller's header, checked by nobody yet.
    """

    method: str
    route: str
    status: int
    began_at: float
    seconds: float
    sent_bytes: int
    request_id: str = ""
    tenant_id: str = ""
    credential: str = ""
    operation: str = ""
    traceparent: str = ""


Watcher = Callable[[RequestSeen], None]
"""Hears of each request; returns at once and never raises."""

UNMATCHED = "unmatched"
"""The route of a request that fits none."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
OTHER = "other"
"""Stands for whatever would make a label grow without bound."""
CLIENT_LEFT = 499
"""The status of a request whose caller left before the answer."""
