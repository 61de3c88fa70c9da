"""What kind of word a common English word is: the closed classes, frequent verbs, and nouns that say nothing.

One dictionary look-up per word tells the reader of noun phrases where a phrase may begin, go on or end.
Words that are not listed are taken for nouns: names and terms of every field are an open class, the small
words are not. Other languages get their commonest function words, so that they are never taken for names.
"""

from __future__ import annotations

from typing import Final

NOUN: Final = 0
DETERMINER: Final = 1
POSSESSIVE: Final = 2
PRONOUN: Final = 3
PREPOSITION: Final = 4
TO: Final = 5
CONJUNCTION: Final = 6
AUXILIARY: Final = 7
ADVERB: Final = 8
VERB: Final = 9
VERB_OR_NOUN: Final = 10
TASTE: Final = 11
"""Verbs whose object is worth a concept even when it is one plain word: "I love sushi"."""
ADJECTIVE: Final = 12
"""Adjectives that grade or order rather than name: cut from the front of a phrase, never its head."""
GENERIC: Final = 13
"""Nouns that say nothing alone and make a poor head: "thing", "lot", "next week"."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a list that is written as one text, because that reads better than a column of quotes."""
    return tuple(text.split())


_DETERMINERS = (
    "a an the this that these those some any no each every another either neither both all such what which whose"
)
_POSSESSIVES = "my your his her its our their mine yours ours theirs"
_PRONOUNS = (
    "i you he she it we they me him us them myself yourself himself herself itself ourselves themselves who whom "
    "someone somebody something anyone anybody anything everyone everybody everything nobody nothing one ones none "
    "i'm i've i'd i'll you're you've you'd you'll he's he'd he'll she's she'd she'll it's it'd it'll we're we've "
    "we'd we'll they're they've they'd they'll that's that'll there's here's what's who's where's how's let's y'all"
)
_PREPOSITIONS = (
    "of in on at by for with from into onto about against between among through during before after above below "
    "under over without within along across behind beyond near since until till upon via per toward towards off out "
    "up down around despite except inside outside like unlike besides plus than as regarding concerning versus vs"
)
_CONJUNCTIONS = (
    "and or but nor so yet if because although though while whereas unless whether when where why how whenever "
    "wherever once then else otherwise however therefore thus hence moreover furthermore also plus instead "
    "meanwhile"
)
_AUXILIARIES = (
    "am is are was were be been being have has had having do does did doing done can could will would shall should "
    "may might must ought isn't aren't wasn't weren't haven't hasn't hadn't don't doesn't didn't can't couldn't "
    "won't wouldn't shouldn't mustn't cannot ain't gonna wanna gotta dont cant wont isnt didnt doesnt"
)
_ADVERBS = (
    "not never always often sometimes usually rarely seldom here there now today tomorrow yesterday tonight soon "
    "later already still just only even very too quite rather really almost nearly perhaps maybe probably "
    "definitely certainly actually basically simply again ever away back together apart ago well much more most "
    "less least enough far anyway yes no yeah yep nope ok okay please thanks thank sorry hello hi hey wow oh ah hmm "
    "sure alright lol etc eg ie likewise indeed somewhere anywhere everywhere nowhere somehow twice afterwards "
    "forward fyi btw asap imo todo tbh cheers congrats welcome goodbye bye noted understood agreed absolutely"
)
_VERBS = (
    "expire ignore complain uphold restart trigger crash bother hurry arrange accept achieve add admit agree allow "
    "announce apologise apologize appear apply appreciate arrange arrive ask assume attend avoid become begin "
    "believe belong bring buy carry catch choose clean collect come compare complete confirm connect consider "
    "contain continue convert convince create decide define delete depend describe deserve destroy determine "
    "develop die disable discover discuss divide eat employ enable encourage ensure enter establish examine exist "
    "expect explain explore express fail fall feed feel fetch fill find finish follow forget forgive gather "
    "generate get give go grow happen hear help hide hold identify imagine implement improve include increase "
    "indicate inform insist install introduce invest invite involve join keep kill know lack lay lead learn leave "
    "lend let lie listen live lose maintain make manage mean meet mention merge migrate miss modify need notice "
    "obtain occur offer open operate own pay perform persuade pick pray prepare prescribe prevent prove provide "
    "publish pull push put raise reach read realise realize receive recognise recognize recommend reduce refer "
    "refuse reject relate rely remain remember remind remove repeat replace reply represent require resolve respond "
    "return reveal ride rise save say see seem select sell send separate serve set settle shut sing sit sleep solve "
    "speak spend spread stand start stay steal stick stop succeed suffer suggest suppose swap swim switch take talk "
    "teach tell think throw travel treat try turn understand upgrade wait wake want wear win wish wonder worry "
    "write bake boil fry roast chop stir marry divorce graduate retire sign file sue appeal argue deploy configure "
    "rewrite refactor debug compile adopt abandon schedule book diagnose"
)
_VERBS_OR_NOUNS = (
    "act aim answer attack balance base bet block break build call cause challenge change charge check claim clear "
    "click close code cook copy cost cover cut damage deal debate delay demand design dream drink drive drop "
    "estimate exercise export face fear fight fix fly focus form guess guide hand handle harm head hike hit hope "
    "host import influence interest issue judge jump land last laugh launch lift limit link load lock log look map "
    "march mark match matter measure mind mix model move name note order pack paint park pass plan plant play point "
    "post practice practise present press process produce program promise protest quit race rain rank rate record "
    "release rent report request rescue research rest review reward risk roll rule run scale score search sense "
    "shape share ship shop show skip smell smoke snow sort sound stage state step store stress struggle study "
    "supply support surprise survey swing target taste tend test thank tie time touch trace track trade train "
    "transfer trick trip trust twist type update value view visit vote walk warn wash watch water wave weigh "
    "welcome wonder work wrap"
)
_TASTES = "like love hate prefer enjoy use adore dislike drink play eat study practise practice cook speak learn"
_IRREGULAR = (
    "became began begun broke broken brought built bought caught chose chosen came cost cut drew drawn drank driven "
    "drove ate eaten fell fallen fed felt fought found flew flown forgot forgotten gave given went gone got gotten "
    "grew grown heard held hid hidden hit hurt kept knew known laid led left lent let lost made meant met paid put "
    "read rode risen rose ran said sang sat saw seen sold sent set shown shut slept spoke spoken spent stood stole "
    "stuck swam taken took taught told thought threw thrown understood woke woken wore worn won wrote written "
    "called based used supposed going coming getting making taking saying wants needs born"
)
_ADJECTIVES = (
    "good bad new old great nice big small little large huge tiny happy sad sure ready better best worse worst easy "
    "hard fast slow quick important different same other own able possible impossible available wrong right free "
    "full late early long short high low next previous first second third last final main whole entire few many "
    "several various certain real true false simple complex difficult strong weak young cheap expensive cool "
    "awesome amazing wonderful terrible horrible beautiful pretty ugly favorite favourite certain clear close "
    "common current recent similar special specific sorry tired busy glad afraid aware careful excited interesting "
    "interested useful helpful perfect proper correct fine lovely modern popular famous broken overall usual normal "
    "typical serious separate single double only half extra additional initial existing upcoming entire particular "
    "general hungry sick warm safe dangerous rich poor dead alive loud quiet empty two three four five six seven "
    "eight nine ten eleven twelve hundred thousand million"
)
_GENERIC = (
    "thing things stuff way ways lot lots kind kinds sort sorts bit bits part parts case cases example examples "
    "time times day days week weeks month months year years hour hours minute minutes second seconds moment moments "
    "today morning afternoon evening night nights weekend weekends date dates fact facts idea ideas reason reasons "
    "question questions answer answers problem problems people person man men woman women guy guys someone number "
    "numbers amount place places point points side sides end ends start beginning middle top bottom rest piece "
    "pieces pair couple dozen percent option options choice result results detail details word words name names "
    "line lines issue issues matter matters sense hand hands turn turns look looks chance mind order favour favor "
    "help monday tuesday wednesday thursday friday saturday sunday january february march april may june july "
    "august september october november december mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep sept "
    "oct nov dec mondays tuesdays wednesdays thursdays fridays saturdays sundays everyday noon midnight spring "
    "summer autumn winter am pm utc gmt"
)
_OTHER_LANGUAGES = (
    "der die das den dem des ein eine einen einem einer eines und oder aber ist sind war ich du er sie es wir ihr "
    "mein meine dein unser nicht mit von zu im am auf für bei nach aus wie auch noch nur wenn weil dass hat haben "
    "wird le la les un une des du de et ou mais est sont je tu il elle nous vous ils mon ma mes son sa ses ce cette "
    "pas avec dans sur pour par que qui se el los las una unos unas y o pero es son yo él ella nosotros mi tu su no "
    "con en por para del al lo una il lo gli i uno e ma è sono io lui lei noi mio mia suo non con nel della di che "
    "per и в во не на я он она оно мы вы они что с со как а то все у от по за для но из же мой моя мне мой наш это "
    "был была этот так его ее ей к до при или если когда где о об мы были есть ο η το οι τα του της των και να με "
    "σε για από που δεν είναι ένα μια στο στη στην την τον θα"
)
_DOUBLES_LAST = frozenset(
    words_of(
        "get put set cut run stop plan ship skip drop chop stir swim win sit shut let log map wrap swap begin bet "
        "fit hit refer trip"
    )
)


