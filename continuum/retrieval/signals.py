"""The signals: each one number in [0, 1] (what compares vectors may be below 0) for each candidate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from continuum.language.forms import Form
from continuum.language.time import TimeWindow
from continuum.retrieval.candidates import Bools
from continuum.retrieval.cues import Cues
from continuum.retrieval.index_view import IndexView
from continuum.retrieval.nearness import Nearness
from continuum.retrieval.postings import COUNT_STEPS, Floats, Places
from continuum.retrieval.query import Query, SignalWeights
from continuum.retrieval.words import Words, saturated, scaled, session_scores, summed, weighted

PROXIMITY_MAX = 96
"""How many of the best messages have their words' places looked at."""
PROXIMITY_REACH = 4
_USER, _ASSISTANT = 0, 1
_HALF_LIFE_MICROS = 90 * 86_400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that signals look at. `text` is scores by place, with one more 0 at the end for "nobody"; `before` and
    `after` are the candidates' neighbours, the end for none."""

    view: IndexView
    query: Query
    words: Words
    cues: Cues
    windows: tuple[TimeWindow, ...]
    candidates: Places
    before: Places
    after: Places
    text: Floats
    vector: Nearness | None


def neighbours(view: IndexView, links: NDArray[np.int32], places: Places) -> Places:
    """The neighbour of each message, `len(view)` where there is none; nobody's neighbour is nobody."""
    nobody = len(view)
    found = links.take(places, mode="clip").astype(np.int64)
    found[(found < 0) | (found > nobody) | (places >= nobody)] = nobody
    return found


def term_counts(view: IndexView, places: Places) -> Places:
    """How many terms each message has; 0 for nobody."""
    ends = np.minimum(places + 1, len(view))
    counts: Places = view.offsets[ends] - view.offsets[places]
    return counts


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
    trio = (scene.candidates, _of_same_role(scene, scene.before), _of_same_role(scene, scene.after))
    held = _held_counts(scene, trio)
    size = term_counts(view, trio[0]) + term_counts(view, trio[1]) + term_counts(view, trio[2])
    average = 3.0 * view.terms_total / len(view)
    return scaled(weighted(words.weights, saturated(held, size, average)))


def _of_same_role(scene: Scene, places: Places) -> Places:
    """The neighbours that have the candidate's role; nobody instead of the others."""
    roles = scene.view.roles
    same = roles.take(places, mode="clip") == roles[scene.candidates]
    return np.where(same, places, len(scene.view))


def _held_counts(scene: Scene, groups: tuple[Places, ...]) -> Floats:
    """How often each word stands in the messages at the same position of each group, together."""
    nobody = len(scene.view)
    columns = np.full(nobody + 1, -1, dtype=np.int32)
    for places in groups:
        columns[places] = 0
    columns[nobody] = -1
    met = np.flatnonzero(columns == 0)
    columns[met] = np.arange(len(met), dtype=np.int32)
    columns[nobody] = len(met)
    postings = scene.words.postings
    targets = columns.take(postings.documents)
    kept = np.flatnonzero(targets >= 0)
    rows = np.repeat(np.arange(len(scene.words)), postings.counts)[kept]
    held = np.zeros((len(scene.words), len(met) + 1))
    held[rows, targets[kept]] = COUNT_STEPS.take(postings.codes[kept] >> 5)
    total: Floats = sum(
        (held.take(columns[places], axis=1) for places in groups[1:]), held.take(columns[groups[0]], axis=1)
    )
    return total


def _session(scene: Scene) -> Floats | None:
    if not len(scene.words):
        return None
    return session_scores(scene.view, scene.words, scene.candidates)


def _around(scene: Scene) -> Floats | None:
    """The BM25 of the messages two places away."""
    view = scene.view
    before = _of_same_role(scene, neighbours(view, view.before, scene.before))
    after = _of_same_role(scene, neighbours(view, view.after, scene.after))
    return 0.5 * (scene.text[before] + scene.text[after])


def _role_at(scene: Scene, places: Places, role: int) -> Bools:
    found: Bools = (scene.view.roles.take(places, mode="clip") == role) & (places < len(scene.view))
    return found


def _reply(scene: Scene) -> Floats | None:
    if scene.cues.asks_assistant:
        return None
    pairs = _role_at(scene, scene.candidates, _USER) & _role_at(scene, scene.after, _ASSISTANT)
    return np.where(pairs, scene.text[scene.after], 0.0)


def _asked(scene: Scene) -> Floats | None:
    if scene.cues.asks_assistant:  # then the reply itself is wanted
        return None
    pairs = _role_at(scene, scene.candidates, _ASSISTANT) & _role_at(scene, scene.before, _USER)
    return np.where(pairs, scene.text[scene.before], 0.0)


def _answer(scene: Scene) -> Floats | None:
    return np.where(_after_question(scene), scene.text[scene.before], 0.0)


def _after_question(scene: Scene) -> Bools:
    """Whether the message before is a question; where there is none, it scores 0 anyway."""
    asked: Bools = (scene.view.forms.take(scene.before, mode="clip") & Form.QUESTION.value) > 0
    return asked


def _proximity(scene: Scene) -> Floats | None:
    """Pairs of different words of the question within a few terms of each other, by the lighter word's weight."""
    words, view = scene.words, scene.view
    if len(words) < 2:
        return None
    text = scene.text[scene.candidates]
    order = np.argsort(-text, kind="stable")[:PROXIMITY_MAX]
    chosen = order[text[order] > 0.0]
    places = scene.candidates[chosen]
    starts, lengths = view.offsets[places], term_counts(view, places)
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
    return summed(owner[kept], value[kept], count)


