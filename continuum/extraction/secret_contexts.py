"""Secrets that only their surroundings give away: headers, connection strings, URLs, assignments to secret names."""

from __future__ import annotations

import re
from typing import Final

from continuum.extraction.secret_checksums import base64_bytes, looks_random
from continuum.extraction.secret_shapes import Span, by_pattern, whole
from continuum.extraction.secret_stand_ins import is_stand_in

_AWS_BYTES: Final = 40
_HEX_MIN: Final = 32
_GENERIC_MIN: Final = 16
_BEFORE_MAX: Final = 24
_HARMLESS_NAME: Final = re.compile(
    r"(?:next|page|paging|continuation|cursor|sync|public|publishable)[\w ]{0,8}\Z", re.I
)
_KEY_OF: Final = re.compile(
    r"(?:api|access|auth|private|signing|encryption|service|account|master|client|app|license)[_\-\ .]?\Z",
    re.IGNORECASE,
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PATH: Final = re.compile(r"[.~]{0,2}/[\w.\-]{2,40}/|[\w.\-]{1,40}/[\w.\-/]*\.[a-z]{1,5}\Z")
_PORT: Final = re.compile(r"\d{1,5}[?#,;|)]")


def _aws_secret(match: re.Match[str]) -> Span | None:
    value = match["secret"]
    return whole(match) if looks_random(value) and value.lower() != value else None


def _generic(match: re.Match[str]) -> Span | None:
    """A value drawn by chance whose name says that it is a secret, and not one that is handed to everybody."""
    value = match["secret"].rstrip(".")
    name_start = match.string[max(0, match.start() - _BEFORE_MAX) : match.start()]
    if match[0][:3].lower() == "key" and not _KEY_OF.search(name_start):
        return None
    if _HARMLESS_NAME.search(name_start) or _PATH.match(value) or is_stand_in(value):
        return None
    start, end = match.start("secret"), match.start("secret") + len(value)
    return (start, end) if _UUID.fullmatch(value) or looks_random(value) else None


def _basic(match: re.Match[str]) -> Span | None:
    pair = base64_bytes(match["secret"].rstrip("="))
    return whole(match) if b":" in pair and not pair.startswith(b":") and pair.isascii() else None


def _bearer(match: re.Match[str]) -> Span | None:
    value = match["secret"].rstrip(".")
    start = match.start("secret")
    return (start, start + len(value)) if not is_stand_in(value) and looks_random(value) else None


def _url_password(match: re.Match[str]) -> Span | None:
    value = match["secret"]
    blank = is_stand_in(value) or value.lower() in ("password", "pass", "pw", "pwd", "passwd") or _PORT.match(value)
    return None if blank else whole(match)


_QUOTES: Final = r"""(?:\\{0,3}["'`])?"""
_IS: Final = rf"{_QUOTES}\s{{0,3}}(?::=|=>|[:=]|\b(?:is|was)\b)[:=]?\s{{0,3}}{_QUOTES}"

CONTEXT_KINDS: Final = (
    by_pattern(
        "aws-secret-access-key",
        "secret aws",
        rf"""(?:secret[_\-\ .]?(?:access[_\-\ .]?)?key|aws[_\-\ .]?secret|aws[_\-\ .]key)(?:[ ]for[ ][\w\ ]{{1,20}}?)?
        {_IS}(?P<secret>[A-Za-z0-9+/]{{{_AWS_BYTES}}})(?![A-Za-z0-9+/=])""",
        _aws_secret,
        anchor=r"secret|aws",
    ),
    by_pattern(
        "azure-account-key",
        "accountkey sharedaccesskey",
        r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{42,86}={1,2})",
        _aws_secret,
        anchor=r"accountkey|sharedaccesskey",
    ),
    by_pattern(
        "basic-authorization",
        "basic",
        r"authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?basic\ {1,3}(?P<secret>[A-Za-z0-9+/_\-]{6,400}+={0,2})",
        _basic,
        anchor=r"authorization",
    ),
    by_pattern(
        "bearer-token",
        "bearer",
        r"\bbearer[ ]{1,3}(?P<secret>[A-Za-z0-9._~+/\-]{16,4000}+={0,2})",
        _bearer,
        anchor=r"bearer",
    ),
    by_pattern(
        "url-password",
        "://",
        r"://[^\s/:@\"'<>?\#]{0,100}+:(?P<secret>[^\s/\"'<>]{1,200})@(?=[\w\[])",
        _url_password,
    ),
    by_pattern(
        "generic-secret",
        "secret token key credential",
        rf"""(?:secret(?:[_\-\ .]?key(?:_base)?)?|token|key|credentials?)[_\-]?\d{{0,2}}
        {_IS}(?P<secret>[A-Za-z0-9_+/.~\-]{{{_GENERIC_MIN},400}}+={{0,2}})(?![A-Za-z0-9(\[])""",
        _generic,
        anchor=r"secret|token|key|credential",
    ),
)
