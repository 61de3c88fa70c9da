"""What verbs and states say of whom: phrases that state an attribute, as one table."""

from __future__ import annotations

from typing import Final, NamedTuple

from continuum.domain.facts import FactMode


class Predicate(NamedTuple):
    """What a phrase states: the attribute, how its value is read, and what it does to the slot.

    `form`: ``present`` stands without "be", ``be`` after am, are, is; ``past`` is a thing that happened, ``was`` a
    state of the past.
    """

    attribute: str
    kind: str
    form: str
    mode: FactMode = FactMode.STATE
    polarity: bool = True


# form; mode; attribute; kind of the value; phrases
_TABLE: Final = """
present; state; lives in; place; live in, lives in, reside in, resides in
be; state; lives in; place; living in, based in, located in, residing in
was; state; lives in; place; lived in
past; change; lives in; place; moved to, relocated to, moved back to, moved over to, moved here from
present; state; works at; org; work at, works at, work for, works for
be; state; works at; org; working at, working for, employed at, employed by
was; state; works at; org; worked at, worked for
past; change; works at; org; started a new job at, got a job at, started a job at
past; change; works at; org; joined, started at, started working at, started working for, got hired by, got hired at
past; end; lives in; place; moved out of, moved away from
past; end; partner; name; broke up with
be; state; partner; name; engaged to
present; state; called; name; go by, goes by
be; state; plan; plan; on the
past; change; plan; plan; upgraded to, downgraded to, switched to the, moved to the
present; state; runs; version; run, runs
be; state; runs; version; running
present; state; hosted on; placed; host, hosts, deploy, deploys, monitor, monitors, build, builds, store, stores
be; state; hosted on; placed; hosting, deploying, monitoring, storing
past; change; works at; org; got a new job at, landed a job at, got hired at
past; end; works at; org; quit, resigned from, quit my job at, left my job at, quit working at, stopped working at
past; end; works at; org; stopped working for, got fired from, got laid off from, retired from, was fired from
past; end; works at; org; was laid off from
past; end; works at; org; quit his job at, quit her job at, left his job at, left her job at
present; state; job; job; work as, works as
be; state; job; job; working as, employed as
past; change; job; job; became, got promoted to, was promoted to, were promoted to, got a job as, started working as
past; change; job; job; started a job as, started a new job as
present; state; speaks; thing; speak, speaks
present; state; plays; plays; play, plays
past; state; plays; plays; took up playing, started playing
past; end; plays; plays; stopped playing, quit playing, gave up playing
present; state; studies; studies; study, studies
be; state; studies; studies; studying, majoring in, learning
present; state; practises; studies; practise, practice, practises, practices
be; state; practises; studies; practising, practicing
be; state; plays; plays; playing
present; state; teaches; studies; teach, teaches
be; state; teaches; studies; teaching
present; state; hobby; studies; collect, collects
be; state; interested in; taste; interested in, passionate about
be; state; afraid of; taste; afraid of, scared of, terrified of
past; state; grew up in; place; grew up in, was raised in
present; state; volunteers at; org; volunteer at, volunteers at
be; state; volunteers at; org; volunteering at
be; state; works on; project; working on
be; state; condition; word; diabetic, asthmatic, dyslexic, celiac, coeliac, lactose intolerant, gluten intolerant
present; state; takes; drug; take, takes
be; state; takes; drug; taking
present; state; income; money; earn, earns, make, makes
be; state; income; money; earning, making
present; state; school; school; attend, attends, go to, goes to
be; state; school; school; attending
be; state; uses; used; relying on
present; state; studies; studies; major in, majors in
present; state; school; org; study at, studies at
be; state; school; org; studying at
past; state; graduated from; org; graduated from
present; state; drives; car; drive, drives
present; state; owns; owned; own, owns
past; state; owns; bought; bought, purchased
past; end; owns; sold; sold
past; state; pet; pet; adopted, got
present; state; pet; having; have, has
past; state; pet; set; set
present; state; eats; food; eat, eats
past; end; eats; food; stopped eating, quit eating, gave up eating
past; state; eats; food; started eating, began eating
present; state; drinks; food; drink, drinks
past; end; drinks; food; stopped drinking, quit drinking, gave up drinking
past; state; drinks; food; started drinking, began drinking
present; state; likes; taste; like, likes, love, loves, enjoy, enjoys, adore, adores
be; state; likes; taste; fond of, into, a fan of, a big fan of, a huge fan of
present; state; dislikes; taste; dislike, dislikes, hate, hates, detest, detests, can't stand, cannot stand
present; state; prefers; prefers; prefer, prefers
be; state; allergic to; food; allergic to
present; state; allergic to; allergy; have an allergy to
present; state; uses; used; use, uses, rely on, relies on
be; state; uses; used; using
past; change; uses; used; switched to, migrated to, switched over to, moved over to, changed over to
past; state; uses; used; started using, began using, adopted
past; end; uses; used; stopped using, quit using, dropped
past; state; age; age; turned
past; change; marital status; word; got married, got divorced, got engaged, got separated
past; change; spouse; name; married, got married to
be; state; spouse; name; married to
be; state; partner; name; dating, in a relationship with
past; state; partner; name; started dating
be; state; marital status; word; married, divorced, widowed, engaged, single
perfect; state; likes; taste; loved, enjoyed, liked, always loved, always enjoyed, always liked
perfect; state; lives in; lasting place; lived in
perfect; state; works at; lasting org; worked at, worked for
perfect; state; plays; lasting plays; played
past; state; practises; studies; took up
perfect; state; pet; having; got
past; state; booked; booked; scheduled, booked, rescheduled
be; state; member of; club; a member of, member of
present; state; member of; club; belong to, belongs to
past; state; chose; chosen; chose, picked, opted for, decided on, settled on, chosen
be; state; goal; amount; aiming for, targeting
present; state; wakes up at; amount; wake up at, wakes up at, get up at, gets up at
present; state; goes to bed at; amount; go to bed at, goes to bed at
present; state; weight; amount; weigh, weighs
be; state; diet; word; vegan, vegetarian, pescatarian
past; change; diet; word; went vegan, went vegetarian, became vegan, became vegetarian, turned vegan, turned vegetarian
be; state; called; name; nicknamed
be; state; name; name; called, named
be; state; from; place; from, originally from
present; state; from; place; come from, comes from
past; state; born in; place; was born in, were born in
past; state; birthday; date; was born on, were born on
be; state; reads; title; reading
past; end; reads; title; finished reading, finished
present; state; knows; tool; know, knows
past; state; knows; tool; learned, learnt
past; end; member of; club; left the, quit the
present; state; subscribes to; thing; subscribe to, subscribes to
be; state; subscribes to; thing; subscribed to
past; state; subscribes to; thing; subscribed to
present; state; leads; club; lead, leads, manage, manages
past; change; leads; club; took over
past; end; takes; drug; stopped taking, quit taking, came off
past; end; studies; studies; stopped learning, quit learning, gave up learning, stopped studying, quit studying
past; end; speaks; thing; stopped speaking
was; state; studies; studies; studied, majored in
was; state; school; org; studied at
"""