def _speaker(scene: Scene) -> Floats | None:
    if not scene.words.named:
        return None
    named: Floats = np.isin(scene.view.speakers[scene.candidates], scene.words.named).astype(np.float64)
    return named


def _role(scene: Scene) -> Floats | None:
    wanted = _ASSISTANT if scene.cues.asks_assistant else _USER
    found: Floats = (scene.view.roles[scene.candidates] == wanted).astype(np.float64)
    return found


def _first_person(scene: Scene) -> Floats | None:
    return _has_form(scene, Form.FIRST_PERSON)


def _time_named(scene: Scene) -> Floats | None:
    return _has_form(scene, Form.TIME) if scene.cues.asks_time else None


def _has_form(scene: Scene, form: Form) -> Floats:
    flags: Floats = ((scene.view.forms[scene.candidates] & form.value) > 0).astype(np.float64)
    return flags


def _standing(scene: Scene) -> Floats | None:
    """For a request for help: what the user told an assistant to do from now on, or prefers."""
    if not asks_for_standing(scene.view, scene.cues):
        return None
    return np.where(scene.view.roles[scene.candidates] == _USER, _has_form(scene, Form.STANDING), 0.0)


def asks_for_standing(view: IndexView, cues: Cues) -> bool:
    """Whether what a user told an assistant once and for all bears on the question."""
    return cues.asks_help and bool(view.role_counts[_ASSISTANT])


def standing_arm(view: IndexView, count: int) -> Floats:
    """1 for the newest `count` messages that say how their user wants to be helped, by place: they may share no word
    with a question that they bear on."""
    found = np.flatnonzero((view.forms & Form.STANDING.value) > 0)
    arm = np.zeros(len(view))
    arm[found[view.roles[found] == _USER][-count:]] = 1.0
    return arm


def _opening(scene: Scene) -> Floats | None:
    first: Floats = (scene.before >= len(scene.view)).astype(np.float64)
    return first


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
    if number < 0:
        return None
    inside: Floats = (scene.view.sessions[scene.candidates] == number).astype(np.float64)
    return inside


def _recency(scene: Scene) -> Floats | None:
    age = np.maximum(scene.query.now - scene.view.times[scene.candidates], 0)
    fresh: Floats = np.exp2(-age / _HALF_LIFE_MICROS)
    return fresh


def _vector(scene: Scene) -> Floats | None:
    return None if scene.vector is None else scene.vector.at(scene.candidates)


def _vector_neighbours(scene: Scene) -> Floats | None:
    return None if scene.vector is None else scene.vector.at(_of_same_role(scene, scene.after))


def _vector_session(scene: Scene) -> Floats | None:
    """The best of what the candidate's role says in its session, among the candidates."""
    if scene.vector is None:
        return None
    near, view = scene.vector.at(scene.candidates), scene.view
    texts = view.sessions[scene.candidates] * len(view.role_counts) + view.roles[scene.candidates]
    best = np.full(view.sessions_count * len(view.role_counts), -np.inf)
    np.maximum.at(best, texts, near)
    found: Floats = best[texts]
    return found


def _vector_asked(scene: Scene) -> Floats | None:
    if scene.vector is None or scene.cues.asks_assistant:
        return None
    pairs = _role_at(scene, scene.candidates, _ASSISTANT) & _role_at(scene, scene.before, _USER)
    return np.where(pairs, scene.vector.at(scene.before), 0.0)


def _vector_answer(scene: Scene) -> Floats | None:
    if scene.vector is None:
        return None
    return np.where(_after_question(scene), scene.vector.at(scene.before), 0.0)


def _concept(scene: Scene) -> Floats | None:
    if scene.query.concept_scores is None:
        return None
    return scaled(by_place(scene.view, scene.query.concept_scores)[scene.candidates])


def _use(scene: Scene) -> Floats | None:
    scored = scene.query.use_scores
    return None if scored is None else by_place(scene.view, scored)[scene.candidates]


def by_place(view: IndexView, scored: tuple[NDArray[np.int64], NDArray[np.float64]]) -> Floats:
    """Scores that were given by `seq`, each once, by place; 0 where there are none."""
    places, there = view.places(scored[0])
    spread = np.zeros(len(view))
    spread[places[there]] = scored[1][there]
    return spread


_SIGNALS = {
    "text": _text,
    "window": _window,
    "session": _session,
    "around": _around,
    "reply": _reply,
    "asked": _asked,
    "answer": _answer,
    "proximity": _proximity,
    "speaker": _speaker,
    "role": _role,
    "first_person": _first_person,
    "time_named": _time_named,
    "standing": _standing,
    "opening": _opening,
    "date": _date,
    "current_session": _current_session,
    "recency": _recency,
    "vector": _vector,
    "vector_neighbours": _vector_neighbours,
    "vector_session": _vector_session,
    "vector_asked": _vector_asked,
    "vector_answer": _vector_answer,
    "concept": _concept,
    "use": _use,
}
OF_VECTORS = tuple(name for name in _SIGNALS if name.startswith("vector"))
EVIDENCE = ("text", "window", "standing", "date", "concept", "use")
"""A message is answered only if one of these speaks for it, or its vector."""
