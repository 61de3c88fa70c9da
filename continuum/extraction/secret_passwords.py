"""Passwords, passphrases and PINs: anything can be one, so only what stands around it, and how it is put, tells."""

from __future__ import annotations

import re
from typing import Final

from continuum.extraction.secret_shapes import Span, by_pattern
from continuum.extraction.secret_stand_ins import is_stand_in, is_word_about_passwords

_PRE: Final = r"""(?P<quote>\\{0,3}["'`])(?P<quoted>(?:(?!(?P=quote))(?:\\.|[^\n])){1,200}+)(?P=quote)"""
_BARE: Final = r"""(?P<bare>(?:[^\s"'`<>]|["'`<>](?=\w)){3,256}+)"""
_VALUE: Final = rf"(?:{_PRE}|(?![\"'`]){_BARE})"
_NAME: Final = (
    r"(?:pass[_\-\ ]?words?|passwd|pwd|pass[_\-\ ]?phrase|pass[_\-\ ]?code"
    r"|passwort|kennwort|contraseña|senha|mot\ de\ passe)"
)
_NAMES: Final = "pass[wp_ -]|passcode|pwd|kennwort|contrase|senha|mot de passe"
_SIGNS: Final = "passw pass-w pass_w pwd phrase passcode pass-c pass_c kennwort contraseña senha"

_WORD_MAX: Final = 40
_TAIL: Final = ".,;:?)]}&|\\"
_UNIT: Final = re.compile(
    r"\s{0,2}(?:-|to\s)?\s?\d*\s?(?:char|digit|letter|symbol|day|week|month|year|hour|minute|time|attempt|bit|word)"
)
_CLAUSE_END: Final = re.compile(
    r"[.,;!?)\]}]*+(?:\s*+(?:\Z|\n)|[.!?;,)\]}](?:\s|\Z)|\s++(?:and|but|so|for|if|please|-)\b)"
)
_PARAMETER: Final = re.compile(r"[&;][\w.\- ]{1,40}=")
_HAS_CODE_SIGN: Final = re.compile(r"[0-9]|[^\W\d_][A-Z]|[^\w\s'’\-.,/:]|_")
_ENV_PATH: Final = re.compile(r"(?:[A-Za-z]:)?[/\\~]\S*[/\\]|/\w+\Z")
_LINE_END: Final = re.compile(r"[ \t]*+(?:[;,})\]]|\n|\r|\Z)")


def _trimmed(value: str) -> str:
    """Without the next parameter of a URL, and without the sentence's own marks."""
    parameter = _PARAMETER.search(value)
    return (value[: parameter.start()] if parameter else value).rstrip(_TAIL)


def _assigned(match: re.Match[str]) -> Span | None:
    """`name: value` and `name=value`; a plain word counts when nothing follows it in its line."""
    if match["quoted"] is not None:
        value, (start, end) = match["quoted"], match.span("quoted")
        return None if _is_remark(value) or is_stand_in(value) else (start, end)
    value = _trimmed(match["bare"])
    start, end = match.start("bare"), match.start("bare") + len(value)
    rest = match.string[end : end + 40]
    if len(value) < 3 or is_stand_in(value) or is_word_about_passwords(value) or _ENV_PATH.match(value):
        return None
    if _UNIT.match(rest) and value[:1].isdigit():
        return None
    return (start, end) if _is_code(value) or _LINE_END.match(rest) else None


def _is_code(value: str) -> bool:
    """Whether no word of a language: it has a digit, a sign or a capital inside, or no end."""
    return len(value) > _WORD_MAX or _HAS_CODE_SIGN.search(value) is not None


def _is_remark(quoted: str) -> bool:
    """A sentence about passwords stands in quotes as often as a password does."""
    words = quoted.lower().split()
    return any(is_word_about_passwords(word.strip(".,:;!?")) for word in words) and (
        len(words) > 1 or is_word_about_passwords(words[0])
    )


def _said(match: re.Match[str]) -> Span | None:
    """`my password is value`: quoted, or with a sign that words lack, or a plain word that ends its clause."""
    if match["quoted"] is not None:
        return None if _is_remark(match["quoted"]) or is_stand_in(match["quoted"]) else match.span("quoted")
    value = _trimmed(match["bare"])
    start, end = match.start("bare"), match.start("bare") + len(value)
    rest = match.string[end : end + 40]
    if len(value) < 3 or is_stand_in(value) or is_word_about_passwords(value) or _UNIT.match(rest):
        return None
    return (start, end) if _is_code(value) or _CLAUSE_END.match(rest) else None


