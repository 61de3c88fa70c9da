"""One key for every way of writing a name, so that twins are one concept and a query finds it without a table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, takewhile
from typing import Final

from continuum.language.word_classes import is_function_word, words_of

QUERY_KEYS_MAX: Final = 64
QUERY_WORDS_MAX: Final = 256
"""Words of a query that are looked at; longer texts are exchanges, not questions."""
NAME_WORDS_MAX: Final = 4

_POSSESSIVE = re.compile(r"['’]s(?!\w)", re.IGNORECASE)
_ACRONYM_PLURAL = re.compile(r"(?<![^\W_])[A-Z]{2,6}s\Z")
_SHORT_PLURALS = frozenset(words_of("ids dbs prs vms pcs tvs cds ips ads uis"))
_NOT_PLURAL = frozenset(
    words_of(
        "windows news jenkins texas kansas dallas atlas alias bias james thomas charles hans lars jens lucas nicholas "
        "andreas jonas matthias tobias elias silas mercedes hercules wales naples brussels athens carlos marcos "
        "santos chaos kudos keras pandas mumps measles always perhaps https cors saas paas iaas"
    )
)
_NEVER_PLURAL_ENDS: Final = words_of(
    "kubernetes postgres canvas pancreas christmas losangeles macos nixos chromeos cosmos asbestos series species "
    "diabetes herpes rabies scabies devops mlops"
)
_ARE_PLURAL: Final = words_of(
    "apis clis guis emojis wikis taxis kiwis safaris alibis zucchinis tsunamis rabbis corgis martinis skis "
    "menus cpus gpus tpus npus gurus emus skus"
)
_IRREGULAR: Final = (
    ("children", "child"),
    ("women", "woman"),
    ("analyses", "analysis"),
    ("hypotheses", "hypothesis"),
    ("diagnoses", "diagnosis"),
    ("crises", "crisis"),
    ("indices", "index"),
    ("vertices", "vertex"),
    ("matrices", "matrix"),
    ("knives", "knife"),
    ("wives", "wife"),
    ("wolves", "wolf"),
    ("shelves", "shelf"),
    ("halves", "half"),
    ("loaves", "loaf"),
)
_KEEP_IE: Final = words_of(
    "movies cookies zombies calories rookies selfies hoodies brownies smoothies pixies foodies newbies"
)
_STRIP_S_ONLY: Final = words_of("caches headaches niches quiches avalanches shoes canoes")
_STRIP_ES: Final = (
    *("ches", "shes", "sses", "xes", "zzes"),
    *("atoes", "heroes", "echoes", "vetoes", "mosquitoes", "volcanoes", "torpedoes"),
    *("statuses", "viruses", "buses", "campuses", "bonuses", "choruses", "focuses", "corpuses", "sinuses"),
)


@lru_cache(maxsize=8192)
def normalise_name(text: str) -> str:
    """The canonical key of a name: what its spellings share.

    Case, width, hyphens, underscores, spaces, CamelCase, a plural ending and a possessive do not count; dots
    count between digits only, "+" and "#" after a letter or digit. Separators vanish, so that "web_framework",
    "Web Frameworks" and "WebFramework" are one. Empty if nothing of the text can name anything.
    Idempotent: a key is its own key.

    >>> normalise_name("Web Frameworks"), normalise_name("web_framework"), normalise_name("C++ 20")
    ('webframework', 'webframework', 'c++20')
    """
    if _ACRONYM_PLURAL.search(text):
        text = text[:-1]
    if "'" in text or "’" in text:
        text = _POSSESSIVE.sub("", text)
    key = _squeeze(_fold(text))
    if not key.isascii():
        key = _squeeze(_fold(key))  # letters that met when a separator went may compose, as Hangul does
    singular = _singular(key)
    while singular != key:
        key, singular = singular, _singular(singular)
    return key


def entity_key(name: str) -> str:
    """The key of a name that somebody gave: one without letters or digits, such as an emoji, is its own key.

    Idempotent; only a blank name has none.

    >>> entity_key("Web Frameworks"), entity_key(" 🚀 ")
    ('webframework', '🚀')
    """
    return normalise_name(name) or "".join(_fold(name).split())


def key_prefix(beginning: str) -> str:
    """What the keys of all names with this beginning begin with; '' for a blank one.

    >>> entity_key("New York").startswith(key_prefix("new ")), key_prefix("Web-Frameworks")
    (True, 'webframework')
    """
    squeezed = _squeeze(_fold(beginning))
    if not squeezed:
        return entity_key(beginning)
    pairs = zip(squeezed, normalise_name(beginning), strict=False)  # a plural ending is in no key
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    # A few letters change again when folding undoes what NFKC composed; three rounds settle all of Unicode.
    for _ in range(3):
        folded = unicodedata.normalize("NFKC", text.casefold())
        if folded == text:
            break
        text = folded
    return text


def _squeeze(text: str) -> str:
    if text.isalpha():
        return text
    kept: list[str] = []
    gap = ""
    for character in text:
        if character.isalnum() or (not gap and kept and unicodedata.category(character)[0] == "M"):
            if gap and kept and kept[-1].isdigit() and character.isdigit():
                kept.append("." if gap == "." else " ")
            kept.append(character)
            gap = ""
        elif character in "+#" and kept and not gap:
            kept.append(character)
        else:
            gap = character if not gap else "  "
    return "".join(kept)


def _singular(key: str) -> str:
    """Undo the plural of the last word; the word's own start is not known, so endings alone decide."""
    if len(key) <= 3:
        return key[:-1] if key in _SHORT_PLURALS else key
    for plural, singular in _IRREGULAR:
        if key.endswith(plural):
            return key[: -len(plural)] + singular
    if key[-1] != "s" or key in _NOT_PLURAL or key.endswith(_NEVER_PLURAL_ENDS):
        return key
    if key.endswith(("ss", "us", "is")):
        return key[:-1] if key.endswith(_ARE_PLURAL) else key
    if key.endswith("ies") and not key.endswith(_KEEP_IE):
        return key[:-3] + "y"
    if key.endswith(_STRIP_ES) and not key.endswith(_STRIP_S_ONLY):
        return key[:-2]
    return key[:-1]


