from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from continuum.domain.records import Json
from continuum.errors import AuthenticationError, ConfigurationError
from continuum.identity.roles import permissions_of
from continuum.identity.token_claims import TOKEN_CHARS_MAX
from continuum.identity.tokens import SECRET_BYTES_MIN, TokenVerifier
from tests.identity.issuer import Issuer, PrivateKey, new_key, public_jwk
from tests.identity.turned_time import START, TurnedTime
from tests.requirements import requirement

SECRET = b"a secret of at least 32 bytes, for tests"
NOW = START // 1_000_000
AUDIENCE = "continuum"

SHARED: dict[str, Json] = {
    "iss": "continuum",
    "aud": AUDIENCE,
    "sub": "ann",
    "tenant_id": "alice",
    "iat": NOW,
    "exp": NOW + 300,
}


def shared(**claims: Json) -> str:
    """A token signed with the shared secret; None takes a claim away."""
    kept = {name: value for name, value in {**SHARED, **claims}.items() if value is not None}
    return raw({"alg": "HS256", "typ": "JWT"}, kept, _by_secret)


def raw(header: object, payload: object, sign: Callable[[bytes], bytes]) -> str:
    """A token of any parts at all."""
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (header, payload)]
    parts = [_coded(text.encode()) for text in texts]
    signed = ".".join(parts)
    return f"{signed}.{_coded(sign(signed.encode()))}"


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _by_secret(data: bytes) -> bytes:
    return hmac.digest(SECRET, data, hashlib.sha256)


@pytest.fixture
def verifier(time: TurnedTime) -> TokenVerifier:
    return TokenVerifier(clock=time, audience=AUDIENCE, secret=SECRET, monotonic=time.monotonic)


@pytest.fixture
def both(time: TurnedTime, issuer: Issuer) -> TokenVerifier:
    """Takes tokens by the secret and tokens of the issuer."""
    return TokenVerifier(clock=time, audience=AUDIENCE, secret=SECRET, oidc_issuer=issuer.url, monotonic=time.monotonic)


