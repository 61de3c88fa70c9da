"""The question's words as the index knows them: terms, weights, postings, and the speakers it names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from continuum.language.tokens import query_terms
from continuum.retrieval.index_view import IndexView, Postings
from continuum.retrieval.postings import COUNT_STEPS, Floats, Terms, weight_table
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


def inverse_frequency(counts: np.ndarray[tuple[int], np.dtype[np.int64]], total: int) -> Floats:
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
    scores: Floats = np.bincount(postings.documents, np.concatenate(parts), minlength=len(view))
    return scores


def session_scores(view: IndexView, words: Words) -> Floats:
    """BM25 of every session as one long text, by session number, with the sessions' own statistics."""
    count = view.sessions_count
    if not len(words):
        return np.zeros(count)
    postings = words.postings
    rows = np.repeat(np.arange(len(words)) * count, postings.counts)
    flat = rows + view.sessions[postings.documents]
    held = np.bincount(flat, COUNT_STEPS.take(postings.codes >> 5), minlength=len(words) * count)
    held = held.reshape(len(words), count)
    weights = inverse_frequency((held > 0).sum(axis=1), count)
    return weights @ saturated(held, view.session_terms, float(view.session_terms.mean()))


def saturated(held: Floats, lengths: np.ndarray[tuple[int], np.dtype[np.int64]], average: float) -> Floats:
    """BM25's term weight without idf, for texts whose term counts are the columns of `held`."""
    weight: Floats = held * (K1 + 1.0) / (held + K1 * (1.0 - B + B * lengths / max(average, 1.0)))
    return weight