# What one does often, or has taken up: "I've been rowing since May", "I started rowing".
_ACTIVITIES: Final = (
    "running swimming painting drawing meditating cooking baking dancing singing "
    "volunteering hiking climbing cycling gardening knitting journaling exercising coaching "
    "skating surfing skiing snowboarding boxing fencing programming coding fishing "
    "sewing biking jogging weightlifting rowing sailing sculpting blogging fasting "
    "crocheting woodworking kayaking birdwatching stargazing bouldering vlogging smoking"
)

# Verbs that say by themselves what one does, where nothing follows them: "I smoke.", "I don't meditate any more".
_HABITS: Final = (
    "smoke:smoking smokes:smoking vape:vaping vapes:vaping meditate:meditating meditates:meditating jog:jogging "
    "jogs:jogging knit:knitting knits:knitting ski:skiing skis:skiing surf:surfing surfs:surfing sew:sewing "
    "sews:sewing swim:swimming swims:swimming hike:hiking hikes:hiking crochet:crocheting crochets:crocheting"
)
HABITS: Final = dict(pair.split(":") for pair in _HABITS.split())


def _predicates(perfect: bool) -> dict[str, Predicate]:
    table: dict[str, Predicate] = {}
    for row in _TABLE.strip().splitlines():
        form, mode, attribute, kind, phrases = row.split("; ")
        if (form == "perfect") is not perfect:
            continue
        for phrase in phrases.split(", "):
            table[phrase] = Predicate(attribute, kind, form, FactMode(mode))
    for habit in () if perfect else HABITS:
        table[habit] = Predicate("practises", "habit", "present")
    for activity in () if perfect else _ACTIVITIES.split():
        table[activity] = Predicate("practises", "lasting activity", "be")
        table[f"started {activity}"] = Predicate("practises", "activity", "past")
        for verb in ("stopped", "quit"):
            table[f"{verb} {activity}"] = Predicate("practises", "activity", "past", FactMode.END)
    return table


PREDICATES: Final = _predicates(perfect=False)
PERFECT: Final = _predicates(perfect=True)
"""Phrases that state something of the present after "have" only: "I've always loved", "I've lived in ... for years"."""

PHRASE_WORDS_MAX: Final = max(len(phrase.split()) for phrase in PREDICATES)
FIRST_WORDS: Final = frozenset(phrase.split()[0] for phrase in (*PREDICATES, *PERFECT))

