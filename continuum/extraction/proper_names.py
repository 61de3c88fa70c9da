"""Names of people, products, places and code: runs of capitalised words and tokens written like code."""

from __future__ import annotations

from typing import Final

from continuum.extraction.findings import Finding
from continuum.extraction.reading import Words
from continuum.extraction.written_forms import NAME_FORMS, Form
from continuum.language.word_classes import (
    ADJECTIVE,
    AUXILIARY,
    CONJUNCTION,
    DETERMINER,
    GENERIC,
    NOUN,
    POSSESSIVE,
    TASTE,
    VERB,
    VERB_OR_NOUN,
    WORD_CLASSES,
    words_of,
)

NAME_WORDS_MAX: Final = 6
_TITLE: Final = Form.TITLE
_SHOUTED_MIN: Final = 4
"""More words in capitals than this, and more than half of all, are a raised voice and no names."""
_CONNECTORS: Final = frozenset(words_of("of the de la van von der den di da du del bin ibn al y e"))
_TITLES: Final = frozenset(
    words_of("mr mrs ms miss dr prof professor doctor sir lady captain judge justice uncle aunt")
)
_PEOPLE: Final = frozenset(
    words_of(
        "wife husband brother sister mother father mom mum dad son daughter boss manager friend colleague doctor "
        "dentist therapist lawyer attorney neighbour neighbor cousin uncle aunt nephew niece grandmother "
        "grandfather grandma grandpa teacher partner fiancé fiancée boyfriend girlfriend roommate landlord "
        "landlady cto ceo cfo coach mentor client patient nurse student tutor"
    )
)
_SPEECH: Final = frozenset(
    words_of("said says asked asks told tells thinks wrote replied lives works married joined called")
)
_ALIAS_CUES: Final = frozenset(words_of("also aka formerly or"))
_NAME_ADVERBS: Final = frozenset(words_of("never always often usually also just still really probably"))
_AFTER_POSSESSIVE: Final = frozenset(words_of("Law Laws Hospital Disease Syndrome Church College Theorem Day Razor"))
_TOOL_CUES: Final = frozenset(
    words_of(
        "use uses using used install installed deploy deployed run running via with on in prefer prefers adopt adopted"
    )
)
_TOOL_NOUNS: Final = frozenset(
    words_of("framework library database server cluster language sdk api cli plugin extension editor ide package tool")
)


def find_names(words: Words) -> list[Finding]:
    """Every proper name, acronym and identifier, in order; runs of capitalised words are one name."""
    kinds = words.kinds
    if _is_shouting(kinds):
        return []
    inside = {w for w, k in zip(words.words, kinds, strict=True) if k == _TITLE}
    found: list[Finding] = []
    index = 0
    while index < len(kinds):
        kind = kinds[index]
        if kind < _TITLE:
            index += 1
        elif kind in NAME_FORMS:
            index = _read_run(words, index, inside, found)
        else:
            _read_single(words, index, found)
            index += 1
    return found


def _is_shouting(kinds: list[int]) -> bool:
    capitals = kinds.count(Form.ACRONYM)
    return capitals > _SHOUTED_MIN and capitals * 2 > len(kinds)


def _read_single(words: Words, index: int, found: list[Finding]) -> None:
    start, end, kind = words.starts[index], words.ends[index], words.kinds[index]
    if kind == Form.ADDRESS:
        end = start + len(words.words[index].rstrip(".,;:!?"))
        found.append(Finding(start, end, 1.0))
    elif kind == Form.CODE:
        lead = words.text[start - 1] if start else " "
        if lead == "@":
            found.append(Finding(start, end, 3.0, "person"))
        elif lead == "#":
            found.append(Finding(start, end, 3.0, "topic"))
        else:
            found.append(
                Finding(start, end, 3.5, "tool" if words.words[index].endswith((".js", ".py", ".io")) else "concept")
            )
    elif kind == Form.NUMBER and words.text[max(0, start - 1) : start + 1] == "v":
        found.append(Finding(start, end, 1.0))


def _read_run(words: Words, first: int, inside: set[str], found: list[Finding]) -> int:
    last = _run_end(words, first)
    if first == last and words.kinds[first] == Form.INITIAL_TITLE and not _is_name_at_start(words, first, inside):
        words.kinds[first] = NOUN
        return first + 1
    entity_type = "person" if words.words[first].lower() in _TITLES else ""
    begin = first + 1 if entity_type and last > first else first
    start, end = words.starts[begin], words.ends[last]
    if words.text[end - 2 : end] in ("'s", "’s"):
        end -= 2
    description, described_type = _described_before(words, begin)
    kind = entity_type or described_type or _type_of(words, begin, last)
    found.append(Finding(start, end, 4.0, kind, description))
    _read_version(words, last, start, found)
    return last + 1


