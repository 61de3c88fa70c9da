"""Takes secrets out of what is about to be logged or sent away: texts, names and exceptions."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from continuum.errors import ContinuumError
from continuum.extraction.redaction import Redactor

READ_CHARS_MAX: Final = 65_536
"""Of a longer text the end is dropped before it is looked at, so that no secret is cut into something unknown."""
TEXT_CHARS_MAX: Final = 8_192
EXCEPTION_CHARS_MAX: Final = 32_768
CHAIN_MAX: Final = 8
"""Exceptions of one chain or group that are told."""
FRAMES_MAX: Final = 60
NAMES_KEPT: Final = 4_096
SECRET_CHARS_MIN: Final = 4
"""A known secret that is shorter would be found in half of all words."""

_KEY: Final = re.compile(r"\b(ck_[A-Za-z]{1,12}_[A-Za-z0-9\-]{1,40})_[\w\-]{1,200}+")
_TOKEN: Final = re.compile(r"\beyJ[\w\-]{4,4000}+\.[\w\-]{2,20000}+(?:\.[\w\-]*+)?")
_IN_URL: Final = re.compile(r"(://)[^\s/?#@'\"]{1,500}+@")
_IN_HEADER: Final = re.compile(
    r"\b(authorization|proxy-authorization|x-api-key|cookie|set-cookie)(['\"]?\s{0,3}[:=]\s{0,3})[^\r\n]{1,4000}+",
    re.IGNORECASE,
)
_BEARER: Final = re.compile(r"\b(bearer|basic)\s{1,3}[\w\-.~+/=]{6,20000}+", re.IGNORECASE)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_QUOTES: Final = "'\"`"


class Scrubber:
    """Takes secrets of every kind that is known out of texts; `secrets` are the service's own, by their value.

    Threads may share it. Time is linear in the length of a text; the answer is bounded.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._redactor = Redactor()
        self._secrets = sorted((each for each in set(secrets) if len(each) >= SECRET_CHARS_MIN), key=len, reverse=True)
        self._kept_name = lru_cache(NAMES_KEPT)(self._clean_name)

    def text(self, text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
        """A text without secrets, cut at `chars_max`."""
        text = text[:READ_CHARS_MAX]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        # Ours first: their shapes hold even where a value is too plain to be taken for a secret by itself.
        if "ck_" in text:
            text = _KEY.sub(r"\1_***", text)
        if "eyJ" in text:
            text = _TOKEN.sub("[token]", text)
        if "://" in text:
            text = _IN_URL.sub(r"\1***@", text)
        text = _IN_HEADER.sub(r"\1\2***", text)
        text = _BEARER.sub(r"\1 ***", text)
        text = self._redactor.redact(text).text
        return text if len(text) <= chars_max else f"{text[:chars_max]}... [cut]"

    def name(self, name: str) -> str:
        """A short name (an id, a tenant, a route) without secrets: whoever names something may put a secret there."""
        return name if _UUID.match(name) else self._kept_name(name)

    def _clean_name(self, name: str) -> str:
        return self.text(name, 200)

    def exception(self, error: BaseException) -> str:
        """An exception with its traceback and what led to it, as text: lines of code, and messages without secrets."""
        told = "".join(self._told(error))
        return told if len(told) <= EXCEPTION_CHARS_MAX else f"{told[:EXCEPTION_CHARS_MAX]}... [cut]"

    def message_of(self, error: BaseException) -> str:
        """What an exception says. Of a stranger's the quoted part goes: it may be what somebody wrote."""
        said = str(error)
        if not isinstance(error, ContinuumError | OSError):
            said = _without_quoted(said)
        return self.text(said, 1_000)

    def _told(self, error: BaseException) -> Iterator[str]:
        for link in reversed(chain_of(error)):  # as Python prints them: what happened last comes last
            yield "Traceback (most recent call last):\n"
            for line in traceback.format_tb(link.__traceback__, limit=-FRAMES_MAX):
                yield self.text(line)
            yield f"{type(link).__qualname__}: {self.message_of(link)}\n"


def chain_of(error: BaseException) -> list[BaseException]:
    """An exception, what it was raised from, and the members of groups: each once, at most `CHAIN_MAX`."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting and len(found) < CHAIN_MAX:
        link = waiting.pop(0)
        if any(link is each for each in found):
            continue
        found.append(link)
        cause = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        if cause is not None:
            waiting.append(cause)
        if isinstance(link, BaseExceptionGroup):
            waiting += link.exceptions
    return found


def _without_quoted(said: str) -> str:
    """A message without what stands between its first quote and its last one, if that is more than a word."""
    first = min((at for at in map(said.find, _QUOTES) if at >= 0), default=-1)
    last = max(map(said.rfind, _QUOTES))
    quoted = said[first + 1 : last]
    return f"{said[: first + 1]}...{said[last:]}" if first < last and not quoted.isidentifier() else said
