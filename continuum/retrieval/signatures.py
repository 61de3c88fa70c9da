"""Signatures: one number that near-duplicates share, so that several witnesses of one memory are shown once.

The index's terms alone cannot tell "I love espresso" from "I don't love espresso" or "she loves espresso": function
words and tenses are not among them. So a message carries, between its terms and its form, a mark of its wording, and
its signature joins both with who says it and whom it concerns. Equal words in equal order always share a mark, up to
case and punctuation; the order is free only where it can carry no meaning. A pair that is missed is shown twice, which
is a blemish; a pair that is joined wrongly hides a memory.
"""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from continuum.language.forms import Form
from continuum.language.stopwords import STOP_WORDS
from continuum.language.tokens import RESERVED, split_words
from continuum.retrieval.postings import Codes, Counts, Ints, Terms

Signatures = NDArray[np.uint64]

TERMS_MIN = 2
TERMS_MAX = 40
"""Longer messages are hardly ever said twice, and a difference in them is easily one of meaning."""
CHARS_MAX = 1_000
FREE_WORDS_MAX = 3
"""With more words of content, who does what to whom may hang on their order."""

_MARK_BYTES = 3
_TERM_BYTES = 4
_EMPTY = frozenset({"a", "an", "the", "is", "are", "am", "it's", "what", "that", "which", "really", "very", "just"})
_OWN = frozenset({"i", "my", "we", "our", "you", "your"})
_STATES = ("is", "are", "am")
_ODD = re.compile(r"[^\w\s.,!?;'’\"]|[\d_]")
_ENDINGS = " \n\t.!"


def with_wording(terms: bytes, text: str) -> bytes:
    """What `encode_terms` gave for this text, with the mark of its wording put before the form.

    The mark takes three values that are no terms. Texts of more than 1,000 characters or without words get none.
    """
    mark = _wording(text) if len(text) <= CHARS_MAX else 0
    if not mark:
        return terms
    values = b"".join(part.to_bytes(_TERM_BYTES, "little") for part in mark.to_bytes(_MARK_BYTES, "little"))
    return terms[:-_TERM_BYTES] + values + terms[-_TERM_BYTES:]


def _wording(text: str) -> int:
    """From 1 to 2^24 - 1; 0 for a text without words."""
    if _ODD.search(text):  # signs and figures belong to what is said: -5 is not 5
        words, free = text.casefold().rstrip(_ENDINGS).split(), False
    else:
        found = split_words(text)
        words = [word.casefold().replace("’", "'") for word in found]
        asked = words[:1] if words and words[0] in _STATES else []
        words = asked + [word for word in words if word not in _EMPTY]
        free = "?" not in text and not asked and _order_is_free(set(words), found)
    if not words:
        return 0
    said = "\x1f".join([*sorted(set(words)), ""] if free else words)
    return (crc32(said.encode("utf-8", "surrogatepass")) & 0xFFFFFF) or 1


def _order_is_free(words: set[str], found: list[str]) -> bool:
    """Whether one person speaks of themselves, in few words, none of which binds one word to another."""
    content = words - _OWN
    named = sum(word[:1].isupper() and word.casefold() in content for word in found)
    return (
        len(words) - len(content) == 1
        and len(content) <= FREE_WORDS_MAX
        and named <= 1
        and not any("'" in word or word in STOP_WORDS["english"] for word in content)
    )


def marks_of(values: Terms, starts: Counts, ends: Counts) -> Terms:
    """The wording mark of each message, from the values `starts` to `ends` it was encoded as; 0 where it has none."""
    marks = np.zeros(len(ends), dtype=np.uint32)
    long = np.flatnonzero(ends - starts > _MARK_BYTES)
    parts = values[ends[long, None] + _MARK_PLACES]
    marks[long] = np.where((parts < RESERVED).all(axis=1), parts @ _MARK_WEIGHTS, 0)
    return marks


def signatures_of(
    terms: Terms, lengths: Ints, marks: Terms, heads: Signatures, tags: Terms, tag_counts: Counts
) -> Signatures:
    """The signature of each message; 0 for one without a mark, with no two different terms, or with more than 40.

    `terms` and `tags` hold those of all messages in a row, `heads` what must be equal besides (see `heads_of`).
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    sums = _sums(terms, ends, lengths)
    fit = (marks > 0) & (lengths >= TERMS_MIN) & (lengths <= TERMS_MAX)
    if not fit.any():
        return np.zeros(len(lengths), dtype=np.uint64)
    # An average equal to the last term: all its terms are that one ("bye bye").
    fit &= sums != terms[np.maximum(ends - 1, 0)] * lengths.astype(np.uint64)
    heads = heads | marks.astype(np.uint64) << np.uint64(40)
    mixed = heads * _SPREAD + sums
    mixed = (mixed ^ mixed >> np.uint64(31)) * _SPREAD + _sums(tags, np.cumsum(tag_counts), tag_counts)
    mixed = (mixed ^ mixed >> np.uint64(29)) * _SPREAD
    return np.where(fit, np.maximum(mixed, np.uint64(1)), np.uint64(0))


def heads_of(roles: Codes, forms: Ints, speakers: Terms) -> Signatures:
    """Who says it, and whether they ask: role, the hash of the speaker's name, the form of a question."""
    asked = (forms.astype(np.uint64) & np.uint64(Form.QUESTION.value)) << np.uint64(4)
    return speakers.astype(np.uint64) << np.uint64(8) | asked | roles


def _sums(values: Terms, ends: Counts, counts: Counts) -> Signatures:
    """The sum of the values of each message: whatever their order, nothing else is likely to give the same."""
    if not len(values):
        return np.zeros(len(ends), dtype=np.uint64)
    running = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(values, out=running[1:])
    sums: Signatures = running[ends] - running[ends - counts]
    return sums


_MARK_PLACES = np.arange(-1 - _MARK_BYTES, -1)
_MARK_WEIGHTS = (1 << np.arange(0, 8 * _MARK_BYTES, 8)).astype(np.uint32)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: an odd number whose multiples lie far apart."""