def _run_end(words: Words, first: int) -> int:
    kinds, last, index = words.kinds, first, first + 1
    while index < len(kinds) and index - first < NAME_WORDS_MAX:
        if words.words[last].endswith(("'s", "’s")) and words.words[index] not in _AFTER_POSSESSIVE:
            break
        if kinds[index] in NAME_FORMS and (words.joined(index) or _joined_by_mark(words, index)):
            last = index
        elif not (words.words[index] in _CONNECTORS and words.joined(index)):
            break
        index += 1
    return last


def _joined_by_mark(words: Words, index: int) -> bool:
    gap = words.text[words.ends[index - 1] : words.starts[index]]
    if gap == " & ":
        return True
    before = words.words[index - 1]
    return gap == ". " and (
        before in ("St", "Mt") or before.lower() in _TITLES or (len(before) == 1 and before.isupper())
    )


def _is_name_at_start(words: Words, index: int, inside: set[str]) -> bool:
    """One capitalised word at the start of a sentence is a name only if something else says so."""
    word = words.words[index]
    if word in inside or word.endswith(("'s", "’s")):
        return True
    following = index + 1
    if following >= len(words.kinds):
        return len(words.kinds) == 1
    gap = words.text[words.ends[index] : words.starts[following]]
    if gap == ", ":
        return words.kinds[following] in (POSSESSIVE, DETERMINER) or words.words[following] in _ALIAS_CUES
    return gap == " (" or (gap == " " and _names_before(words, following, word))


def _names_before(words: Words, following: int, word: str) -> bool:
    """Whether the word after a capitalised one makes that a name: "Alice works", "Kafka and Redis"."""
    kind, after = words.kinds[following], words.words[following]
    if kind == CONJUNCTION:
        return words.joined(following + 1) and words.kinds[following + 1] in NAME_FORMS
    if word.endswith("ing"):
        return False
    if kind in (VERB_OR_NOUN, NOUN):
        return after.endswith("ed") or (kind == VERB_OR_NOUN and after.endswith("s") and not word.endswith("s"))
    return kind in (AUXILIARY, VERB, TASTE) or after in _NAME_ADVERBS


def _described_before(words: Words, begin: int) -> tuple[str, str]:
    """ "my cat" in "my cat Minka", and "person" when the noun names a relation or an office."""
    if not words.joined(begin):
        return "", ""
    noun = words.words[begin - 1].lower()
    first = begin - 1
    while first > 0 and begin - first < 4 and words.joined(first):
        if words.kinds[first] in (POSSESSIVE, DETERMINER):
            break
        if words.kinds[first] not in (NOUN, ADJECTIVE, VERB_OR_NOUN):
            return "", ""
        first -= 1
    if first == begin - 1 or words.kinds[first] not in (POSSESSIVE, DETERMINER):
        return "", "person" if noun in _PEOPLE else ""
    if words.kinds[first] != POSSESSIVE and noun not in _PEOPLE:
        return "", ""
    return words.text[words.starts[first] : words.ends[begin - 1]], "person" if noun in _PEOPLE else ""


def _type_of(words: Words, first: int, last: int) -> str:
    before = words.words[first - 1].lower() if words.joined(first) else ""
    follows = last + 1 < len(words.words) and words.joined(last + 1)
    after = words.words[last + 1].lower() if follows else ""
    if words.words[first].lower() == "project" or before == "project" or after == "project":
        return "project"
    if after in _SPEECH and words.kinds[first] <= Form.INITIAL_TITLE:
        return "person"
    code_like = words.kinds[first] in (Form.MIXED, Form.ACRONYM)
    if after in _TOOL_NOUNS or (code_like and before in _TOOL_CUES):
        return "tool"
    if before in ("use", "uses", "using", "used", "install", "installed"):
        return "tool"
    if words.kinds[first] == Form.MIXED and first == last and WORD_CLASSES.get(after) in (AUXILIARY, TASTE, VERB):
        return "tool"
    lead_in = words.text[max(0, words.starts[first] - 12) : words.starts[first]].lower().rstrip()
    if lead_in.endswith(("i'm", "i am", "my name is", "call me")):
        return "person"
    return "concept"


def _read_version(words: Words, last: int, start: int, found: list[Finding]) -> None:
    """ "Python 3.11", "Route 66": the name with its number, beside the name alone."""
    following = last + 1
    if following >= len(words.kinds) or words.kinds[following] != Form.NUMBER or not words.joined(following):
        return
    number = words.words[following]
    counted = words.joined(following + 1) and words.kinds[following + 1] in (NOUN, GENERIC, VERB_OR_NOUN)
    if (
        "." in number
        or (number[0] == "v" and len(number) < 8)
        or (number.isdigit() and len(number) < 4 and not counted)
    ):
        found.append(Finding(start, words.ends[following], 1.0))
