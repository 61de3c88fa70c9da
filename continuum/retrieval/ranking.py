"""Ranks messages: one additive score, each signal's share kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from continuum.language.time import time_windows
from continuum.language.tokens import query_terms
from continuum.retrieval.candidates import Bools, choose_candidates, filter_mask
from continuum.retrieval.cues import read_cues
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.nearness import nearness
from continuum.retrieval.postings import Floats, Places
from continuum.retrieval.query import DEFAULT_WEIGHTS, WITNESSES_MAX, Query, Ranking, SignalWeights
from continuum.retrieval.signals import (
    EVIDENCE,
    OF_VECTORS,
    Scene,
    asks_for_standing,
    by_place,
    date_scores,
    neighbours,
    score_signals,
    standing_arm,
)
from continuum.retrieval.words import read_words, scaled, text_scores

if TYPE_CHECKING:
    from continuum.retrieval.vectors import VectorSet

VECTOR_EVIDENCE = 0.2
"""A cosine below this is no reason to answer a message that shares no word with the question."""

STANDING_MAX = 64
"""How many standing wishes, the newest, are looked at although they may share no word with the question."""


def rank(
    view: IndexView,
    query: Query,
    weights: SignalWeights = DEFAULT_WEIGHTS,
    limit: int = 10,
    vectors: VectorSet | None = None,
    *,
    collapse: bool = True,
) -> Ranking:
    """The best `limit` messages that pass the filters, best first.

    With `collapse`, of messages that say the same (see `signatures`) only the best is given, the others as its
    witnesses. Ties go to the newest, then to the higher `seq`. Messages that nothing speaks for are left out, so there
    may be fewer. Deterministic: how the index came about changes nothing.
    """
    if not len(view) or limit <= 0:
        return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
    scene = _scene(view, query, weights, vectors)
    if not len(scene.candidates):
        return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
    signals = score_signals(scene, weights)
    total: Floats = sum(signals.values(), np.zeros(len(scene.candidates)))
    kept = np.flatnonzero(_spoken_for(scene, signals))
    order = _first_of_each(scene, total, kept, limit) if collapse else _best(scene, total, kept, limit)[:limit]
    places = scene.candidates[order]
    reasons = [{name: float(values[i]) for name, values in signals.items() if values[i]} for i in order.tolist()]
    groups = [_witnesses(view, query, others) for others in view.witnesses(places)] if collapse else []
    witnesses = [tuple(group[:WITNESSES_MAX].tolist()) for group in groups]
    return Ranking(view.seqs[places], total[order], reasons, witnesses, [len(group) for group in groups])


def _scene(view: IndexView, query: Query, weights: SignalWeights, vectors: VectorSet | None) -> Scene:
    words, cues = read_words(view, query), read_cues(query.text)
    windows = time_windows(query.text, query.now) if weights.date else ()
    text = scaled(text_scores(view, words))
    vector = _vector_scores(view, query, weights, vectors)
    arms = [text] if vector is None else [text, vector]
    if windows:
        arms.append(date_scores(view.times, windows) * (1.0 + text))
    if weights.standing and asks_for_standing(view, cues):
        arms.append(standing_arm(view, STANDING_MAX))
    if query.concept_scores is not None and weights.concept:
        arms.append(by_place(view, query.concept_scores))
    if query.use_scores is not None and weights.use:
        arms.append(by_place(view, query.use_scores))
    if words.named and not len(words):
        arms.append(np.isin(view.speakers, words.named).astype(np.float64))
    candidates = choose_candidates(view, arms, filter_mask(view, query))
    return Scene(
        view=view,
        query=query,
        words=words,
        cues=cues,
        windows=windows,
        candidates=candidates,
        before=neighbours(view, view.before, candidates),
        after=neighbours(view, view.after, candidates),
        text=np.append(text, 0.0),
        vector=None if vector is None else nearness(vector),
    )


def _vector_scores(view: IndexView, query: Query, weights: SignalWeights, vectors: VectorSet | None) -> Floats | None:
    if vectors is None or query.vector is None or not any(getattr(weights, name) for name in OF_VECTORS):
        return None
    return vectors.by_place(view, query.vector)


def _best(scene: Scene, total: Floats, kept: Places, count: int) -> Places:
    """The best of those that are kept, in order: `count` of them, more if the last ones tie."""
    if len(kept) > 4 * count:
        floor = np.partition(total[kept], len(kept) - count)[len(kept) - count]
        kept = kept[total[kept] >= floor]
    found, view = scene.candidates[kept], scene.view
    order: Places = kept[np.lexsort((-view.seqs[found], -view.times[found], -total[kept]))]
    return order


def _first_of_each(scene: Scene, total: Floats, kept: Places, limit: int) -> Places:
    """The best `limit` of those that are kept, only the best of each signature."""
    count = 2 * limit
    while True:
        order = _best(scene, total, kept, count)
        signatures = scene.view.signatures[scene.candidates[order]].tolist()
        first: dict[int, int] = {}
        chosen = [
            place
            for place, signature in enumerate(signatures)
            if not signature or first.setdefault(signature, place) == place
        ]
        if len(chosen) >= limit or len(order) == len(kept):
            return order[chosen[:limit]]
        count *= 4


def _witnesses(view: IndexView, query: Query, places: Places) -> NDArray[np.int64]:
    """The positions of witnesses that pass the filters, oldest first; role and tags are those of what they witness."""
    if not len(places):
        return places
    seqs, times = view.seqs[places], view.times[places]
    kept = ~np.isin(seqs, np.array(query.exclude_seqs, dtype=np.int64))
    if query.since is not None:
        kept &= times >= query.since
    if query.until is not None:
        kept &= times < query.until
    order = np.lexsort((seqs[kept], times[kept]))
    return seqs[kept][order]


def _spoken_for(scene: Scene, signals: dict[str, Floats]) -> Bools:
    """Which candidates something speaks for: words, a date, a standing wish, a vector, concepts; a speaker's name only
    if the question has no other word."""
    spoken = np.zeros(len(scene.candidates), dtype=np.bool_)
    for name in EVIDENCE if len(scene.words) else (*EVIDENCE, "speaker"):
        if name in signals:
            spoken |= signals[name] > 0.0
    if "vector" in signals and scene.vector is not None:
        spoken |= scene.vector.cosines[scene.candidates] > VECTOR_EVIDENCE
    return spoken


def unknown_words(view: IndexView, text: str) -> list[str]:
    """The words of a question that no message holds: worth a look for misspellings. Names of speakers are known."""
    return [word for word, known in _known_words(view, text).items() if not known]


def _known_words(view: IndexView, text: str) -> dict[str, bool]:
    terms = query_terms(text)
    held = view.known({value for term in terms for value in (term.hash, *term.alternatives)})
    known: dict[str, bool] = {}
    for term in terms:
        names = bool(view.bearers(term.hash)) or not held.isdisjoint((term.hash, *term.alternatives))
        known[term.word] = known.get(term.word, False) or names
    return known
