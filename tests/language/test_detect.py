"""The language of a text in Latin letters is told by its function words; English wins when nothing speaks."""

from __future__ import annotations

import pytest

from continuum.language.detect import detect_latin_language, sample_of
from continuum.language.tokens import split_words


def detected(text: str) -> tuple[str, bool]:
    return detect_latin_language(sample_of(split_words(text)))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What did she say about the house?", "english"),
        ("Ich habe gestern mit meiner Schwester über das neue Haus gesprochen", "german"),
        ("Je ne sais pas où est la clé de la maison", "french"),
        ("¿Dónde está la llave de la casa que compramos?", "spanish"),
        ("Non so dove sia la chiave della casa", "italian"),
        ("Eu não sei onde está a chave da minha casa", "portuguese"),
        ("Ik weet niet waar de sleutel van het huis is", "dutch"),
        ("Jag vet inte var nyckeln till huset är", "swedish"),
        ("En tiedä missä se avain on, mutta hän tietää", "finnish"),
        ("Bu evin anahtarı nerede ve ne zaman bir şey oldu", "turkish"),
    ],
)
def test_a_sentence_gives_its_language_away(text: str, language: str) -> None:
    assert detected(text) == (language, True)


@pytest.mark.parametrize("text", ["", "Postgres", "Kubernetes Grafana", "12345", "我喜欢吃苹果"])
def test_without_function_words_it_is_english_and_unsure(text: str) -> None:
    assert detected(text) == ("english", False)


def test_an_english_text_with_a_foreign_name_stays_english() -> None:
    assert detected("We met at the Rue de la Paix, which is in Paris, and she was late")[0] == "english"
