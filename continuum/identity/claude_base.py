"""Gives a Claude client its name as an instance: which application it is, and which of its sessions."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from continuum.domain.ids import checked_name
from continuum.errors import InvalidInputError

CLIENT_CHARS_MAX: Final = 64
VERSION_CHARS_MAX: Final = 32
_SLUG_CHARS_MAX: Final = 40
_SESSION_CHARS_MAX: Final = 64
_DIGEST_CHARS: Final = 12
_FOREIGN: Final = re.compile(r"[^a-z0-9]+")
_MOMENT: Final = re.compile(r"[0-9]{8}-[0-9]{6}")
_PREFIX: Final = "claude"


@dataclass(frozen=True, slots=True)
class ClaudeIdentity:
    """One session of one Claude application; `instance_id` is the same whenever the same session comes back."""

    instance_id: str
    session_id: str
    client: str


class ClaudeIdentityProvider:
    """Names Claude clients by what they say of themselves.

    That is no proof: a name here lets nobody in, and tells apart only what one tenant's own credential let in.
    """

    def identify(self, client_name: str, client_version: str, session_id: str) -> ClaudeIdentity:
        """The identity of a session. Equal arguments give an equal one; different sessions differ.

        Raises InvalidInputError: `client_name` is 1 to 64 printable characters, `client_version` at most 32,
        `session_id` as every session's.

        >>> ClaudeIdentityProvider().identify("Claude Desktop", "1.2.0", "20251207-120000").instance_id
        'claude-desktop-20251207-120000'
        """
        name = _checked(client_name, "client_name", CLIENT_CHARS_MAX)
        version = _checked(client_version, "client_version", VERSION_CHARS_MAX) if client_version else ""
        checked_name(session_id, "session_id")
        return ClaudeIdentity(_instance_of(name, session_id), session_id, f"{name}/{version}" if version else name)


def _checked(value: str, field: str, chars_max: int) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= chars_max or not value.isprintable():
        raise InvalidInputError(field, f"must be 1 to {chars_max} printable characters", limit=chars_max)
    return value.strip()


def _instance_of(client: str, session_id: str) -> str:
    """A name that people can read; where reading loses something, a digest keeps different clients apart."""
    plain = _FOREIGN.sub("-", client.lower()).strip("-")
    slug = plain if plain.startswith(_PREFIX) else f"{_PREFIX}-{plain}".strip("-")
    # A session may hold hyphens: only one that is a moment can be told from the client's name behind one.
    sign = "-" if _MOMENT.fullmatch(session_id) else ":"
    if len(slug) <= _SLUG_CHARS_MAX and len(session_id) <= _SESSION_CHARS_MAX and client.isascii():
        return f"{slug}{sign}{session_id}"
    digest = hashlib.sha256(f"{client}\x1f{session_id}".encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{slug[:_SLUG_CHARS_MAX]}{sign}{session_id[:_SESSION_CHARS_MAX]}.{digest}"
