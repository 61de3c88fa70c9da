"""The signals: each one number in [0, 1] (a cosine may be below 0) for each candidate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from continuum.language.time import TimeWindow
from continuum.language.forms import Form
from continuum.retrieval.candidates import Bools, Places
from continuum.retrieval.cues import Cues
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.postings import COUNT_STEPS, Floats
from continuum.retrieval.query import Query, SignalWeights
from continuum.retrieval.words import Words, saturated, session_scores

PROXIMITY_MAX = 96
"""How many of the best messages have their words' places looked at."""
PROXIMITY_REACH = 4
_USER, _ASSISTANT = 0, 1
_LONG_TERMS = 200
_HALF_LIFE_MICROS = 90 * 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that signals look at. `text` and `vector` are scores by place, with one more 0 at the end for "nobody";
    `before` and `after` are the candidates' neighbours, the end for none."""

    view: IndexView
    query: Query
    words: Words
    cues: Cues
    windows: tuple[TimeWindow, ...]
    candidates: Places
    before: Places
    after: Places
    text: Floats
    vector: Floats | None


def neighbours(view: IndexView, links: NDArray[np.int32], candidates: Places) -> Places:
    """The neighbour of each candidate, `len(view)` where there is none."""
    found = links[candidates].astype(np.int64)
    found[(found < 0) | (found > len(view))] = len(view)
    return found


def scaled(values: Floats) -> Floats:
    """Divided by the highest value, if that is above 0."""
    highest = float(values.max(initial=0.0))
    return values / highest if highest > 0.0 else values


def score_signals(scene: Scene, weights: SignalWeights) -> dict[str, Floats]:
    """Each signal that is switched on, weighted."""
    found: dict[str, Floats] = {}
    for name, signal in _SIGNALS.items():
        weight = getattr(weights, name)
        if weight:
            values = signal(scene)
            if values is not None:
                found[name] = weight * values
    return found


def _text(scene: Scene) -> Floats | None:
    return scene.text[scene.candidates] if len(scene.words) else None


def _window(scene: Scene) -> Floats | None:
    words, view = scene.words, scene.view
    if not len(words):
        return None
    lengths = np.append(np.diff(view.offsets), 0)
    held, columns = _held_counts(scene)
    joined = held[:, columns[scene.candidates]] + held[:, columns[scene.before]] + held[:, columns[scene.after]]
    size = lengths[scene.candidates] + lengths[scene.before] + lengths[scene.after]
    average = 3.0 * view.terms_total / len(view)
    return scaled(words.weights @ saturated(joined, size, average))


def _held_counts(scene: Scene) -> tuple[Floats, Places]:
    """How often each word stands in each candidate or neighbour, and the column of each message in that table."""
    count = len(scene.view)
    columns = np.full(count + 1, -1, dtype=np.int64)
    for places in (scene.candidates, scene.before, scene.after):
        columns[places] = 0
    columns[count] = -1
    met = np.flatnonzero(columns >= 0)
    columns[met] = np.arange(len(met))
    columns[count] = len(met)
    postings = scene.words.postings
    targets = columns[postings.documents]
    kept = np.flatnonzero(targets >= 0)
    rows = np.repeat(np.arange(len(scene.words)), postings.counts)[kept]
    held = np.zeros((len(scene.words), len(met) + 1))
    held[rows, targets[kept]] = COUNT_STEPS.take(postings.codes[kept] >> 5)
    return held, columns


def _session(scene: Scene) -> Floats | None:
    if not len(scene.words):
        return None
    return scaled(session_scores(scene.view, scene.words))[scene.view.sessions[scene.candidates]]


def _session_best(scene: Scene) -> Floats | None:
    best = np.zeros(scene.view.sessions_count)
    sessions = scene.view.sessions[scene.candidates]
    np.maximum.at(best, sessions, scene.text[scene.candidates])
    return best[sessions]


def _neighbours(scene: Scene) -> Floats | None:
    return 0.5 * (scene.text[scene.before] + scene.text[scene.after])


def _role_at(scene: Scene, places: Places, role: int) -> Bools:
    inside = np.minimum(places, len(scene.view) - 1)
    return (scene.view.roles[inside] == role) & (places < len(scene.view))


def _reply(scene: Scene) -> Floats | None:
    pairs = _role_at(scene, scene.candidates, _USER) & _role_at(scene, scene.after, _ASSISTANT)
    return np.where(pairs, scene.text[scene.after], 0.0)


def _asked(scene: Scene) -> Floats | None:
    pairs = _role_at(scene, scene.candidates, _ASSISTANT) & _role_at(scene, scene.before, _USER)
    return np.where(pairs, scene.text[scene.before], 0.0)


def _answer(scene: Scene) -> Floats | None:
    inside = np.minimum(scene.before, len(scene.view) - 1)
    asked = (scene.view.forms[inside] & Form.QUESTION) > 0
    return np.where(asked, scene.text[scene.before], 0.0)