def why(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(AuthenticationError) as caught:
        verifier.verify(token)
    message = str(caught.value)
    assert len(message) < 200
    for part in token.split("."):
        assert len(part) < 12 or part not in message
    return message


@requirement("identity:tokens")
def test_a_token_stands_for_its_tenant_and_subject(verifier: TokenVerifier) -> None:
    principal = verifier.verify(shared())
    assert (principal.tenant_id, principal.role, principal.credential) == ("alice", "member", "token:continuum|ann")
    assert principal.permissions == permissions_of("member")
    assert principal.expires_at == (NOW + 300 + 60) * 1_000_000


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"])
def test_tokens_of_an_issuer_are_taken_in_each_algorithm(both: TokenVerifier, issuer: Issuer, algorithm: str) -> None:
    issuer.rotate(algorithm)
    principal = both.verify(issuer.token(NOW, role="reader"))
    assert (principal.tenant_id, principal.role) == ("alice", "reader")
    assert principal.credential == f"token:{issuer.url}|ann"


def _pem_of(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


Forgery = Callable[[Issuer], str]
THIEF = new_key("RS256")
THIEF_EC = new_key("ES384")


def _header(issuer: Issuer, **fields: Json) -> dict[str, Json]:
    return {"alg": issuer.algorithm, "typ": "JWT", "kid": issuer.kid, **fields}


def _signed_by_thief(issuer: Issuer, **fields: Json) -> str:
    return jwt.encode(issuer.claims(NOW), THIEF, "RS256", headers={"kid": issuer.kid, **fields})


def _with_public_key_as_secret(issuer: Issuer, data: bytes) -> bytes:
    return hmac.digest(_pem_of(issuer.key), data, hashlib.sha256)


FORGERIES: dict[str, Forgery] = {
    "no algorithm": lambda i: raw(_header(i, alg="none"), i.claims(NOW), lambda _: b""),
    "no algorithm, in capitals": lambda i: raw(_header(i, alg="NoNe"), i.claims(NOW), lambda _: b""),
    "algorithm in small letters": lambda i: raw(_header(i, alg="hs256"), SHARED, _by_secret),
    "algorithm missing": lambda i: raw({"typ": "JWT"}, SHARED, _by_secret),
    "algorithm a list": lambda i: raw({"alg": ["HS256"]}, SHARED, _by_secret),
    "signature cut off": lambda i: i.token(NOW).rpartition(".")[0] + ".",
    "signature missing": lambda i: i.token(NOW).rpartition(".")[0],
    "public key as secret": lambda i: raw(
        _header(i, alg="HS256"), i.claims(NOW), lambda data: _with_public_key_as_secret(i, data)
    ),
    "empty secret": lambda i: raw({"alg": "HS256"}, SHARED, lambda data: hmac.digest(b"", data, "sha256")),
    "the thief's key under a known name": _signed_by_thief,
    "key in the header": lambda i: _signed_by_thief(i, jwk=public_jwk(THIEF)),
    "key behind an address": lambda i: _signed_by_thief(i, jku="http://127.0.0.1:1/keys"),
    "certificate behind an address": lambda i: _signed_by_thief(i, x5u="http://127.0.0.1:1/cert"),
    "certificate in the header": lambda i: _signed_by_thief(i, x5c=["MIIB"]),
    "name of a key is a path": lambda i: jwt.encode(
        i.claims(NOW), hashlib.sha256(b"").digest(), headers={"kid": "../../../../dev/null"}
    ),
    "name of a key is an injection": lambda i: _signed_by_thief(i, kid="' OR 1=1 --"),
    "critical header": lambda i: i.sign(i.claims(NOW), {"crit": ["exp"], "exp": 1}),
    "critical header, by the secret": lambda i: raw({"alg": "HS256", "crit": ["b64"], "b64": True}, SHARED, _by_secret),
    "detached payload": lambda i: raw({"alg": "HS256", "b64": False, "crit": ["b64"]}, SHARED, _by_secret),
    "another curve": lambda i: jwt.encode(i.claims(NOW), THIEF_EC, "ES384", headers={"kid": i.kid}),
    "another algorithm of the same key": lambda i: jwt.encode(i.claims(NOW), i.key, "RS512", headers={"kid": i.kid}),
    "claims of another token": lambda i: _spliced(i.token(NOW), i.token(NOW, tenant_id="bob")),
    "another tenant's claims by the issuer's name and our secret": lambda i: jwt.encode(i.claims(NOW), SECRET),
    "our name by the issuer's key": lambda i: i.token(NOW, iss="continuum"),
    "encrypted form": lambda i: i.token(NOW) + ".x.y",
    "expired": lambda i: i.token(NOW, exp=NOW - 61),
    "for another audience": lambda i: i.token(NOW, aud="someone-else"),
    "of another issuer": lambda i: i.token(NOW, iss="https://issuer.example"),
    "of the issuer with another spelling": lambda i: i.token(NOW, iss=f"{i.url}/"),
}


def _spliced(token: str, other: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{other.split('.')[1]}.{signature}"


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused(both: TokenVerifier, issuer: Issuer, name: str) -> None:
    """S4."""
    assert both.verify(issuer.token(NOW)).tenant_id == "alice"
    assert why(both, FORGERIES[name](issuer)).startswith("the token is refused: ")


def test_the_key_decides_on_the_algorithm_and_never_the_token(both: TokenVerifier, issuer: Issuer) -> None:
    for algorithm in ("RS384", "RS512"):
        token = jwt.encode(issuer.claims(NOW), issuer.key, algorithm, headers={"kid": issuer.kid})
        assert "algorithm" in why(both, token)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": None}, "well-formed"),
        ({"sub": None}, "well-formed"),
        ({"aud": None}, "well-formed"),
        ({"iss": None}, "well-formed"),
        ({"exp": "never"}, "well-formed"),
        ({"exp": True}, "well-formed"),
        ({"exp": 1e18}, "well-formed"),
        ({"exp": -1}, "well-formed"),
        ({"sub": ""}, "well-formed"),
        ({"sub": 7}, "well-formed"),
        ({"sub": "x" * 256}, "well-formed"),
        ({"sub": "ann\nadmin"}, "well-formed"),
        ({"aud": {"continuum": True}}, "well-formed"),
        ({"aud": ["other"] * 65}, "well-formed"),
        ({"scope": 7}, "well-formed"),
        ({"aud": "other"}, "audience"),
        ({"aud": ["other"]}, "audience"),
        ({"aud": "continuum2"}, "audience"),
        ({"iss": "other"}, "issuer"),
        ({"iss": ["continuum"]}, "issuer"),
        ({"exp": NOW - 60}, "expired"),
        ({"nbf": NOW + 61}, "not valid yet"),
        ({"iat": NOW + 61}, "not valid yet"),
        ({"tenant_id": None}, "tenant"),
        ({"tenant_id": ""}, "tenant"),
        ({"tenant_id": "alice\n"}, "tenant"),
        ({"tenant_id": ["alice"]}, "tenant"),
        ({"tenant_id": "x" * 129}, "tenant"),
        ({"role": "root"}, "role"),
        ({"role": "operator"}, "role"),
        ({"role": ["owner"]}, "well-formed"),
    ],
)
def test_a_token_that_lacks_what_is_needed_is_refused_with_the_kind_of_fault(
    verifier: TokenVerifier, claims: dict[str, Json], said: str
) -> None:
    assert said in why(verifier, shared(**claims))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - 59},
        {"exp": NOW + 0.5},
        {"nbf": NOW + 60},
        {"iat": NOW + 60},
        {"iat": None},
        {"aud": ["other", "continuum"]},
        {"sub": "x" * 255},
    ],
)
def test_a_token_at_the_edge_is_taken(verifier: TokenVerifier, claims: dict[str, Json]) -> None:
    assert verifier.verify(shared(**claims)).tenant_id == "alice"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "\ud800.x.y",
        "é.é.é",
        raw("[" * 4_000, SHARED, _by_secret),
        raw({"alg": "HS256"}, "[" * 4_000, _by_secret),
        raw({"alg": "HS256"}, '{"exp":' + "[" * 4_000, _by_secret),
        raw({"alg": "HS256"}, '{"exp":' + "9" * 5_000 + "}", _by_secret),
        raw({"alg": "HS256"}, json.dumps({**SHARED, "exp": float("inf")}), _by_secret),
        raw({"alg": "HS256"}, json.dumps(SHARED)[:-1] + ',"tenant_id":"bob"}', _by_secret),
        raw('{"alg":"none","alg":"HS256"}', SHARED, _by_secret),
        raw({"alg": "HS256", "kid": 7}, SHARED, _by_secret),
        raw({"alg": "HS256", "kid": "x" * 256}, SHARED, _by_secret),
        raw({"alg": "HS256", "typ": "JWE"}, SHARED, _by_secret),
        raw({"alg": "HS256"}, ["no object"], _by_secret),
    ],
)
def test_what_is_no_token_is_refused(verifier: TokenVerifier, token: str) -> None:
    assert "well-formed" in why(verifier, token) or "algorithm" in why(verifier, token)


