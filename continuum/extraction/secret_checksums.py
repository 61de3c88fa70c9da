"""Proofs that a string is what its shape says: checksums of tokens, cards and accounts, and a measure of chance.

Pure functions, each linear in its argument. They answer False to anything of the wrong shape and raise nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
import zlib
from collections import Counter
from typing import Final

BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_CRC_DIGITS: Final = 6
_PLAIN: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))

IBAN_LENGTHS: Final = {
    country: int(length)
    for country, length in (
        pair.split(":")
        for pair in (
            "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 "
            "DJ:27 DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 "
            "HU:28 IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 "
            "MD:24 ME:22 MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 "
            "RS:22 RU:33 SA:24 SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 "
            "VG:24 XK:20"
        ).split()
    )
}
"""Characters of an IBAN by country, spaces left out: the registry of ISO 13616."""


def base62_crc(body: str) -> str:
    """The CRC-32 of `body` in six base62 digits, as GitHub and npm end their tokens.

    >>> base62_crc("abc")
    '0yKviM'
    """
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(_CRC_DIGITS, "0")


def has_base62_crc(body: str) -> bool:
    """Whether the last six characters are the checksum of those before."""
    return base62_crc(body[:-_CRC_DIGITS]) == body[-_CRC_DIGITS:]


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of those before.

    >>> passes_luhn("79927398713"), passes_luhn("79927398710")
    (True, False)
    """
    return sum(digits[::-2].encode().translate(_PLAIN) + digits[-2::-2].encode().translate(_DOUBLED)) % 10 == 0


_CARD: Final = re.compile(
    r"""
      4\d{15}(?:\d{3})?                                               # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}  # Mastercard
    | 3[47]\d{13}                                                     # American Express
    | (?:6011|64[4-9]\d|65\d\d)\d{12}(?:\d{3})?                       # Discover
    | 3(?:0[0-5]|[689]\d)\d{11}                                       # Diners Club
    | 35(?:2[89]|[3-8]\d)\d{12}                                       # JCB
    | 62\d{14,17}                                                     # UnionPay
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}              # Maestro
    | 220[0-4]\d{12}                                                  # Mir
    """,
    re.VERBOSE | re.ASCII,
)


def is_card_number(digits: str) -> bool:
    """Whether an issuer gives out numbers of this prefix and length, and the check digit is right."""
    return _CARD.fullmatch(digits) is not None and len(set(digits)) > 1 and passes_luhn(digits)


def is_iban(account: str) -> bool:
    """Whether the length is that of its country and the number is 1 modulo 97; upper case, without spaces."""
    if IBAN_LENGTHS.get(account[:2]) != len(account) or not (account.isascii() and account.isalnum()):
        return False
    return int("".join(str(int(char, 36)) for char in account[4:] + account[:4])) % 97 == 1


def base58_payload(text: str) -> bytes | None:
    """What base58check carries, with its version byte; None if the four checksum bytes are wrong."""
    number = 0
    for char in text:
        digit = BASE58.find(char)
        if digit < 0:
            return None
        number = number * 58 + digit
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    payload, checksum = raw[:-4], raw[-4:]
    good = hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4] == checksum
    return payload if good else None


def base64_bytes(text: str) -> bytes:
    """The bytes of URL-safe base64 with or without padding; none if it cannot be read."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def is_jwt_header(text: str) -> bool:
    """Whether base64 of a JSON object that names an algorithm."""
    try:
        header = json.loads(base64_bytes(text))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


_ENTROPY_MIN: Final = 3.0
_WORDY_SHARE: Final = 0.5
_WORD: Final = re.compile(r"[A-Za-z][a-z]{3,}|[A-Z]{4,}")
_VOWELS: Final = re.compile(r"[aeiouyAEIOUY]")
_CLUSTER: Final = re.compile(r"[^aeiouyAEIOUY]{4}|[aeiou]{4}")
_NUMBERS: Final = re.compile(r"\d+")


def bits_per_character(text: str) -> float:
    """Shannon's entropy of the characters as they stand.

    >>> bits_per_character("aabb")
    1.0
    """
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def looks_random(text: str) -> bool:
    """Whether a machine drew these characters: many different ones, and not mostly made of words.

    Names and paths have as many bits as keys have; what tells them apart is that at least half of a name is
    runs of letters that can be spoken, and that its digits stand together. Chosen on generated names and keys.

    >>> looks_random("billing-service-account-name"), looks_random("k8Rz2mQv7Tn4Xw9Lb3Yd")
    (False, True)
    """
    if not text or bits_per_character(text) < _ENTROPY_MIN:
        return False
    numbers = len(_NUMBERS.findall(text))
    spoken = sum(len(word) for word in _WORD.findall(text) if _VOWELS.search(word) and not _CLUSTER.search(word))
    if spoken >= _WORDY_SHARE * len(text):
        return False
    return numbers >= 2 or (any(char.islower() for char in text) and any(char.isupper() for char in text))
