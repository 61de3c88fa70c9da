"""The attributes of facts: one name and one key for each, shared by what is stated and what is asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from continuum.language.names import entity_key


@dataclass(frozen=True, slots=True)
class Attribute:
    """A canonical attribute: `name` is the form to show; `single` says that it has one value at a time."""

    name: str
    single: bool


_ARTICLE = re.compile(r"(?:(?:the|an?|my|our|your|his|her|its|their)\s+)++(?=\S)", re.IGNORECASE)
_SPELLINGS: Final = (("favorite", "favourite"), ("color", "colour"))

# name; one or many values; nouns that ask for it
_TABLE: Final = """
lives in; one; residence, home, home city, city, town, country, location, hometown
from; one; origin, hometown, home country, birthplace
born in; one; birthplace, birth year, place of birth
works at; one; employer, company, workplace, job, work
job; one; job, occupation, profession, role, position, job title, title, work, living
name; one; full name, first name
called; one; nickname, name
age; one; age
birthday; one; birth date, date of birth
phone; one; phone number, telephone, telephone number, mobile, mobile number
email; one; email address, e-mail, mail
address; one; home address, street address
spouse; one; wife, husband, partner
partner; one; girlfriend, boyfriend, partner, relationship
marital status; one; relationship status
diet; one; diet
eats; many; food
drinks; many; drink, beverage
likes; many; hobby, taste, interest
dislikes; many; pet peeve
prefers; many; preference
allergic to; many; allergy
speaks; many; language
plays; many; instrument, sport, hobby
studies; many; major, subject, degree
school; one; school, university, college
graduated from; many; school, university, college, alma mater
owns; many; possession, car, house, bike
pet; many; pet
drives; one; car
uses; many; tool, stack, editor, database, framework, language, setup
hobby; many; hobby, pastime
children; one; kid, child
practises; many; hobby, practice
teaches; many; subject
interested in; many; interest, hobby
afraid of; many; fear, phobia
grew up in; one; hometown, home town
volunteers at; many; charity
works on; many; project, work
condition; many; illness, disease, diagnosis, health condition
takes; many; medication, medicine, drug, pill, supplement
chose; many; choice, decision
member of; many; club, group, society, team
goal; many; target, aim
wakes up at; one; wake-up time
goes to bed at; one; bedtime
income; one; salary, earnings, pay
timezone; one; time zone
deadline; one; due date
version; one; version
port; one; port number
url; one; link, web address
budget; one; budget
status; one; state
plan; one; subscription, tier
reads; many; book
knows; many; skill
subscribes to; many; subscription
leads; many; team
runs; one; operating system
has; many; facility
sells; many; product
offers; many; service
opens at; one; opening time
closes at; one; closing time
"""


def _rows() -> tuple[dict[str, Attribute], dict[str, tuple[str, ...]]]:
    table: dict[str, Attribute] = {}
    asked: dict[str, list[str]] = {}
    for row in _TABLE.strip().splitlines():
        name, count, nouns = row.split("; ")
        key = fact_key(name)
        table[key] = Attribute(name, count == "one")
        for noun in nouns.split(", "):
            asked.setdefault(fact_key(noun), []).append(key)
    return table, {noun: tuple(dict.fromkeys(keys)) for noun, keys in asked.items()}


@lru_cache(maxsize=8192)
def fact_key(text: str) -> str:
    """The key by which subjects, attributes and values are compared; '' for a blank text only.

    Case, articles and possessives in front, hyphens, blanks, a plural ending and a few spellings do not count;
    numbers do. Idempotent: a key is its own key.

    >>> fact_key("the Staging Databases"), fact_key("GitHub Actions"), fact_key("my favorite editor")
    ('stagingdatabase', 'githubaction', 'favouriteeditor')
    """
    stripped = text.strip()
    bare = _ARTICLE.sub("", stripped, count=1) if _ARTICLE.match(stripped) else stripped
    key = entity_key(bare) or entity_key(stripped)
    for spelling, other in _SPELLINGS:
        key = key.replace(spelling, other)
    return key


_BY_KEY, _BY_NOUN = _rows()
_SINGULAR_USE: Final = "uses for "


_DONE_TO_MANY: Final = (
    "listens ", "cares ", "contributes ", "donates ", "volunteers ", "roots ", "trains ", "competes ", "advocates ",
    "writes about", "writes for", "reads about", "talks ", "speaks to", "looks after", "worries ",
)  # fmt: skip
"""How open attributes begin that have many values, whatever the preposition."""


def attribute_named(name: str) -> Attribute:
    """The canonical attribute of this name, or the open one: single-valued unless its head noun is a plural.

    What people do to, for or about several things at once is never single-valued: "listens to", "trains for".
    """
    known = _BY_KEY.get(fact_key(name))
    return known or Attribute(name, not _is_plural(name) and not name.startswith(_DONE_TO_MANY))


def is_single(name: str, subject: str = "") -> bool:
    """Whether an attribute has one value at a time: "lives in", "port", "uses for ci", not "likes" or "uses".

    The name of "user's friend" is one of many, that of "user's wife" is not.
    """
    if name == "name" and "'s " in subject:
        return subject.split()[-1].lower() in ONE_AT_A_TIME | _ROLES_OF_ONE
    return name.startswith(_SINGULAR_USE) or attribute_named(name).single


_ROLES_OF_ONE: Final = frozenset("ceo cto cfo coo cio ciso president chair chairman chairwoman mayor".split())
_UNAMBIGUOUS: Final = {
    "phone number": "phone", "telephone number": "phone", "mobile number": "phone", "email address": "email",
    "home city": "lives in", "employer": "works at", "occupation": "job", "job title": "job", "nickname": "called",
    "time zone": "timezone", "date of birth": "birthday", "home town": "from", "hometown": "from",
    "due date": "deadline", "favorite": "favourite",
}  # fmt: skip


def is_canonical(name: str) -> bool:
    """Whether an attribute is one of the table, rather than an open one made of a text's own words."""
    return fact_key(name) in _BY_KEY


