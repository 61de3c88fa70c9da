"""JSON documents of a token issuer, read over HTTP within bounds of size and time; a redirect is not followed."""

from __future__ import annotations

import http.client
import ipaddress
import json
import time
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

from continuum.domain.records import Json

DOCUMENT_BYTES_MAX: Final = 256 * 1_024
TIMEOUT_SECONDS: Final = 3.0
_PIECE_BYTES: Final = 16_384


class IssuerTrouble(Exception):  # noqa: N818  it is no failure that a caller sees, but one of the issuer
    """The issuer does not answer, or with something else than the document; what is known goes on counting."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Keys must come from the address that was configured, and from no other."""

    def redirect_request(self, *args: object) -> None:
        return None


def is_safe_address(address: str, *, loopback_allowed: bool = True) -> bool:
    """Whether keys may be read from there: https, or http on this machine; without a user, a query or a fragment."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or port == 0 or any(sign in address for sign in "@?#\\") or not address.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and loopback_allowed and _is_loopback(host))


def is_plain(address: str) -> bool:
    """Whether an address is http, which is allowed on this machine only."""
    return urlsplit(address).scheme == "http"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_document(address: str, timeout_seconds: float = TIMEOUT_SECONDS) -> dict[str, Json]:
    """The JSON object at a safe address. Raises IssuerTrouble.

    No proxy of the environment is used. What drips may take `timeout_seconds` for its head and as much for its body.
    """
    assert is_safe_address(address)
    opener = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({}))
    request = urllib.request.Request(address, headers={"Accept": "application/json"})  # noqa: S310  checked above
    try:
        with opener.open(request, timeout=timeout_seconds) as response:
            data = _read_all(response, time.monotonic() + timeout_seconds)
    except urllib.error.HTTPError as exc:
        with exc:
            raise IssuerTrouble(f"{address} answered {exc.code}") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise IssuerTrouble(f"{address} cannot be read: {type(exc).__name__}") from exc
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise IssuerTrouble(f"{address} is not JSON") from exc
    if not isinstance(document, dict):
        raise IssuerTrouble(f"{address} is not a JSON object")
    return document


def _read_all(response: http.client.HTTPResponse, deadline: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > DOCUMENT_BYTES_MAX:
            raise OSError(f"larger than {DOCUMENT_BYTES_MAX} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("not read in time")
    return b"".join(pieces)