@given(text=st.text(max_size=60), place=st.integers(0, 400), sign=st.characters())
def test_no_change_to_a_token_goes_unnoticed(text: str, place: int, sign: str) -> None:
    time = TurnedTime()
    verifier = TokenVerifier(clock=time, audience=AUDIENCE, secret=SECRET, monotonic=time.monotonic)
    token = shared()
    changed = token[:place] + sign + token[place + 1 :]
    last = len(token) - 1  # of the last character of a signature some bits mean nothing
    if changed != token and place < last:
        why(verifier, changed)
    why(verifier, text)


def test_a_token_longer_than_8_kib_is_not_looked_at(verifier: TokenVerifier) -> None:
    filler = "x" * 5_000
    token = shared(filler=filler)
    token = shared(filler=filler + "x" * ((TOKEN_CHARS_MAX - len(token)) * 3 // 4))
    assert TOKEN_CHARS_MAX - 2 <= len(token) <= TOKEN_CHARS_MAX
    assert verifier.verify(token).tenant_id == "alice"
    assert "well-formed" in why(verifier, shared(filler="x" * TOKEN_CHARS_MAX))


def test_scopes_narrow_what_a_token_may_do(verifier: TokenVerifier) -> None:
    narrow = verifier.verify(shared(role="owner", scope="openid memories:read profile"))
    assert narrow.permissions == {"memories:read"}
    assert verifier.verify(shared(role="reader", scope="memories:write")).permissions == set()
    assert verifier.verify(shared(role="owner", scope="openid email")).permissions == permissions_of("owner")
    assert verifier.verify(shared(role="owner", scope=["audit:read"])).permissions == {"audit:read"}


def test_the_claim_of_the_tenant_can_have_another_name(time: TurnedTime) -> None:
    verifier = TokenVerifier(
        clock=time, audience=AUDIENCE, secret=SECRET, tenant_claim="https://app/org", monotonic=time.monotonic
    )
    assert verifier.verify(shared(tenant_id=None, **{"https://app/org": "bob"})).tenant_id == "bob"
    assert "tenant" in why(verifier, shared())


def test_only_an_issuer_that_may_makes_operators(time: TurnedTime, issuer: Issuer, both: TokenVerifier) -> None:
    token = issuer.token(NOW, role="operator", tenant_id=None)
    assert "role" in why(both, token)
    trusting = TokenVerifier(
        clock=time,
        audience=AUDIENCE,
        secret=SECRET,
        oidc_issuer=issuer.url,
        operator_claims=True,
        monotonic=time.monotonic,
    )
    operator = trusting.verify(token)
    assert (operator.tenant_id, operator.role) == (None, "operator")
    assert "role" in why(trusting, shared(role="operator"))


def test_a_program_gets_a_token_by_its_own_credentials_and_is_a_service(both: TokenVerifier, issuer: Issuer) -> None:
    secret = issuer.register("indexer", tenant_id="alice", iat=NOW, exp=NOW + 300)
    connection = http.client.HTTPConnection(urlsplit(issuer.url).netloc, timeout=10)
    form = {
        "grant_type": "client_credentials",
        "client_id": "indexer",
        "client_secret": secret,
        "scope": "memories:read",
    }
    connection.request("POST", "/token", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = json.loads(connection.getresponse().read())
    principal = both.verify(answer["access_token"])
    assert (principal.tenant_id, principal.role) == ("alice", "service")
    assert principal.permissions == {"memories:read"}
    connection.request("POST", "/token", urlencode({**form, "client_secret": "wrong"}))
    assert connection.getresponse().status == 401
    connection.close()


def test_a_persons_token_through_a_program_is_a_members(both: TokenVerifier, issuer: Issuer) -> None:
    assert both.verify(issuer.token(NOW, azp="web-app")).role == "member"
    assert both.verify(issuer.token(NOW, sub="robot", azp="robot")).role == "service"


def test_a_verified_token_is_known_for_five_seconds_and_not_past_its_end(
    verifier: TokenVerifier, time: TurnedTime
) -> None:
    token = shared(exp=NOW - 57)
    assert verifier.remembered(token) is None
    first = verifier.verify(token)
    assert verifier.verify(token) is first
    time.pass_by(2.9)
    assert verifier.remembered(token) is first
    time.pass_by(0.1)
    assert "expired" in why(verifier, token)
    lasting = shared()
    known = verifier.verify(lasting)
    time.pass_by(4.9)
    assert verifier.remembered(lasting) is known
    time.pass_by(0.1)
    assert verifier.remembered(lasting) is None


@pytest.mark.parametrize("jump_seconds", [-3_600, -366 * 86_400])
def test_an_expired_token_stays_expired_when_the_clock_is_set_back(
    verifier: TokenVerifier, time: TurnedTime, jump_seconds: float
) -> None:
    token = shared()
    verifier.verify(token)
    time.pass_by(361)
    assert "expired" in why(verifier, token)
    time.set_wall(jump_seconds)
    assert "expired" in why(verifier, token)


def test_a_token_expires_although_the_clock_stands_still(verifier: TokenVerifier, time: TurnedTime) -> None:
    token = shared()
    verifier.verify(token)
    time.passed += 361
    assert "expired" in why(verifier, token)


def test_a_clock_that_was_ahead_for_a_while_harms_nothing_after(verifier: TokenVerifier, time: TurnedTime) -> None:
    token = shared()
    time.set_wall(366 * 86_400)
    assert "expired" in why(verifier, token)
    time.set_wall(-366 * 86_400)
    assert verifier.verify(token).tenant_id == "alice"


def test_a_short_secret_is_refused_at_the_start(time: TurnedTime) -> None:
    with pytest.raises(ConfigurationError, match="31 bytes and needs at least 32"):
        TokenVerifier(clock=time, audience=AUDIENCE, secret=b"x" * (SECRET_BYTES_MIN - 1))
    TokenVerifier(clock=time, audience=AUDIENCE, secret=b"x" * SECRET_BYTES_MIN)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256"])
def test_a_kind_of_token_that_is_not_configured_is_refused(time: TurnedTime, issuer: Issuer, algorithm: str) -> None:
    only_issuer = TokenVerifier(clock=time, audience=AUDIENCE, oidc_issuer=issuer.url, monotonic=time.monotonic)
    only_secret = TokenVerifier(clock=time, audience=AUDIENCE, secret=SECRET, monotonic=time.monotonic)
    verifier, token = (only_issuer, shared()) if algorithm == "HS256" else (only_secret, issuer.token(NOW))
    assert "algorithm" in why(verifier, token)


def test_a_secret_stands_in_no_repr(time: TurnedTime) -> None:
    verifier = TokenVerifier(clock=time, audience=AUDIENCE, secret=SECRET)
    shown = repr(vars(verifier))
    assert "secret of at least" not in shown
    assert _coded(SECRET) not in shown


def test_a_weak_key_of_an_issuer_is_not_used(time: TurnedTime, issuer: Issuer) -> None:
    weak = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    issuer.listed.append(public_jwk(weak, kid="weak"))
    both = TokenVerifier(clock=time, audience=AUDIENCE, oidc_issuer=issuer.url, monotonic=time.monotonic)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(issuer.claims(NOW), weak, "RS256", headers={"kid": "weak"})
    assert "not one of the issuer's" in why(both, token)