def canonical_name(noun: str) -> str:
    """The name of the attribute that a noun can only mean ("phone number": "phone"), else the noun itself."""
    first, _, rest = noun.partition(" ")
    bare = rest if rest and first.lower() in ("new", "current", "present") else noun
    return _UNAMBIGUOUS.get(bare.lower(), bare)


def attributes_asked(noun: str) -> tuple[str, ...]:
    """The keys of attributes that a noun of a question may mean, its own as an open attribute first."""
    key = fact_key(noun)
    return tuple(dict.fromkeys((key, *_BY_NOUN.get(key, ()))))


def _is_plural(name: str) -> bool:
    head = name.split()[-1].lower() if name.split() else ""
    return head.endswith("s") and not head.endswith(("ss", "us", "is")) and fact_key(head) != head


_RELATIONS = (
    "wife husband partner spouse fiance fiancee fiancé fiancée girlfriend boyfriend mother father mom mum mama dad "
    "papa stepdad stepmom "
    "brother sister son daughter child kid baby uncle aunt cousin nephew niece grandmother grandfather grandma grandpa "
    "grandson granddaughter grandad granny stepmother stepfather stepson stepdaughter stepbrother stepsister "
    "boss manager supervisor mentor coach therapist doctor dentist landlord roommate flatmate housemate neighbour "
    "neighbor colleague coworker co-worker friend buddy assistant lawyer accountant teacher tutor twin "
    "bestie mate bandmate classmate teammate pal bro sis pup trainer doctor physiotherapist dietitian nutritionist "
    "dog cat puppy kitten horse parrot hamster rabbit bunny turtle tortoise guinea-pig budgie"
)
RELATIONS: Final = frozenset(_RELATIONS.split()) | {"mother-in-law", "father-in-law", "sister-in-law", "brother-in-law"}
"""Nouns that make "my ..." a person or an animal with facts of its own."""

_PROFESSIONS: Final = frozenset(
    "manager supervisor mentor coach therapist doctor dentist assistant lawyer accountant teacher tutor trainer".split()
)
_PERSONAL: Final = RELATIONS - _PROFESSIONS

PETS: Final = frozenset(
    "dog cat puppy kitten horse parrot hamster rabbit bunny turtle tortoise budgie pup goat pony donkey goldfish "
    "ferret gecko lizard snake canary cockatiel chinchilla hedgehog alpaca".split()
)

ONE_AT_A_TIME: Final = frozenset(
    "wife husband partner spouse fiance fiancee fiancé fiancée girlfriend boyfriend mother "
    "father mom mum mama dad papa "
    "boss landlord doctor dentist manager supervisor".split()
)
"""Relations of which one has one: the name of another of them is a new fact, not one more."""

GROUPS: Final = frozenset(
    "kids children parents sons daughters brothers sisters grandparents grandkids dogs cats family pets pups".split()
)
"""Relatives who are spoken of together: "my kids love ..."."""

RELATION_ADJECTIVES: Final = frozenset(
    "older younger elder eldest oldest youngest big little best new ex late twin step half old "
    "former close dear good childhood".split()
)

_TELLING_APART: Final = frozenset(
    "older younger elder eldest oldest youngest big little twin step half ex late former best childhood".split()
)


def relation_name(words: Sequence[str]) -> str:
    """The plain name of a relative from its words, the noun last: "romantic partner" is the partner.

    What tells two apart stays ("older brother"), and so does what says which kind of professional one is.

    >>> relation_name(["close", "friend"]), relation_name(["younger", "sister"])
    ('friend', 'younger sister')
    """
    head = words[-1].lower()
    personal = head in _PERSONAL
    kept = [
        word
        for word in words[:-1]
        if word.lower() in _TELLING_APART or not (personal or word.lower() in RELATION_ADJECTIVES)
    ]
    return " ".join((*kept, words[-1]))


OPPOSITES: Final = {"likes": "dislikes", "dislikes": "likes"}
"""Attributes of which a value can have one at a time: who dislikes it now no longer likes it."""

LASTING: Final = frozenset(
    fact_key(name) for name in ("born in", "from", "name", "birthday", "graduated from", "grew up in", "age", "called")
)
"""Attributes that no leaving, selling or stopping ends."""

ROLES_HELD: Final = frozenset(
    "ceo cto cfo coo cio ciso president director manager lead leader head owner founder maintainer chair chairman "
    "chairwoman chairperson captain coach editor treasurer secretary principal mayor boss supervisor architect".split()
)
"""What somebody is of an organisation: "our CTO is ..." is a single-valued attribute of it."""

SLOT_NOUNS: Final = frozenset(
    "version port url host hostname domain ip deadline budget limit quota timeout email address phone number "
    "password policy framework language database editor browser provider region timezone currency salary rent price "
    "fee rate size capacity threshold branch repo repository username handle birthday anniversary height weight "
    "nickname surname name id key token endpoint license licence tier subscription frequency interval "
    "retention tempo dosage dose font colour color model brand theme engine platform schedule "
    "goal target wage distance intake dose".split()
)
"""Heads of open attributes whose values need no capital or digit to be worth keeping."""