def _inflections(verb: str) -> tuple[str, ...]:
    if verb.endswith("e"):
        return verb, verb + "s", verb[:-1] + "ing", verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeou":
        return verb, verb[:-1] + "ies", verb + "ing", verb[:-1] + "ied"
    stem = verb + verb[-1] if verb in _DOUBLES_LAST else verb
    plural = "es" if verb.endswith(("s", "x", "ch", "sh", "o")) else "s"
    return verb, verb + plural, stem + "ing", stem + "ed"


def _classes() -> dict[str, int]:
    """Later lines win: "like" is first a preposition, then a verb of taste."""
    table: dict[str, int] = {}
    for word in _OTHER_LANGUAGES.split():
        table[word] = DETERMINER
    for words, kind in (
        (_VERBS, VERB),
        (_VERBS_OR_NOUNS, VERB_OR_NOUN),
        (_TASTES, TASTE),
    ):
        for verb in words.split():
            for form in _inflections(verb):
                table[form] = kind
    for words, kind in (
        (_IRREGULAR, VERB),
        (_ADJECTIVES, ADJECTIVE),
        (_GENERIC, GENERIC),
        (_PREPOSITIONS, PREPOSITION),
        (_CONJUNCTIONS, CONJUNCTION),
        (_ADVERBS, ADVERB),
        (_DETERMINERS, DETERMINER),
        (_POSSESSIVES, POSSESSIVE),
        (_PRONOUNS, PRONOUN),
        (_AUXILIARIES, AUXILIARY),
        ("like likes liked love loves loved hate hates hated use uses using used", TASTE),
    ):
        for word in words.split():
            table[word] = kind
    table["to"] = TO
    return table


FOREIGN_WORDS: Final = frozenset(_OTHER_LANGUAGES.split()) - frozenset((*_DETERMINERS.split(), *_PRONOUNS.split()))
"""Function words of other languages: inside an English sentence a capital makes them part of a name ("La Paz")."""

WORD_CLASSES: Final[dict[str, int]] = _classes()
"""Lower-case word to its class; a word that is not here is a `NOUN`."""

_FUNCTION = frozenset({DETERMINER, POSSESSIVE, PRONOUN, PREPOSITION, TO, CONJUNCTION, AUXILIARY, ADVERB})


def is_function_word(word: str) -> bool:
    """Whether a lower-case word belongs to a closed class and so can never be a name by itself."""
    return WORD_CLASSES.get(word, NOUN) in _FUNCTION