def _phrase(match: re.Match[str]) -> Span | None:
    """Words of a passphrase are ordinary ones; a sentence about it is not."""
    words = match["secret"].split()
    about = sum(map(is_word_about_passwords, words))
    return None if about * 3 > len(words) else match.span("secret")


def _pin(match: re.Match[str]) -> Span | None:
    return None if _UNIT.match(match.string[match.end() : match.end() + 20]) else match.span("secret")


_VERB: Final = r"(?:is|was|ist|lautet|es|est)(?:\ (?:now|still|currently|just|simply|set\ to|changed\ to))?"
_NOW: Final = r"(?:(?:has\ been\ |is\ now\ |is\ |was\ )?(?:changed|set|reset|updated)\ to|will\ be|should\ be|becomes)"

PASSWORD_KINDS: Final = (
    by_pattern(
        "password",
        _SIGNS + " _pass pw",
        rf"(?:{_NAME}|(?<=_)pass|(?<![A-Za-z0-9])pw)(?:_(?:prod|dev|test|staging|live))?"
        rf"\d{{0,2}}\\{{0,3}}[\"'`]?(?:[ ]\([^()\n]{{1,30}}\))?"
        rf"\s{{0,3}}(?:[:=]=|=>|[:=](?!=))\s{{0,3}}{_VALUE}",
        _assigned,
        anchor=_NAMES + "|pass|pw",
    ),
    by_pattern(
        "password",
        _SIGNS,
        rf"{_NAME}(?:[ ](?:for|to|of|on|at|in|there)(?:[ ][\w.'’@/\-]{{1,30}}){{0,5}}?)?"
        rf"[ ](?:{_NOW}|{_VERB})[ ]?[:=]?[ ]{_VALUE}",
        _said,
        anchor=_NAMES,
    ),
    by_pattern(
        "password",
        _SIGNS,
        rf"(?:chang|set|reset|updat)(?:e|ed|ing|ting|s)?(?:[ ][\w'’.]{{1,20}}){{0,3}}?[ ]{_NAME}"
        rf"(?:[ ](?:for|of|on)(?:[ ][\w.'’@\-]{{1,30}}){{1,4}}?)?[ ](?:from[ ]\S{{1,60}}[ ])?to[ ]{_VALUE}",
        _said,
        anchor="chang|set|reset|updat",
    ),
    by_pattern(
        "password",
        "--pass --pwd sshpass",
        rf"(?:--(?:password|passwd|passphrase|pwd)\ |\bsshpass\ -p\ ?){_VALUE}",
        _assigned,
        anchor="--p|sshpass",
    ),
    by_pattern(
        "password",
        "curl",
        r"\bcurl\b[^\n|;]{0,120}?\ (?:-u|--user)[ =]?[\"']?[\w.@\-]{1,64}:(?P<quoted>[^\s\"']{3,100}+)(?P<bare>(?!))?",
        _assigned,
    ),
    by_pattern(
        "password",
        "</",
        r"<(?:\w{1,20}:)?(?:password|passwd|pwd|passphrase)>(?P<quoted>[^<>\n]{3,200}+)</(?P<bare>(?!))?",
        _assigned,
        anchor="</?p|<[a-z]",
    ),
    by_pattern(
        "passphrase",
        "phrase mnemonic",
        r"(?:pass[_\-\ ]?phrase|(?:seed|recovery)[ ]phrase|mnemonic)(?:[ ](?:for|of|to)(?:[ ][\w'’.\-]{1,30}){1,4}?)?"
        r"(?:\s{0,2}[:=]|[ ]is:?)\s{1,2}[\"']?(?P<secret>[a-z]{2,12}(?:[ \-][a-z]{2,12}){3,24})"
        r"(?=[\"'.;,!]?(?:\s*+\Z|\n|[.;,!\"']))",
        _phrase,
        anchor="pass.?phrase|seed phrase|recovery phrase|mnemonic",
    ),
    by_pattern(
        "pin",
        "pin",
        r"\bpin(?:[ ](?:number|code(?!\D{1,4}[1-9]\d{5}\b)))?(?:[ ](?:for|of|to)(?:[ ][\w'’.\-]{1,30}){1,4}?)?[\"']?"
        r"(?:\s?[:=]|[ ](?:is|was)(?:[ ]now)?:?|(?<=number)|(?<=code))[ ]?[\"']?(?P<secret>\d{4,8})"
        r"(?![\w\-]|[.,:]\d|[ ]?[%€$°])",
        _pin,
        anchor=r"\bpin",
    ),
)
