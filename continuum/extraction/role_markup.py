"""Text that imitates the frame in which a model is spoken to: roles, turns, tool calls. Matched on folded text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

Weights = tuple[float, float, float]
"""In the user's own voice, in the assistant's, from elsewhere."""

_TOKENS: Final = r"<\|[a-z_]{2,24}\|>|\[/?inst\]|<</?sys>>|<(?:start|end)_of_turn>"
_NAMED: Final = r"prompt|message|note|notice|instructions?|override|reminder|alert|update|directive|command"
FRAME = re.compile(
    rf"{_TOKENS}|</?(?:system|developer)(?:[ _-]{{0,2}}(?:{_NAMED}))?>|</?(?:tool_call|function_calls?|tool_use)>", re.I
)
"""Marks that a model may take for the frame itself; `neutralising` breaks them wherever they stand."""

_OPEN: Final = r"^[#*>\[( \t]{0,8}"
_FORMS: Final = tuple(
    (reason, weights, re.compile(pattern, re.MULTILINE))
    for reason, weights, pattern in (
        ("role-markup", (0.7, 0.5, 0.8), _TOKENS),
        ("role-markup", (0.5, 0.2, 0.5), r"</?(?:system|developer)>"),
        ("role-markup", (0.6, 0.4, 0.7), rf"</?(?:system|developer)[ _-]{{0,2}}(?:{_NAMED})>"),
        ("role-markup", (0.55, 0.4, 0.6), r"^[ \t]{0,8}#{2,4} (?:system|instruction|developer) ?:"),
        (
            "role-markup",
            (0.5, 0.3, 0.6),
            rf"{_OPEN}(?:system|developer)(?: (?:{_NAMED})){{1,3}}[\])]?\*{{0,2}} ?:",
        ),
        ("role-markup", (0.5, 0.3, 0.55), rf"\[\[?(?:system|developer)(?: (?:{_NAMED}))?\]"),
        (
            "role-markup",
            (0.4, 0.25, 0.5),
            r"\b(?:end|begin(?:ning)?|start) of (?:the )?(?:system |user |developer )?"
            r"(?:prompts?|instructions|input|context|system message|user message)\b",
        ),
        ("role-markup", (0.35, 0.2, 0.4), r"\bassistant ?:[^:]{0,300}\b(?:human|user) ?:"),
        (
            "role-markup",
            (0.4, 0.2, 0.45),
            r"(?<![^\s.!?])system ?: (?:you (?:must|are|will|should|may|can)|ignore|new )",
        ),
        (
            "tool-call",
            (0.6, 0.3, 0.7),
            r"<(?:tool_call|function_calls?|tool_use|tool_response|invoke name)\b|\bto=functions\.",
        ),
        ("tool-call", (0.3, 0.1, 0.5), r'"(?:tool_calls|function_call)"\s{0,3}:'),
        (
            "tool-call",
            (0.3, 0.1, 0.5),
            r'"name"\s{0,3}:\s{0,3}"[a-z_.]{2,40}"\s{0,3},\s{0,3}"(?:arguments|parameters)"\s{0,3}:',
        ),
        (
            "tool-call",
            (0.3, 0.0, 0.35),
            r"^[ \t]{0,8}action input ?:|^[ \t]{0,8}\{?\"?action\"? ?: ?\"?[a-z]{2,20}_[a-z_]{2,30}",
        ),
        ("demonstration", (0.3, 0.0, 0.3), r"(?:^|[.!?;]\s)(?:query|question|input|observation|thought) ?:"),
    )
)
_SHOUTED = re.compile(r"^[#*>\[( \t]{0,8}(?:SYSTEM|DEVELOPER)(?: [A-Z]{3,12})?[\])]?\*{0,2} ?:", re.M)
_SPOKEN = re.compile(
    r"^[#*>\[( \t]{0,8}(?:system|developer|assistant)\]? ?: {0,3}"
    r"(?:you |ignore|disregard|forget|override|new |from now|always|never|reveal|the user (?:is|has)|do not|dont|all )",
    re.M,
)
_SHOUT_WEIGHTS: Final = (0.5, 0.3, 0.6)
_SPEECH_WEIGHTS: Final = (0.5, 0.2, 0.6)
SIGN_WORDS: Final = frozenset(
    "system developer instruction human arguments inst sys im_start action begin beginning end start thought "
    "observation query input".split()
)
"""Of these a text without angle brackets has to hold one."""
_FRAME_WORDS: Final = SIGN_WORDS | frozenset(
    "assistant sys developer tool function functions tool_call tool_calls tool_use tool_response function_call "
    "function_calls invoke start_of_turn end_of_turn instructions question system_message system_prompt".split()
)
_WORD = re.compile(r"[^\W\d]+")


def frame_signs(text: str, folded: str) -> Iterator[tuple[str, Weights]]:
    """What a sentence imitates, with its weights; `folded` is the same sentence, folded."""
    if "<|" not in folded and _FRAME_WORDS.isdisjoint(_WORD.findall(folded)):
        return
    for reason, weights, pattern in _FORMS:
        if pattern.search(folded):
            yield reason, weights
    if _SHOUTED.search(text):
        yield "role-markup", _SHOUT_WEIGHTS
    if _SPOKEN.search(folded):
        yield "role-markup", _SPEECH_WEIGHTS
