"""Facts are found in what people state of themselves and their things, and in nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuum.domain.clock import Micros, to_micros
from continuum.domain.facts import USER_SUBJECT, ExtractedFact, FactMode
from continuum.extraction.fact_extractor import FACTS_MAX, FactExtractor
from continuum.language.sentences import sentences
from tests.requirements import requirement

EXTRACTOR = FactExtractor()
SAID_AT = to_micros(datetime(2026, 3, 15, 12, tzinfo=UTC))


def _find(text: str, speaker: str | None = None, role: str = "user") -> tuple[ExtractedFact, ...]:
    return EXTRACTOR.find(text, 3, role=role, speaker=speaker, said_at=SAID_AT)


def _slots(text: str, speaker: str | None = None) -> list[tuple[str, str, str]]:
    return [(fact.subject, fact.attribute, fact.value) for fact in _find(text, speaker)]


def _day(year: int, month: int = 1, day: int = 1) -> Micros:
    return to_micros(datetime(year, month, day, tzinfo=UTC))


STATED = [
    ("I live in Lisbon.", "user", "lives in", "Lisbon"),
    ("Hello! I'm based in Tallinn these days.", "user", "lives in", "Tallinn"),
    ("I’ve lived in Graz for nine years.", "user", "lives in", "Graz"),
    ("my favourite editor is Helix", "user", "favourite editor", "Helix"),
    ("My favorite colour is teal.", "user", "favorite colour", "teal"),
    ("Marzipan is my favourite sweet.", "user", "favourite sweet", "Marzipan"),
    ("Call me Jo, please.", "user", "called", "Jo"),
    ("call me by my middle name", "user", "called", "middle name"),
    ("the staging database is on port 5433", "staging database", "port", "5433"),
    ("The port of the mail relay is 2525.", "mail relay", "port", "2525"),
    ("the API's rate limit is 200 per minute", "API", "rate limit", "200 per minute"),
    ("Python version is 3.12", "Python", "version", "3.12"),
    ("Deploys run on Fly.io.", "Deploys", "run on", "Fly.io"),
    ("Our shop is hosted on Hetzner.", "shop", "hosted on", "Hetzner"),
    ("Our password policy is 14 characters.", "user", "password policy", "14 characters"),
    ("The deadline is 3 June.", "user", "deadline", "3 June"),
    ("I have a budget of $4,500 for the roof.", "user", "budget", "$4,500"),
    ("My flight is on Friday 9 May.", "user", "flight", "Friday 9 May"),
    ("I have a dental check-up on May 9.", "user", "dental check-up", "May 9"),
    ("My phone number is 555 0199.", "user", "phone", "555 0199"),
    ("My email is jo@example.org.", "user", "email", "jo@example.org"),
    ("I turned 41 last week!", "user", "age", "41"),
    ("I'm 27 years old.", "user", "age", "27"),
    ("I am a nurse.", "user", "job", "nurse"),
    ("I work as a sound engineer.", "user", "job", "sound engineer"),
    ("I got promoted to team lead.", "user", "job", "team lead"),
    ("I work at the Rijksmuseum.", "user", "works at", "Rijksmuseum"),
    ("I work for a bakery.", "user", "works at", "bakery"),
    ("I'm vegan.", "user", "diet", "vegan"),
    ("I'm allergic to walnuts.", "user", "allergic to", "walnuts"),
    ("I drink oat milk.", "user", "drinks", "oat milk"),
    ("I play the cello.", "user", "plays", "cello"),
    ("I can speak Basque.", "user", "speaks", "Basque"),
    ("I drive a Fiat Panda.", "user", "drives", "Fiat Panda"),
    ("I have asthma.", "user", "condition", "asthma"),
    ("I weigh 71 kilos.", "user", "weight", "71 kilos"),
    ("I was born in 1985.", "user", "born in", "1985"),
    ("I was born on 5 May 1985.", "user", "birthday", "5 May 1985"),
    ("I grew up in Cork.", "user", "grew up in", "Cork"),
    ("I'm married to Ines.", "user", "spouse", "Ines"),
    ("I got married last week.", "user", "marital status", "married"),
    ("I have three kids.", "user", "children", "three kids"),
    ("I'm a big fan of chamber music.", "user", "likes", "chamber music"),
    ("I'm a huge rugby fan.", "user", "likes", "rugby"),
    ("I hate cilantro.", "user", "dislikes", "cilantro"),
    ("I've been practising archery.", "user", "practises", "archery"),
    ("I'm learning Finnish.", "user", "studies", "Finnish"),
    ("We use Postgres for analytics.", "user", "uses for analytics", "Postgres"),
    ("We use Grafana as our dashboard.", "user", "dashboard", "Grafana"),
    ("I'm using Flask 2.3, can you help me with routes?", "user", "uses", "Flask 2.3"),
    ("Our CTO is now the former head of data.", "user", "CTO", "former head of data"),
    ("Dana is our CTO.", "user", "CTO", "Dana"),
    ("My son is called Max.", "user's son", "name", "Max"),
    ("My dog's name is Rex.", "user's dog", "name", "Rex"),
    ("Can my cousin Ferran join us?", "user's cousin", "name", "Ferran"),
    ("My wife works at Siemens.", "user's wife", "works at", "Siemens"),
    ("My older brother is a plumber.", "user's older brother", "job", "plumber"),
    ("Alice works at Siemens.", "Alice", "works at", "Siemens"),
    ("Tom's email is tom@example.org.", "Tom", "email", "tom@example.org"),
    ("Yesterday Marta moved to Rome.", "Marta", "lives in", "Rome"),
    ("My kids love mango ice cream.", "user's kids", "likes", "mango ice cream"),
    ("I live in New York City.", "user", "lives in", "New York City"),
    ("Our office is in Berlin.", "user", "office", "Berlin"),
    ("My boss is now Tomas.", "user's boss", "name", "Tomas"),
    ("My new phone number is 555 0123.", "user", "phone", "555 0123"),
    ("Please call me Dr. Jones.", "user", "called", "Dr. Jones"),
    ("Bob is our lead developer.", "user", "lead developer", "Bob"),
    ("The server IP is 10.0.0.6.", "server", "IP", "10.0.0.6"),
    ("I'm on the Pro plan.", "user", "plan", "Pro"),
    ("I've been rowing since May.", "user", "practises", "rowing"),
    ("I'm Noor, a 40-year-old beekeeper.", "user", "job", "beekeeper"),
    ("I live in Bruges and work at Bosch.", "user", "works at", "Bosch"),
    ("Moved to Ghent last week!", "user", "lives in", "Ghent"),
    ("My uncle Dov, 80, is well.", "Dov", "age", "80"),
    ("I've booked my flight for 9 May.", "user", "flight", "9 May"),
    ("My kids, Ida, Leo and Max, are well.", "user's kids", "name", "Leo"),
    ("I have a friend named Lisa.", "user's friend", "name", "Lisa"),
    ("I take 50mg of sertraline.", "user", "takes", "50mg of sertraline"),
    ("I earn $85,000 a year.", "user", "income", "$85,000 a year"),
    ("We chose Kafka over Redis.", "user", "chose", "Kafka"),
    ("My piano teacher lives in Ghent.", "user's piano teacher", "lives in", "Ghent"),
]


@requirement("facts:extract:statements")
@pytest.mark.parametrize(("text", "subject", "attribute", "value"), STATED)
def test_a_statement_gives_its_slot_and_value(text: str, subject: str, attribute: str, value: str) -> None:
    assert (subject, attribute, value) in _slots(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("I like jazz and rock.", ["jazz", "rock"]),
        ("I love hiking, baking and old films.", ["hiking", "baking", "old films"]),
        ("I speak Dutch, Welsh and Maltese", ["Dutch", "Welsh", "Maltese"]),
    ],
)
def test_each_value_of_a_list_is_a_fact(text: str, values: list[str]) -> None:
    assert [fact.value for fact in _find(text)] == values
    assert not any(fact.single for fact in _find(text))


@pytest.mark.parametrize(
    ("text", "attribute", "value", "replaces"),
    [
        ("We moved from Jenkins to GitHub Actions.", "uses", "GitHub Actions", "Jenkins"),
        ("I moved from Berlin to Lisbon.", "lives in", "Lisbon", "Berlin"),
        ("I switched from Vim to Helix", "uses", "Helix", "Vim"),
        ("We replaced Redis with Valkey.", "uses", "Valkey", "Redis"),
        ("We changed the port from 5432 to 5433.", "port", "5433", "5432"),
        ("The meeting was moved to Thursday.", "meeting", "Thursday", ""),
        ("I left Bosch for Siemens.", "works at", "Siemens", "Bosch"),
        ("The deadline moved to 3 June.", "deadline", "3 June", ""),
        ("I've moved to Porto.", "lives in", "Porto", ""),
        ("I joined Airbus.", "works at", "Airbus", ""),
        ("I'm vegan now.", "diet", "vegan", ""),
    ],
)
def test_a_change_says_what_is_new_and_what_it_replaces(text: str, attribute: str, value: str, replaces: str) -> None:
    (fact,) = _find(text)
    assert (fact.attribute, fact.value, fact.replaces, fact.mode) == (attribute, value, replaces, FactMode.CHANGE)


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("I no longer eat meat.", "eats", "meat"),
        ("I don't drink coffee any more.", "drinks", "coffee"),
        ("I don’t play tennis anymore", "plays", "tennis"),
        ("I stopped using Redis.", "uses", "Redis"),
        ("I quit my job at Bosch.", "works at", "Bosch"),
        ("I sold my car.", "owns", "car"),
        ("I moved out of Turin.", "lives in", "Turin"),
        ("I no longer live in Turin.", "lives in", "Turin"),
    ],
)
def test_an_end_names_what_is_over(text: str, attribute: str, value: str) -> None:
    (fact,) = _find(text)
    assert (fact.attribute, fact.value, fact.mode) == (attribute, value, FactMode.END)


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("I don't eat meat.", "eats", "meat"),
        ("I can't eat gluten.", "eats", "gluten"),
        ("I've never liked jazz.", "", ""),
        ("I'm not vegan.", "diet", "vegan"),
        ("We don't use Oracle.", "uses", "Oracle"),
    ],
)
def test_a_negation_states_that_it_does_not_hold(text: str, attribute: str, value: str) -> None:
    found = _find(text)
    assert [(f.attribute, f.value, f.polarity) for f in found] == ([(attribute, value, False)] if attribute else [])


def test_what_is_preferred_less_is_denied() -> None:
    found = _find("I prefer tabs over spaces.")
    assert [(f.value, f.polarity) for f in found] == [("tabs", True), ("spaces", False)]


@requirement("facts:extract:corrections")
@pytest.mark.parametrize(
    ("text", "value", "replaces"),
    [
        ("No, I meant Porto.", "Porto", ""),
        ("Sorry, it's Porto, not Lisbon.", "Porto", "Lisbon"),
        ("actually it's 5434", "5434", ""),
        ("Not Lisbon but Porto.", "Porto", "Lisbon"),
        ("Scratch that, Porto.", "Porto", ""),
    ],
)
def test_a_bare_correction_leaves_the_slot_to_what_was_said_before(text: str, value: str, replaces: str) -> None:
    (fact,) = _find(text)
    assert (fact.subject, fact.attribute, fact.value, fact.replaces) == ("", "", value, replaces)
    assert fact.mode is FactMode.CORRECTION


@pytest.mark.parametrize(
    "text", ["Correction: the port is 5434.", "I misspoke: the port is 5434.", "I misspoke. The port is 5434."]
)
def test_a_correction_with_a_slot_names_it(text: str) -> None:
    (fact,) = _find(text)
    assert (fact.attribute, fact.value, fact.mode) == ("port", "5434", FactMode.CORRECTION)


def test_times_come_from_the_clause() -> None:
    (since,) = _find("Since 2019 I work at SAP.")
    assert since.valid_from == _day(2019)
    (moved,) = _find("Last month I moved to Porto.")
    assert moved.valid_from == _day(2026, 2)
    (lived,) = _find("I lived in Berlin from 2015 to 2019.")
    assert (lived.valid_from, lived.valid_to) == (_day(2015), _day(2019))
    (used,) = _find("I used to live in Porto.")
    assert (used.valid_from, used.valid_to) == (None, SAID_AT)
    (plain,) = _find("I live in Porto.")
    assert (plain.valid_from, plain.valid_to) == (None, None)


def test_a_date_that_is_the_value_is_not_the_time_of_the_fact() -> None:
    (fact,) = _find("My flight is on 9 May 2025.")
    assert fact.valid_from is None


def test_a_date_that_does_not_exist_is_kept_as_it_was_said() -> None:
    (fact,) = _find("My appointment is on 31 February.")
    assert (fact.value, fact.valid_from) == ("31 February", None)


def test_a_named_speaker_is_the_subject() -> None:
    assert _slots("I live in Lisbon and my wife is Ines.", "Ana")[0][0] == "Ana"
    assert ("Ana's wife", "name", "Ines") in _slots("I live in Lisbon and my wife is Ines.", "Ana")
    assert _slots("I live in Lisbon.", "user")[0][0] == USER_SUBJECT


def test_a_pronoun_means_the_one_person_of_the_sentence_before() -> None:
    assert ("Alice", "lives in", "Munich") in _slots("Alice is visiting. She lives in Munich.")
    assert _slots("Alice met Bruno and Carla left. She lives in Munich.") == []
    assert _slots("She lives in Munich.") == []


@requirement("facts:extract:people-only")
@pytest.mark.parametrize("role", ["assistant", "tool", "system"])
def test_only_people_state_facts(role: str) -> None:
    assert _find("I live in Lisbon.", role, role) == ()
    assert _find("I live in Lisbon.", None, role) == ()
    assert _find("I live in Lisbon.", "Ana", role) != ()


NOTHING = """
Where do I live?
Do I live in Lisbon?
I live in Lisbon, right?
Should I move to Porto?
What if I moved to Rome?
If I live in Lisbon, what tax do I pay?
Suppose I work at Siemens.
Imagine I live in Paris.
I will move to Oslo.
I'll switch to Helix.
I might join Siemens.
I may move to Rome.
I would love a holiday.
I'd love to live in Kyoto.
I wish I lived in Kyoto.
I hope I live in Kyoto one day.
I'm thinking of moving to Madrid.
I'm planning to adopt a dog.
I'm going to buy a car.
I want to learn Finnish.
I want a dog.
I need a new car.
She said I live in Lisbon.
He told me he works at Siemens.
Tom thinks Ana lives in Bergen.
According to Tom, I work at Shell.
"I live in Lisbon" is a sentence.
He wrote: "My favourite editor is Vim."
> I live in Lisbon.
```\\nmy port is 5432\\n```
Just kidding, I live in Atlantis.
I live in Atlantis. Just kidding!
People like jazz.
Cats are mammals.
Everyone loves pizza.
Dogs love bones.
Lisbon is lovely.
It is nice.
It's great to see you.
I'm tired.
I'm hungry.
I'm at the door.
I'm in a meeting.
I'm happy now.
I'm sure.
I'm fine, thanks.
I am here.
I'm a bit confused.
I'm a little late.
I'm the one.
Good morning!
Hi there, how are you?
Thanks a lot!
Wow, love that painting!
I love it.
I love this.
I love that idea.
I love your garden.
I love the way it looks.
I like how you did it.
I like being here.
I enjoy seeing you.
I hate when that happens.
I use it a lot.
I use this every day.
I play with my kids.
I play a big role in it.
I drink too much.
I eat out.
I had lunch.
I eat breakfast at eight.
I work hard.
I work at night.
I work from home.
I live with it.
I live in a small flat.
I live in fear.
I moved the sofa.
I moved to the next question.
I left my keys at home.
I quit.
I turned 180 degrees.
I turned the page.
I got a haircut.
I got lost in Venice.
I bought some milk.
I sold out.
I have a question.
I have a meeting.
I have to go.
I have no idea.
My head hurts.
My day was long.
My problem is the rain.
My question is about Rome.
My point is simple.
The thing is, it rained.
The problem is Tom.
The weather is cold.
The best part is the end.
The port is blocked.
The budget is tight.
The schedule is fine.
Our CTO is happy.
Our CTO is leaving.
You live in Lisbon.
Your favourite editor is Helix.
Did Alice move to Rome?
Maybe I work at the wrong place.
When I live in Rome, I sing.
Nobody works at Siemens.
Not only that but more.
No, it's fine.
Actually it's great.
Sorry, I'm late.
""".strip().splitlines()


@requirement("facts:extract:no-statement")
@pytest.mark.parametrize("text", [line.replace("\\n", "\n") for line in NOTHING])
def test_what_is_no_statement_gives_no_fact(text: str) -> None:
    assert _slots(text) == []


def test_there_are_enough_cases_without_a_fact() -> None:
    assert len(NOTHING) >= 80


@pytest.mark.parametrize("text", [row[0] for row in STATED])
def test_spans_are_exact_and_hold_the_value(text: str) -> None:
    padded = f"Good evening. {text}"
    for fact in _find(padded):
        clause = padded[fact.span.start : fact.span.end]
        assert fact.span.message == 3
        assert fact.value in clause
        assert fact.replaces in clause


@given(st.text(max_size=200))
def test_any_text_is_read_without_error_and_the_same_each_time(text: str) -> None:
    found = _find(f"I like {text}. My port is {text}")
    assert found == _find(f"I like {text}. My port is {text}")
    for fact in found:
        assert 0 < fact.confidence <= 1
        assert fact.value
        assert len(fact.value) <= 80


@given(st.lists(st.sampled_from("i my the is am not no like , . port moved to from and Ana 's 5 a dog ? \" `".split())))
@settings(max_examples=200)
def test_any_row_of_its_own_words_keeps_spans_inside_the_text(words: list[str]) -> None:
    text = " ".join(words)
    for fact in _find(text):
        assert fact.value in text[fact.span.start : fact.span.end]


def test_sentences_that_are_known_already_change_nothing() -> None:
    text = "Hi. I live in Lisbon. My son is called Max. Where do I live?"
    known = EXTRACTOR.find(text, 3, role="user", speaker=None, said_at=SAID_AT, sentence_spans=sentences(text))
    assert known == _find(text)


def test_a_message_gives_at_most_sixteen_facts() -> None:
    text = " ".join(f"My favourite number{n} is {n}." for n in range(FACTS_MAX + 4))
    assert len(_find(text)) == FACTS_MAX
    assert _find(text)[0].value == "0"


def test_saying_it_twice_in_a_message_is_one_fact() -> None:
    assert len(_find("I live in Lisbon. Yes, I live in Lisbon.")) == 1


def test_a_value_is_short_or_left_out() -> None:
    assert _slots("My favourite dish is " + "very " * 3 + "lamb " * 30) == []
    assert _slots(f"My password is {'x1' * 60}") == []


@pytest.mark.parametrize(
    "pump", ["I ", "my ", "I'm a ", "my dog's ", "the port of ", "a.", "$1,000,", '"', "`", "“x ", "no, ", "I like a, "]
)
def test_time_grows_with_the_length(pump: str) -> None:
    def seconds(length: int) -> float:
        text = (pump * length)[:length]
        best = 1e9
        for _ in range(3):
            started = process_time()
            _find(text)
            best = min(best, process_time() - started)
        return best

    assert seconds(160_000) < 0.02 + 6 * seconds(40_000)