# Participles that give a thing an attribute of that name: "the site is hosted on Vercel".
PLACED: Final = frozenset(
    "hosted,on hosted,at hosted,by deployed,on deployed,to deployed,at written,in built,with built,in built,on "
    "stored,in stored,on located,in located,at scheduled,for due,on due,by owned,by led,by "
    "run,by based,in based,on running,on managed,by "
    "maintained,by".split()
)
VAGUE_WORK: Final = frozenset("project problem task assignment thing issue health fitness app it stuff".split())
FANS: Final = frozenset("fan lover enthusiast buff fanatic addict geek nerd".split())
NOT_JOBS: Final = frozenset(
    "optimist pessimist perfectionist minimalist feminist realist atheist capitalist socialist "
    "idealist list twist fist "
    "wrist mist checklist wishlist playlist shortlist".split()
)
JOB_ENDINGS: Final = ("ist", "ician", "grapher", "ologist")
CONDITIONS: Final = frozenset(
    "asthma diabetes arthritis epilepsy adhd autism dyslexia anemia anaemia hypertension migraines insomnia depression "
    "anxiety eczema psoriasis allergy allergies hypothyroidism hyperthyroidism endometriosis osteoporosis scoliosis "
    "cancer lupus fibromyalgia gout celiac coeliac tinnitus glaucoma ptsd ocd prediabetes".split()
)
COUNTED_RELATIVES: Final = {
    "kids": "children", "children": "children", "sons": "sons", "daughters": "daughters", "brothers": "brothers",
    "sisters": "sisters", "siblings": "siblings", "grandchildren": "grandchildren",
}  # fmt: skip
JOB_NOUNS: Final = frozenset(
    "nurse doctor dentist surgeon chef cook pilot judge lawyer attorney paralegal barista clerk guard soldier "
    "journalist analyst chemist biologist therapist pharmacist dentist economist physicist psychologist psychiatrist "
    "florist stylist artist pianist guitarist violinist novelist cartoonist machinist receptionist optometrist "
    "veterinarian vet librarian technician electrician musician physician politician mathematician statistician "
    "consultant accountant assistant student intern apprentice agent architect engineer developer programmer designer "
    "teacher professor lecturer researcher writer author editor photographer painter carpenter plumber farmer baker "
    "butcher banker broker trader driver firefighter freelancer gardener hairdresser manager director producer coach "
    "instructor translator interpreter tutor trainer coach waiter waitress bartender cashier builder welder tailor "
    "contractor counselor counsellor actor actress dancer singer composer scientist sculptor actuary auditor "
    "bookkeeper sommelier concierge chauffeur curator choreographer lifeguard stewardess steward ranger sheriff "
    "policeman policewoman locksmith potter bricklayer caretaker fisherman animator illustrator podcaster blogger "
    "stockbroker referee umpire tanner weaver recruiter midwife paramedic sailor miner mechanic marketer salesman "
    "saleswoman salesperson secretary administrator sysadmin dba devops sre cto ceo cfo founder entrepreneur "
    "ambassador diplomat detective investigator inspector surveyor optician radiologist cardiologist neurologist "
    "pediatrician paediatrician geologist astronomer astronaut historian archaeologist anthropologist sociologist "
    "linguist philosopher priest pastor rabbi imam monk nun postman courier janitor cleaner plasterer roofer "
    "blacksmith jeweller jeweler watchmaker beekeeper brewer winemaker butler nanny babysitter caregiver carer "
    "zookeeper gamer streamer "
    "supervisor superintendent dispatcher operator tester copywriter ux colorist columnist reporter".split()
)
OWNED_NOUNS: Final = frozenset(
    "car house home flat apartment bike bicycle motorcycle motorbike scooter van truck boat piano guitar violin laptop "
    "tesla condo cottage cabin farm land studio camera drone telescope kayak".split()
)


CONTRACTS: Final = frozenset({"subscription", "membership", "account", "plan", "license", "licence"})


def is_job(low: str) -> bool:
    """Whether a noun names an occupation."""
    return low in JOB_NOUNS or (low.endswith(JOB_ENDINGS) and low not in NOT_JOBS)


# What "play" and "play a" lead to that is no game and no instrument.
NOT_PLAYED: Final = frozenset("role part it trick joke video videos around fair god along host tricks records".split())
# Things nobody means to keep as a taste: "I love the way", "I enjoy being".
NOT_TASTES: Final = frozenset(
    "being having getting seeing doing helping hearing going spending knowing giving keeping letting talking feeling "
    "thinking putting showing coming way idea sound look view fact how sounds feel feedback suggestion approach vibe "
    "energy enthusiasm attitude spirit positivity picture pic photo pics photos quote post comment message words "
    "caring".split()
)
# Verbs that say something only with what is done: "making jewellery", not "making".
LIGHT_VERBS: Final = frozenset(
    "making taking trying working looking finding sharing learning using watching connecting bringing spreading "
    "creating adding meeting catching checking exploring improving teaching living becoming keeping wanting needing "
    "buying "
    "getting asking bringing carrying following including moving reaching saying sending starting stopping telling "
    "throwing turning understanding wearing".split()
)
