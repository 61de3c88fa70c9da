"""Texts that many programs stumble over: kept and found again as they are, or refused; on both stores alike."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.api.hardening.keyed_service import KeyedService, by, keyed_service
from tests.requirements import requirement

TEXTS: Final = (
    # What JSON can write and a store may not take.
    *(r"\u0000", r"a\u0000b", r"\ud800", r"\udfff", r"\ud83d", r"\ude00\ud83d", r"\ud800\ud800", r"x\udc00y"),
    *(r"\ud83d\ude00", r"\u0001", r"\u0007", r"\u001b[31mred\u001b[0m", r"\u007f", r"\u0085", r"\u009b"),
    # What turns, hides or joins.
    *(r"\u202etxt.exe", r"\u202aa\u202c", r"\u2066b\u2069", r"\u200b", r"a\u200bb", r"\u200c", r"\u200e", r"\u200f"),
    *(r"\u2060", r"\ufeff", r"\ufeffbom", r"\u00ad", r"\u061c", r"\u180e", r"\u2028", r"\u2029", r"\u00a0", r"\u3000"),
    # Marks and emoji.
    "e" + r"\u0301" * 1_000,
    r"\u0301alone",
    r"Z\u0351\u036b\u0343a\u0320\u0317lgo",
    r"\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc66",
    r"\ud83c\uddf5\ud83c\uddf9",
    r"\ud83d\udc4d\ud83c\udffd",
    r"\u2764\ufe0f",
    r"1\ufe0f\u20e3",
    # Twins of form and case.
    *(r"caf\u00e9", r"cafe\u0301", r"\u212b", r"\u00c5", r"A\u030a", r"\ufb01le", r"\uff26\uff55\uff4c\uff4c"),
    *(r"stra\u00dfe", r"STRASSE", r"\u0130stanbul", r"\u0131", r"\u03a3\u03c3\u03c2", r"\ud55c\uad6d", r"\u1112\u1161"),
    # Ends of the range, and what no character has.
    *(r"\ufffd", r"\ufffe", r"\uffff", r"\ufdd0", r"\ue000", r"\udbff\udfff", r"\udb40\udc41", r"\ud834\udd1e"),
    # Right to left, and many scripts.
    r"\u0627\u0644\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd",
    r"\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u65e5\u672c\u8a9e \u0928\u092e\u0938\u094d\u0924\u0947",
)
"""As JSON writes them: none of them passes through anything but the wire."""

REFUSED: Final = frozenset(
    (r"\u0000", r"a\u0000b", r"\ud800", r"\udfff", r"\ud83d", r"\ude00\ud83d", r"\ud800\ud800", r"x\udc00y")
)

TWINS: Final = (
    (r"Caf\u00e9 Aurora", r"Cafe\u0301 Aurora"),
    (r"Stra\u00dfe", r"STRASSE"),
    (r"\ufb01lament", r"filament"),
    (r"\uff2b\uff41\uff46\uff4b\uff41", r"kafka"),
    (r"\u212bngstr\u00f6m", r"\u00e5ngstr\u00f6m"),
    (r"\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", r"\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"),
)


@contextmanager
def _service(store: Path | str) -> Iterator[tuple[KeyedService, dict[str, str]]]:
    with keyed_service(store) as service:
        yield service, by(service.key("alice"), Content_Type="application/json")


def _outcomes(store: Path | str) -> list[tuple[str, int, bool, bool]]:
    """Of each text: the status, whether it is kept as it was sent, and whether a word beside it leads to it."""
    told = []
    with _service(store) as (service, headers):
        for number, text in enumerate(TEXTS):
            word = f"marker{number:03}"
            body = f'{{"user_message": "The {word} is {text} indeed"}}'.encode("ascii")
            answer = service.client.post("/v1/learn", content=body, headers=headers)
            assert answer.status_code < 500, (number, answer.text)
            is_kept = is_found = False
            if answer.status_code == 200:
                one = service.client.get(f"/v1/memories/{answer.json()['message_ids'][0]}", headers=headers)
                is_kept = one.json()["text"] == json.loads(body)["user_message"]
                # Words that turn or hide are recalled for those who ask for suspicious ones too.
                asked = {"message": f"What is {word}?", "include_suspicious": True}
                found = service.client.post("/v1/recall", json=asked, headers=headers)
                is_found = any(word in each["passage"] for each in found.json()["memories"])
            told.append((text, answer.status_code, is_kept, is_found))
    return told


@requirement("service:unicode")
def test_every_text_is_kept_and_found_or_refused_alike_on_both_stores(db_path: Path, postgres_url: str) -> None:
    assert len(TEXTS) >= 60
    embedded, server = _outcomes(db_path), _outcomes(postgres_url)
    assert embedded == server
    refused = {text for text, *outcome in embedded if outcome == [422, False, False]}
    found = {text for text, *outcome in embedded if outcome == [200, True, True]}
    assert refused == REFUSED
    assert refused | found == set(TEXTS)


@requirement("service:unicode")
@pytest.mark.parametrize("store", ["embedded", "postgres"])
def test_names_that_mean_the_same_are_one_entity(store: str, request: pytest.FixtureRequest) -> None:
    place = request.getfixturevalue("db_path" if store == "embedded" else "postgres_url")
    with _service(place) as (service, headers):
        for names in TWINS:
            made = [
                service.client.post("/v1/entities", content=f'{{"name": "{name}"}}'.encode("ascii"), headers=headers)
                for name in names
            ]
            assert [answer.status_code for answer in made] == [200, 200]
            assert made[0].json()["id"] == made[1].json()["id"], ascii(names)
            first, second = (json.loads(f'"{name}"') for name in names)
            assert first != second
            assert unicodedata.normalize("NFKC", first).casefold() == unicodedata.normalize("NFKC", second).casefold()


@requirement("service:unicode")
@pytest.mark.parametrize("store", ["embedded", "postgres"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/memories/{}", None),
        ("PUT", "/v1/memories/{}", {"text": "new"}),
        ("DELETE", "/v1/memories/{}", None),
        ("GET", "/v1/sessions/{}", None),
        ("GET", "/v1/entities/{}", None),
        ("GET", "/v1/entities/{}/history", None),
        ("GET", "/v1/entities/{}/neighbourhood", None),
        ("POST", "/v1/facts/{}/retract", {"reason": "wrong"}),
        ("POST", "/v1/quarantines/{}/release", None),
        ("DELETE", "/v1/admin/api-keys/{}", None),
        ("GET", "/v1/memories?session_id={}", None),
        ("GET", "/v1/entities?query={}", None),
        ("GET", "/v1/entities/search?query={}", None),
        ("GET", "/v1/facts?subject={}", None),
        ("GET", "/v1/facts?after={}", None),
        ("GET", "/v1/timeline?concept={}", None),
        ("GET", "/v1/receipts/verify?head={}", None),
        ("GET", "/v1/audit/verify?head={}", None),
        ("GET", "/v1/memories?cursor={}", None),
    ],
)
def test_no_name_in_an_address_is_a_failure_of_ours(
    store: str, method: str, path: str, body: object, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue("db_path" if store == "embedded" else "postgres_url")
    with _service(place) as (service, headers):
        service.learn(headers["X-API-Key"], "hello")
        for odd in (
            "%00",
            "a%00b",
            "%FF%FE",
            "%ED%A0%80",
            "%E2%80%AE",
            "%F0%9F%98%80",
            "%25%2500",
            "%0D%0AX-Own:1",
            "%20",
        ):
            answer = service.client.request(method, path.format(odd), json=body, headers=headers)
            assert answer.status_code in (200, 404, 422), (odd, answer.status_code, answer.text)
            assert "x-own" not in answer.headers


@requirement("service:unicode")
@pytest.mark.parametrize("store", ["embedded", "postgres"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/learn", '{"user_message": "x", "session_id": "X"}'),
        ("/v1/learn", '{"user_message": "x", "metadata": {"X": 1}}'),
        ("/v1/learn", '{"user_message": "x", "metadata": {"k": {"X": ["X"]}}}'),
        ("/v1/learn", '{"user_message": "x", "speaker": "X"}'),
        ("/v1/learn", '{"user_message": "x", "idempotency_key": "X"}'),
        ("/v1/learn", '{"user_message": "x", "supersedes": "X"}'),
        ("/v1/recall", '{"message": "X"}'),
        ("/v1/recall", '{"message": "x", "filters": {"X": "X"}}'),
        ("/v1/recall", '{"message": "x", "session_id": "X"}'),
        ("/v1/facts", '{"facts": [{"subject": "X", "attribute": "X", "value": "X"}]}'),
        ("/v1/facts", '{"facts": [{"subject": "a", "attribute": "b", "value": "c"}], "source": "X"}'),
        ("/v1/entities", '{"name": "X"}'),
        ("/v1/entities", '{"name": "n", "description": "X", "entity_type": "X", "metadata": {"X": "X"}}'),
        ("/v1/links", '{"a": "X", "b": "b", "link_type": "X"}'),
        ("/v1/concepts/merge", '{"name": "X", "into": "X"}'),
        ("/v1/concepts/rename", '{"name": "X", "new_name": "X"}'),
        ("/v1/forget", '{"concept": "X", "reason": "X"}'),
        ("/v1/forget", '{"session_id": "X"}'),
        ("/v1/quarantines", '{"reason": "X", "source": "X"}'),
        ("/v1/feedback", '{"recall_id": "X", "used": ["X"]}'),
        ("/v1/learn/batch", '{"exchanges": [{"user_message": "x"}], "job": "X"}'),
        ("/v1/admin/api-keys", '{"name": "X"}'),
    ],
)
def test_no_field_of_a_body_is_a_failure_of_ours(
    store: str, path: str, body: str, request: pytest.FixtureRequest
) -> None:
    place = request.getfixturevalue("db_path" if store == "embedded" else "postgres_url")
    with _service(place) as (service, headers):
        for odd in (r"\u0000", r"\ud800", r"\u202e", r"\uffff", r"\u0301" * 300, r"\udbff\udfff", " ", ""):
            answer = service.client.post(path, content=body.replace("X", odd).encode("ascii"), headers=headers)
            assert answer.status_code in (200, 201, 404, 409, 422), (odd, answer.status_code, answer.text)
            if odd == r"\ud800":
                assert answer.status_code == 422
