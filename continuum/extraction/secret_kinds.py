"""The kinds of secrets that are recognised: tokens by their shape here, and all others from the modules beside.

The first of two kinds that fit the same characters gives the name, so a token's own shape comes before "a value in
an assignment". Signs make nearly every text cost a few substring searches only. Patterns are linear: bounded, and
without two ways to read one character.
"""

from __future__ import annotations

import re
from typing import Final

from continuum.extraction.secret_checksums import (
    base58_payload,
    base64_bytes,
    bits_per_character,
    has_base62_crc,
    is_jwt_header,
)
from continuum.extraction.secret_contexts import CONTEXT_KINDS
from continuum.extraction.secret_keys import KEY_BLOCK_KINDS
from continuum.extraction.secret_numbers import NUMBER_KINDS
from continuum.extraction.secret_passwords import PASSWORD_KINDS
from continuum.extraction.secret_shapes import SecretKind, Span, by_pattern, whole

_BITS_MIN: Final = 2.3
_EXAMPLE: Final = re.compile(
    r"example|your|xxxx|placeholder|redacted|secret|012345|123456|abcdef|(.)\1{5}", re.IGNORECASE
)
_LONG_RUN: Final = re.compile(r"[5KLMNO](?<![A-Za-z0-9_].)[\w.\-]{49}", re.ASCII)
_WIF_VERSION: Final = 0x80
_WIF_BYTES: Final = (33, 34)


def _random(match: re.Match[str]) -> Span | None:
    """Such a prefix leaves little doubt; only blanks to fill in and published examples have this shape too."""
    body = match["body"]
    return whole(match) if bits_per_character(body) >= _BITS_MIN and not _EXAMPLE.search(body) else None


def _base62_crc(match: re.Match[str]) -> Span | None:
    return whole(match) if has_base62_crc(match["body"]) else None


def _pypi(match: re.Match[str]) -> Span | None:
    """A macaroon: version 2, then the location."""
    head = base64_bytes(match["body"][:28])
    return whole(match) if head.startswith((b"\x02\x01\x08pypi.org", b"\x02\x01\rtest.pypi.org")) else None


def _jwt(match: re.Match[str]) -> Span | None:
    return whole(match) if is_jwt_header(match["header"]) else None


def _wif(match: re.Match[str]) -> Span | None:
    payload = base58_payload(match[0])
    good = payload is not None and len(payload) in _WIF_BYTES and payload[0] == _WIF_VERSION
    return whole(match) if good else None


def _discord(match: re.Match[str]) -> Span | None:
    """The first part is the account's number in base64."""
    return whole(match) if base64_bytes(match["id"]).isdigit() else None


def _token(name: str, signs: str, shape: str, end: str = "A-Za-z0-9") -> SecretKind:
    """A token that begins with one of its signs and is no blank or example; none of `end` may follow."""
    return by_pattern(name, signs, rf"(?<![A-Za-z0-9]) {shape}" + (rf"(?![{end}])" if end else ""), _random)


_ANY: Final = ""
_DASHED: Final = r"A-Za-z0-9_\-"

