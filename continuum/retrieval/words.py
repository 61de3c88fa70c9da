"""The question's words as the index knows them: terms, weights, postings, and the speakers it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from continuum.language.tokens import query_terms
from continuum.retrieval.index_view import IndexView, Postings
from continuum.retrieval.postings import COUNT_STEPS, Counts, Floats, Ints, Places, Terms, weight_table
from continuum.retrieval.query import Query

K1 = 1.2
B = 0.75
"""Okapi's usual values; other ones gained nothing that carried from one data set to the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Terms that occur somewhere, each with its weight (idf times the caller's) and all its postings."""

    terms: Terms
    weights: Floats
    postings: Postings
    named: tuple[int, ...]
    """The speakers whom the question names: taken out of its words."""

    def __len__(self) -> int:
        return len(self.terms)


def read_words(view: IndexView, query: Query) -> Words:
    """Find the question's words in the index."""
    terms, named = _wanted(view, query)
    wanted = np.fromiter(terms, dtype=np.uint32, count=len(terms))
    postings = view.postings(wanted)
    found = postings.counts > 0
    counts = postings.counts[found]
    factors = np.fromiter(terms.values(), dtype=np.float64, count=len(terms))[found]
    weights = inverse_frequency(counts, len(view)) * factors
    return Words(wanted[found], weights, Postings(postings.documents, postings.codes, counts), named)


def without_speakers(view: IndexView, text: str) -> str:
    """The text without the names of speakers: who said a thing is a signal of its own, not part of its meaning.

    A text that is nothing but names stays as it is.
    """
    names = {term.word for term in query_terms(text) if view.bearers(term.hash)}
    if not names:
        return text
    words = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    rest = re.sub(rf"\b(?:{words})(?:['’]s)?(?!\w)", " ", text, flags=re.IGNORECASE)
    return " ".join(rest.split()) if re.search(r"\w", rest) else text


def _wanted(view: IndexView, query: Query) -> tuple[dict[int, float], tuple[int, ...]]:
    terms: dict[int, float] = {}
    named: dict[int, None] = {}
    for term in query_terms(query.text):
        bearers = view.bearers(term.hash)
        if bearers:
            named.update(dict.fromkeys(bearers))
        elif term.alternatives and not view.knows(term.hash):
            terms.update((other, 1.0) for other in term.alternatives if other not in terms and view.knows(other))
        else:
            terms[term.hash] = 1.0
    for word, weight in query.extra_terms:
        for term in query_terms(word):
            terms.setdefault(term.hash, weight)
    return terms, tuple(named)


def inverse_frequency(counts: Counts, total: int) -> Floats:
    """How telling a term is that `counts` of `total` texts hold; above 0, even if all do."""
    weight: Floats = np.log1p((total - counts + 0.5) / (counts + 0.5))
    return weight


def text_scores(view: IndexView, words: Words) -> Floats:
    """BM25 of every message, by place."""
    if not len(words):
        return np.zeros(len(view))
    postings = words.postings
    average = view.terms_total / len(view)
    table = np.outer(words.weights, weight_table(K1, B, average))
    parts, start = [], 0
    for row, count in zip(table, postings.counts.tolist(), strict=True):
        parts.append(row.take(postings.codes[start : start + count]))
        start += count
    return summed(postings.documents, np.concatenate(parts), len(view))


def summed(places: Counts, values: Floats, count: int) -> Floats:
    """The sum of the values of each place, from 0 to `count`."""
    sums: NDArray[Any] = np.bincount(places, values, minlength=count)
    return sums


def session_scores(view: IndexView, words: Words, places: Places) -> Floats:
    """BM25 of all that a message's role says in its session, as one text among those of its role, for each place.

    Roles are kept apart since an assistant's long answers would drown what the user said; each role's best is 1.
    """
    scores = np.zeros(len(places))
    if not len(words):
        return scores
    documents, count = words.postings.documents, view.sessions_count
    roles = np.flatnonzero(view.role_counts)
    texts = view.sessions.take(documents)
    if len(roles) > 1:
        texts = texts * len(roles) + np.searchsorted(roles, np.arange(len(view.role_counts))).take(
            view.roles.take(documents)
        )
    cells = texts + np.repeat(np.arange(len(words)) * (count * len(roles)), words.postings.counts)
    held = summed(cells, COUNT_STEPS.take(words.postings.codes >> 5), len(words) * count * len(roles))
    held = held.reshape(len(words), count, len(roles))
    for column, role in enumerate(roles.tolist()):
        mine = np.flatnonzero(view.roles[places] == role) if len(roles) > 1 else slice(None)
        scores[mine] = _one_role(view, held[:, :, column], role, view.sessions[places[mine]])
    return scores


def _one_role(view: IndexView, held: Floats, role: int, sessions: Ints) -> Floats:
    lengths = view.session_terms[:, role]
    weights = inverse_frequency(np.count_nonzero(held, axis=1), len(lengths))
    average = float(lengths.mean())
    if len(lengths) <= len(sessions):
        every: Floats = weighted(weights, saturated(held, lengths, average))
        return scaled(every.take(sessions))
    wanted, back = np.unique(sessions, return_inverse=True)
    scores: Floats = weighted(weights, saturated(held.take(wanted, axis=1), lengths[wanted], average))
    return scaled(scores.take(back))


def weighted(weights: Floats, table: Floats) -> Floats:
    """The weighted sum of the rows. Not a matrix product, whose last bit depends on the column: ties must be ties."""
    total: Floats = np.add.reduce(weights[:, None] * table, axis=0)
    return total


def scaled(values: Floats) -> Floats:
    """Divided by the highest value, if that is above 0."""
    highest = float(values.max(initial=0.0))
    return values / highest if highest > 0.0 else values


def saturated(held: Floats, lengths: Counts, average: float) -> Floats:
    """BM25's term weight without idf, for texts whose term counts are the columns of `held`."""
    weight: Floats = held * (K1 + 1.0) / (held + K1 * (1.0 - B + B * lengths / max(average, 1.0)))
    return weight