_SIGN = re.compile(r"(?<!\S)[^\w\s\x00-\xbf\u2000-\u206f\u3000-\u303f][^\w\s,;:!?.]{0,15}(?=[\s,;:!?.]|\Z)")
_QUERY_WORD = re.compile(r"[^\W_][^\s,;:!?()\[\]{}<>\"“”«»`*|=]*")


def query_keys(text: str, limit: int = QUERY_KEYS_MAX) -> tuple[str, ...]:
    """Keys of every name the text may hold: runs of one to four words, at most `limit`, without repeats.

    Runs neither begin nor end with a function word. When there are too many, each length keeps its share and
    earlier words win, so that a long question still finds its longer names.
    """
    matches = islice(_QUERY_WORD.finditer(text), QUERY_WORDS_MAX)
    words = [match.group().rstrip(".'’-/\\") for match in matches]
    content = [bool(word) and not is_function_word(word.lower()) for word in words]
    streams = [_runs(words, content, length) for length in range(1, NAME_WORDS_MAX + 1)]
    keys: dict[str, None] = {}
    for stream, share in zip(streams, (limit * 7 // 16, limit * 5 // 16, limit // 8, limit // 8), strict=True):
        _fill(keys, stream, min(limit, len(keys) + share))
    for stream in streams:
        _fill(keys, stream, limit)
    if not text.isascii():
        _fill(keys, _signs(text), limit)
    return tuple(keys)


def _signs(text: str) -> Iterator[str]:
    """Keys of what stands between blanks without a letter or digit, as an emoji does."""
    for sign in islice(_SIGN.finditer(text), QUERY_WORDS_MAX):
        yield entity_key(sign.group())


def _runs(words: list[str], content: list[bool], length: int) -> Iterator[str]:
    for start in range(len(words) - length + 1):
        if content[start] and content[start + length - 1]:
            yield normalise_name(" ".join(words[start : start + length]))


def _fill(keys: dict[str, None], stream: Iterator[str], size: int) -> None:
    while len(keys) < size:
        key = next(stream, None)
        if key is None:
            return
        if key:
            keys[key] = None