_TOKEN_KINDS: Final = (
    by_pattern("github-token", "ghp_ gho_ ghs_ ghu_ ghr_", r"gh[posur]_(?P<body>[A-Za-z0-9]{36})(?!\w)", _base62_crc),
    _token("github-fine-grained-token", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_(?P<body>[A-Za-z0-9]{59})"),
    _token(
        "gitlab-token",
        "glpat- gldt- glrt- glptt- glcbt- glft- glimt- glagent- glsoat-",
        r"gl(?:pat|dt|rt|ptt|cbt|ft|imt|agent|soat)-(?P<body>[\w\-]{20,400}+(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?)",
        _ANY,
    ),
    _token("slack-token", "xox xapp-", r"(?:xox[abeoprs]|xapp)-(?:[0-9A-Z]{1,14}-){1,4}(?P<body>[A-Za-z0-9]{16,80}+)"),
    _token(
        "slack-webhook", "hooks.slack.com", r"https://hooks\.slack\.com/(?:services|workflows)/(?P<body>[\w/]{20,100}+)"
    ),
    _token("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_", r"[sr]k_(?:live|test)_(?P<body>[A-Za-z0-9]{16,247}+)"),
    _token("stripe-webhook-secret", "whsec_", r"whsec_(?P<body>[A-Za-z0-9+/]{24,80}+=?)"),
    _token("anthropic-key", "sk-ant-", r"sk-ant-[a-z]{2,10}\d\d-(?P<body>[\w\-]{32,400}+)", _ANY),
    _token(
        "openai-key",
        "sk-",
        r"sk-(?P<body>(?:proj|svcacct|admin|None)-[\w\-]{32,400}+|[A-Za-z0-9]{32,80}+(?![\w\-]))",
        _ANY,
    ),
    _token("google-api-key", "aiza", r"AIza(?P<body>[\w\-]{35})", _DASHED),
    _token("google-oauth-secret", "gocspx-", r"GOCSPX-(?P<body>[\w\-]{28})", _DASHED),
    _token("google-oauth-token", "ya29.", r"ya29\.(?P<body>[\w\-.]{30,400}(?<![.]))", _DASHED),
    by_pattern("npm-token", "npm_", r"(?<![A-Za-z0-9]) npm_(?P<body>[A-Za-z0-9]{36}) (?!\w)", _base62_crc),
    by_pattern("pypi-token", "pypi-age", r"(?<![A-Za-z0-9]) pypi-(?P<body>AgE[\w\-]{60,500}+)", _pypi),
    _token("hugging-face-token", "hf_", r"hf_(?P<body>[A-Za-z0-9]{34})", _DASHED),
    _token("sendgrid-key", "sg.", r"SG\.(?P<body>[\w\-]{22}\.[\w\-]{43})", _DASHED),
    _token("twilio-key", "sk", r"SK(?P<body>[0-9a-f]{32})"),
    _token("mailgun-key", "key-", r"key-(?P<body>[0-9a-f]{32})", _DASHED),
    by_pattern(  # in URLs "bot" stands right before it
        "telegram-bot-token",
        ":aa",
        r"(?:(?<![A-Za-z0-9])|(?<=/bot))\d{8,10}:(?P<body>AA[\w\-]{33})(?![\w\-])",
        _random,
    ),
    _token("digitalocean-token", "dop_v1_ doo_v1_ dor_v1_", r"do[por]_v1_(?P<body>[0-9a-f]{64})"),
    _token("shopify-token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_(?P<body>[0-9a-fA-F]{32})"),
    _token("databricks-token", "dapi", r"dapi(?P<body>[0-9a-f]{32}(?:-\d)?)"),
    _token("continuum-key", "ck_", r"ck_[a-z]{2,12}_[A-Za-z0-9\-]{4,40}_(?P<body>[\w\-]{32,90}+)"),
    _token("vault-token", "hvs. hvb.", r"hv[sb]\.(?P<body>[\w\-]{24,400}+)", _ANY),
    _token("linear-key", "lin_api_", r"lin_api_(?P<body>[A-Za-z0-9]{40})"),
    _token("groq-key", "gsk_", r"gsk_(?P<body>[A-Za-z0-9]{52})"),
    _token("aws-access-key-id", "akia asia abia acca", r"(?:AKIA|ASIA|ABIA|ACCA)(?P<body>[A-Z2-7]{16})", "A-Za-z0-9_"),
    by_pattern("jwt", "eyj", r"(?<![\w\-]) (?P<header>eyJ[\w\-]{10,2000}+) \.[\w\-]{2,20000}+ \.[\w\-]*+", _jwt),
    by_pattern(
        "bitcoin-private-key", _LONG_RUN, r"(?:5[HJK]|K[w-z]|L[1-5])(?<!\w..)[1-9A-HJ-NP-Za-km-z]{49,50}(?!\w)", _wif
    ),
    by_pattern(
        "discord-bot-token",
        _LONG_RUN,
        r"(?P<id>[MNO](?<![\w\-.].)[A-Za-z0-9]{23,27})\.[\w\-]{6}\.[\w\-]{27,40}+",
        _discord,
    ),
)

KINDS: Final[tuple[SecretKind, ...]] = (
    *KEY_BLOCK_KINDS,
    *_TOKEN_KINDS,
    *NUMBER_KINDS,
    *CONTEXT_KINDS,
    *PASSWORD_KINDS,
)
