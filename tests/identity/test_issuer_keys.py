from __future__ import annotations

import logging
import threading
import time as real_time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from continuum.domain.records import Json
from continuum.errors import AuthenticationError, ConfigurationError
from continuum.identity.issuer_documents import DOCUMENT_BYTES_MAX, IssuerTrouble, is_safe_address, read_document
from continuum.identity.issuer_keys import (
    AWAY_SECONDS_MAX,
    KEYS_MAX,
    REFRESH_SECONDS,
    RETRY_SECONDS,
    IssuerKeys,
    usable_keys,
)
from tests.identity.issuer import Issuer, Trouble, new_key, public_jwk
from tests.identity.turned_time import TurnedTime
from tests.requirements import requirement

SHORT = 0.3


def waited_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether it became true in time."""
    end = real_time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if real_time.monotonic() > end:
            return False
        pause.wait(0.002)
    return True


@pytest.fixture
def keys(issuer: Issuer, time: TurnedTime) -> IssuerKeys:
    return IssuerKeys(issuer.url, monotonic=time.monotonic, read=lambda address: read_document(address, SHORT))


def is_known(keys: IssuerKeys, kid: str | None) -> bool:
    try:
        keys.find(kid)
    except AuthenticationError:
        return False
    return True


@requirement("identity:oidc")
def test_keys_are_found_by_discovery_and_read_once(keys: IssuerKeys, issuer: Issuer) -> None:
    assert issuer.requests == []
    for _ in range(100):
        assert keys.find(issuer.kid).algorithm_name == "RS256"
    assert issuer.requests == ["/.well-known/openid-configuration", "/keys"]


def test_a_rotated_key_is_found_and_a_withdrawn_one_counts_no_more(
    keys: IssuerKeys, issuer: Issuer, time: TurnedTime
) -> None:
    old = issuer.kid
    assert is_known(keys, old)
    issuer.rotate("ES256")
    time.pass_by(RETRY_SECONDS)
    assert keys.find(issuer.kid).algorithm_name == "ES256"
    assert not is_known(keys, old)


def test_a_flood_of_unknown_keys_asks_the_issuer_once_in_ten_seconds(
    keys: IssuerKeys, issuer: Issuer, time: TurnedTime
) -> None:
    for number in range(500):
        assert not is_known(keys, f"unknown-{number}")
        time.pass_by(0.1)
    assert issuer.requests.count("/keys") == 5
    assert is_known(keys, issuer.kid)


def test_many_at_once_ask_the_issuer_once(keys: IssuerKeys, issuer: Issuer) -> None:
    begin = threading.Barrier(20)
    found: list[bool] = []

    def find() -> None:
        begin.wait(10)
        found.append(is_known(keys, issuer.kid))

    threads = [threading.Thread(target=find) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [True] * 20
    assert issuer.requests.count("/keys") == 1


def test_keys_are_read_anew_each_hour_and_nobody_waits_for_it(
    keys: IssuerKeys, issuer: Issuer, time: TurnedTime
) -> None:
    assert is_known(keys, issuer.kid)
    time.pass_by(REFRESH_SECONDS)
    issuer.trouble = "hang"
    begun = real_time.monotonic()
    assert is_known(keys, issuer.kid)
    assert real_time.monotonic() - begun < SHORT
    assert waited_for(lambda: len(issuer.requests) == 3)


def test_known_keys_count_while_the_issuer_is_away_but_not_for_ever(
    keys: IssuerKeys, issuer: Issuer, time: TurnedTime
) -> None:
    kid = issuer.kid
    assert is_known(keys, kid)
    issuer.trouble = "refuse"
    time.pass_by(AWAY_SECONDS_MAX)
    assert is_known(keys, kid)
    assert waited_for(lambda: keys._reading is None)
    time.pass_by(RETRY_SECONDS)
    with pytest.raises(AuthenticationError, match="cannot be read now"):
        keys.find(kid)
    issuer.trouble = ""
    time.pass_by(RETRY_SECONDS)
    assert is_known(keys, kid)


@pytest.mark.parametrize(
    "trouble", ["hang", "redirect", "huge", "drip", "refuse", "not json", "not an object", "empty"]
)
def test_an_issuer_in_trouble_is_waited_for_shortly_and_believed_nothing(
    keys: IssuerKeys, issuer: Issuer, time: TurnedTime, caplog: pytest.LogCaptureFixture, trouble: Trouble
) -> None:
    issuer.trouble = trouble
    begun = real_time.monotonic()
    with caplog.at_level(logging.WARNING), pytest.raises(AuthenticationError, match="cannot be read now"):
        keys.find(issuer.kid)
    assert real_time.monotonic() - begun < 5
    assert "keys of the token issuer were not read" in caplog.text
    assert "/keys" not in issuer.requests, "the redirect was not followed"
    issuer.trouble = ""
    time.pass_by(RETRY_SECONDS)
    assert is_known(keys, issuer.kid)


def test_an_issuer_that_is_gone_is_noticed(keys: IssuerKeys, issuer: Issuer) -> None:
    issuer.stop()
    with pytest.raises(AuthenticationError, match="cannot be read now"):
        keys.find(issuer.kid)


@pytest.mark.parametrize(
    "address", ["http://issuer.example/keys", "file:///etc/passwd", "ftp://127.0.0.1/keys", "https://u:p@host/keys", ""]
)
def test_keys_come_from_no_unsafe_address(keys: IssuerKeys, issuer: Issuer, address: str) -> None:
    issuer.own_jwks_uri = address
    assert not is_known(keys, issuer.kid)
    assert issuer.requests == ["/.well-known/openid-configuration"]


def test_a_document_that_names_another_issuer_is_not_believed(keys: IssuerKeys, issuer: Issuer) -> None:
    issuer.named_issuer = "https://issuer.example"
    assert not is_known(keys, issuer.kid)


def test_an_issuer_on_the_network_sends_nobody_to_this_machine(time: TurnedTime) -> None:
    asked: list[str] = []

    def read(address: str) -> dict[str, Json]:
        asked.append(address)
        return {"issuer": "https://issuer.example", "jwks_uri": "http://127.0.0.1:80/keys"}

    keys = IssuerKeys("https://issuer.example", monotonic=time.monotonic, read=read)
    assert not is_known(keys, "a")
    assert asked == ["https://issuer.example/.well-known/openid-configuration"]


@pytest.mark.parametrize(
    "address",
    [
        "http://issuer.example",
        "http://127.0.0.1.example",
        "http://169.254.169.254",
        "https://user@issuer.example",
        "https://issuer.example?x=1",
        "https://issuer.example#x",
        "https://",
        "https://issuer.example:0",
        "https://issuer.example:99999",
        "https://issuer.example\n",
        "http://localhost\\@issuer.example",
        "file:///keys",
        "",
    ],
)
def test_an_unsafe_issuer_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ConfigurationError, match="CONTINUUM_OIDC_ISSUER"):
        IssuerKeys(address)


@pytest.mark.parametrize(
    "address", ["https://issuer.example/realms/a", "http://127.0.0.1:8080", "http://localhost/", "http://[::1]:9/x"]
)
def test_https_and_this_machine_are_safe(address: str) -> None:
    assert is_safe_address(address)
    assert is_safe_address(address, loopback_allowed=False) == address.startswith("https")


def test_a_document_is_read_up_to_its_bound_and_no_further(issuer: Issuer) -> None:
    issuer.listed = [{"kty": "RSA", "n": "x" * (DOCUMENT_BYTES_MAX - 100)}]
    assert read_document(f"{issuer.url}/keys")["keys"]
    issuer.listed = [{"kty": "RSA", "n": "x" * DOCUMENT_BYTES_MAX}]
    with pytest.raises(IssuerTrouble):
        read_document(f"{issuer.url}/keys")


def test_a_token_without_the_name_of_a_key_needs_an_issuer_with_one_key(
    keys: IssuerKeys, issuer: Issuer, time: TurnedTime
) -> None:
    assert is_known(keys, None)
    issuer.rotate("ES256", keeps_old=True)
    time.pass_by(RETRY_SECONDS)
    assert is_known(keys, issuer.kid)
    assert not is_known(keys, None)


RSA_KEY = new_key("RS256")
EC_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "RS256"},
        public_jwk(RSA_KEY, kid="a", use="enc"),
        public_jwk(RSA_KEY, kid="a", alg="HS256"),
        public_jwk(RSA_KEY, kid="a", alg="RSA-OAEP"),
        public_jwk(RSA_KEY, kid="a", alg="ES256"),
        public_jwk(RSA_KEY, kid="a", key_ops=["encrypt"]),
        {**ECAlgorithm.to_jwk(EC_KEY, as_dict=True), "kid": "a"},  # the private half
        public_jwk(RSA_KEY, kid=["a"]),
        public_jwk(EC_KEY, kid="a", crv="P-384"),
        public_jwk(EC_KEY, kid="a", crv="secp256k1"),
        public_jwk(EC_KEY, kid="a", x="AA"),
        public_jwk(EC_KEY, kid="a", alg="ES512"),
        {"kty": "RSA", "n": 7, "e": [], "kid": "a"},
        {"kty": "RSA", "kid": "a"},
        {"kid": "a"},
        "a key",
        None,
    ],
)
def test_what_is_no_key_for_signatures_is_passed_over(jwk: Json) -> None:
    own = public_jwk(RSA_KEY, kid="own")
    assert list(usable_keys({"keys": [jwk, own]})) == ["own"]


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": "a"}, {"keys": []}])
def test_a_document_without_keys_has_none(document: dict[str, Json]) -> None:
    assert usable_keys(document) == {}


def test_no_more_keys_are_looked_at_than_an_issuer_has() -> None:
    listed: list[Json] = [public_jwk(EC_KEY, kid=str(number)) for number in range(KEYS_MAX + 1)]
    assert list(usable_keys({"keys": listed})) == [str(number) for number in range(KEYS_MAX)]