def _proximity(scene: Scene) -> Floats | None:
    """Pairs of different words of the question within a few terms of each other, by the lighter word's weight."""
    words, view = scene.words, scene.view
    if len(words) < 2:
        return None
    text = scene.text[scene.candidates]
    order = np.argsort(-text, kind="stable")[:PROXIMITY_MAX]
    chosen = order[text[order] > 0.0]
    places = scene.candidates[chosen]
    starts, lengths = view.offsets[places], np.diff(view.offsets)[places]
    owners = np.repeat(np.arange(len(places)), lengths)
    local = np.arange(len(owners)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    stream = view.stream[np.repeat(starts, lengths) + local]
    ranks = np.argsort(words.terms)
    sorted_terms = words.terms[ranks]
    found = np.minimum(np.searchsorted(sorted_terms, stream), len(words) - 1)
    hits = np.flatnonzero(sorted_terms[found] == stream)
    result = np.zeros(len(scene.candidates))
    result[chosen] = _pair_weights(owners[hits], local[hits], ranks[found[hits]], words.weights, len(places))
    return scaled(result)


def _pair_weights(owners: Places, local: Places, words: Places, weights: Floats, count: int) -> Floats:
    if len(owners) < 2:
        return np.zeros(count)
    gap = local[1:] - local[:-1]
    first, second = words[:-1], words[1:]
    near = np.flatnonzero((owners[1:] == owners[:-1]) & (first != second) & (gap <= PROXIMITY_REACH))
    owner, first, second, gap = owners[near], first[near], second[near], gap[near]
    value = np.minimum(weights[first], weights[second]) / gap
    kinds = (owner * len(weights) + first) * len(weights) + second
    order = np.lexsort((-value, kinds))  # the closest of each pair of words counts, once a message
    heads = np.concatenate(([True], kinds[order][1:] != kinds[order][:-1])) if len(order) else np.zeros(0, dtype=bool)
    kept = order[heads]
    total: Floats = np.bincount(owner[kept], value[kept], minlength=count)
    return total


def _speaker(scene: Scene) -> Floats | None:
    if not scene.words.named:
        return None
    return np.isin(scene.view.speakers[scene.candidates], scene.words.named).astype(np.float64)


def _role(scene: Scene) -> Floats | None:
    wanted = _ASSISTANT if scene.cues.asks_assistant else _USER
    return (scene.view.roles[scene.candidates] == wanted).astype(np.float64)


def _first_person(scene: Scene) -> Floats | None:
    return _has_form(scene, Form.FIRST_PERSON)


def _time_named(scene: Scene) -> Floats | None:
    return _has_form(scene, Form.TIME) if scene.cues.asks_time else None


def _has_form(scene: Scene, form: Form) -> Floats:
    return ((scene.view.forms[scene.candidates] & form) > 0).astype(np.float64)


def _length(scene: Scene) -> Floats | None:
    lengths = scene.view.offsets[scene.candidates + 1] - scene.view.offsets[scene.candidates]
    return np.minimum(np.log1p(lengths) / np.log1p(_LONG_TERMS), 1.0)


def _date(scene: Scene) -> Floats | None:
    return date_scores(scene.view.times[scene.candidates], scene.windows) if scene.windows else None


def date_scores(times: NDArray[np.int64], windows: tuple[TimeWindow, ...]) -> Floats:
    """The confidence of the surest window that holds each time."""
    scores = np.zeros(len(times))
    for window in windows:
        inside = (times >= window.start) & (times < window.end)
        scores[inside] = np.maximum(scores[inside], window.confidence)
    return scores


def _current_session(scene: Scene) -> Floats | None:
    if scene.query.session_id is None:
        return None
    number = scene.view.session(scene.query.session_id)
    return (scene.view.sessions[scene.candidates] == number).astype(np.float64) if number >= 0 else None


def _recency(scene: Scene) -> Floats | None:
    age = np.maximum(scene.query.now - scene.view.times[scene.candidates], 0)
    fresh: Floats = np.exp2(-age / _HALF_LIFE_MICROS)
    return fresh


def _vector(scene: Scene) -> Floats | None:
    return None if scene.vector is None else scene.vector[scene.candidates]


def _vector_neighbours(scene: Scene) -> Floats | None:
    return None if scene.vector is None else scene.vector[scene.after]


def _concept(scene: Scene) -> Floats | None:
    if scene.query.concept_scores is None:
        return None
    seqs, scores = scene.query.concept_scores
    places, there = scene.view.places(seqs)
    spread = np.zeros(len(scene.view))
    np.maximum.at(spread, places[there], scores[there])
    return scaled(spread[scene.candidates])


_SIGNALS = {
    "text": _text,
    "window": _window,
    "session": _session,
    "session_best": _session_best,
    "neighbours": _neighbours,
    "reply": _reply,
    "asked": _asked,
    "answer": _answer,
    "proximity": _proximity,
    "speaker": _speaker,
    "role": _role,
    "first_person": _first_person,
    "time_named": _time_named,
    "length": _length,
    "date": _date,
    "current_session": _current_session,
    "recency": _recency,
    "vector": _vector,
    "vector_neighbours": _vector_neighbours,
    "concept": _concept,
}
EVIDENCE = ("text", "window", "date", "vector", "concept", "neighbours")
"""A message is answered only if one of these speaks for it."""
