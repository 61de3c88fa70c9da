"""Addresses of servers, which may be shown: in them stands no user, no password and no key."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def checked_address(address: str) -> str:
    """The address, if it is scheme, host, port and path and nothing else.

    Raises ValueError, which never repeats the address: what is refused may hold a secret.
    """
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False  # not chained: the parser's messages repeat parts of the address
    if any(sign in address for sign in "@?#"):
        raise ValueError("is an address with a user, a password or a query; give a key as embedding_api_key")
    if not valid:
        raise ValueError("is not an http or https address")
    return address


def shown_address(address: str) -> str:
    """Scheme, host and port of a checked address, for messages."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def without_password(url: str) -> str:
    """A path or URL as it may be shown.

    >>> without_password("postgresql://ann:secret@host:5432/db"), without_password("./memory.db")
    ('postgresql://ann@host:5432/db', './memory.db')
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    login, at, place = rest.rpartition("@")
    shown = f"{scheme}://{login.partition(':')[0]}{at}{place}"
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1***", shown)
