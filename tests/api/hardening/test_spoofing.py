"""Claims to be another tenant: the credential decides, whatever else a request says; and it is written down."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from continuum.compliance.audit import PLATFORM
from tests.api.hardening.keyed_service import OPERATOR, KeyedService, by, keyed_service, operator, token
from tests.requirements import requirement

SECRET = "The quarry code is 7731"
"""What the victim said, and nobody else may hear."""


@dataclass(slots=True)
class Claims:
    """A service with a victim and an attacker, each with a key."""

    service: KeyedService
    victim: str
    attacker: str

    def spoofed(self, headers: dict[str, str], query: str = "", method: str = "GET", path: str = "/v1/stats") -> int:
        """The status of a request that must not reach the victim's memory."""
        answer = self.service.client.request(method, path + query, headers=headers)
        assert "quarry" not in answer.text
        assert "victim" not in answer.text
        return answer.status_code


@pytest.fixture
def claims(db_path: Path) -> Iterator[Claims]:
    with keyed_service(db_path) as service:
        found = Claims(service, service.key("victim"), service.key("attacker"))
        service.learn(found.victim, SECRET, session_id="hidden")
        service.learn(found.attacker, "I am the attacker", session_id="own")
        yield found
        assert "planted" not in str(service.passages(found.victim, "quarry code planted"))
        assert SECRET not in str(service.passages(found.attacker, "quarry code"))


NAMED = {
    "header": ([("X-Tenant-ID", "victim")], ""),
    "header in lower case": ([("x-tenant-id", "victim")], ""),
    "query": ([], "?tenant_id=victim"),
    "query, percent-encoded": ([], "?%74enant_id=%76ictim"),
    "query twice": ([], "?tenant_id=victim&tenant_id=victim"),
    "another case of one's own name": ([("X-Tenant-ID", "ATTACKER")], ""),
    "header, with the own one in the query's other spelling": ([("X-Tenant-ID", "victim")], "?Tenant_ID=attacker"),
    "header, with an address that proxies would have": (
        [("X-Tenant-ID", "victim"), ("X-Forwarded-For", "127.0.0.1"), ("X-Real-IP", "127.0.0.1")],
        "",
    ),
}


@requirement("service:spoofing", "service:tenant-agrees")
@pytest.mark.parametrize("credential", ["key", "token"])
@pytest.mark.parametrize("variant", NAMED)
def test_another_tenant_that_is_named_is_refused_and_written_down(
    claims: Claims, variant: str, credential: str
) -> None:
    headers, query = NAMED[variant]
    own = ("X-API-Key", claims.attacker) if credential == "key" else ("Authorization", f"Bearer {token('attacker')}")
    before = claims.service.refused("attacker")
    answer = claims.service.client.get(f"/v1/stats{query}", headers=[own, *headers])
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert claims.service.refused("attacker") == before + 1
    assert claims.service.refused("victim") == 0, "whoever is only named gets no rows"


@requirement("service:spoofing")
@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ([("X-Tenant-ID", "attacker"), ("X-Tenant-ID", "victim")], ""),
        ([("X-Tenant-ID", "victim"), ("X-Tenant-ID", "attacker")], ""),
        ([("X-Tenant-ID", "attacker, victim")], ""),
        ([("X-Tenant-ID", "attacker")], "?tenant_id=victim"),
        ([], "?tenant_id=attacker&tenant_id=victim"),
        ([], "?tenant_id=victim%00"),
        ([], "?tenant_id=%EF%BD%96ictim"),
        ([], "?tenant_id=victim%20"),
        ([("X-Tenant-ID", "")], ""),
        ([("X-Tenant-ID", "  victim  ")], ""),
    ],
)
def test_a_name_that_is_two_names_or_none_is_refused(
    claims: Claims, headers: list[tuple[str, str]], query: str
) -> None:
    answer = claims.service.client.get(f"/v1/stats{query}", headers=[("X-API-Key", claims.attacker), *headers])
    assert (answer.status_code, answer.json()["field"]) == (422, "tenant_id")


@requirement("service:spoofing")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/learn", {"user_message": "planted", "tenant_id": "victim"}),
        ("/v1/recall", {"message": "quarry code", "tenant_id": "victim"}),
        ("/v1/turn", {"user_message": "quarry code", "tenant_id": "victim"}),
        ("/v1/facts", {"facts": [], "tenant_id": "victim"}),
        ("/v1/sync", {"instance_id": "x", "tenant_id": "victim"}),
        ("/v1/admin/api-keys", {"role": "reader", "tenant_id": "victim"}),
    ],
)
def test_a_tenant_in_the_body_is_refused(claims: Claims, path: str, body: dict[str, object]) -> None:
    answer = claims.service.client.post(path, json=body, headers=by(claims.attacker))
    assert (answer.status_code, answer.json()["field"]) == (422, "tenant_id")


@requirement("service:spoofing")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "victim", "X-Forwarded-User": "victim", "X-Forwarded-Prefix": "/victim"},
        {"Forwarded": "for=127.0.0.1;host=victim;proto=https", "X-Remote-User": "victim", "Remote-User": "victim"},
        {"X-Original-URL": "/v1/stats?tenant_id=victim", "X-Rewrite-URL": "/v1/admin/tenants"},
        {"Host": "victim.example", "X-Host": "victim"},
        {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"},
        {"Cookie": "tenant_id=victim; api_key=victim", "Tenant-ID": "victim", "X_Tenant_ID": "victim"},
    ],
)  # fmt: skip
def test_other_headers_decide_nothing(claims: Claims, headers: dict[str, str]) -> None:
    answer = claims.service.client.get("/v1/sessions", headers={**by(claims.attacker), **headers})
    assert answer.status_code == 200
    assert (answer.json()["tenant_id"], [each["session_id"] for each in answer.json()["sessions"]]) == (
        "attacker",
        ["own"],
    )


@requirement("service:spoofing", "service:audit")
def test_who_is_no_proxy_cannot_say_where_it_calls_from(claims: Claims) -> None:
    sent = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    claims.service.client.get("/v1/stats", headers={**by(claims.attacker, X_Tenant_ID="victim"), **sent})
    assert {row.source for row in claims.service.rows("attacker")} == {"testclient"}


@requirement("service:spoofing", "identity:tokens")
@pytest.mark.parametrize(
    "claimed",
    [
        {"secret": "another-secret-of-more-than-thirty-two-bytes!"},
        {"role": "operator"},
        {"tenant_id": ["victim"]},
        {"tenant_id": "victim "},
        {"tenant_id": ""},
        {"tenant_id": None},
        {"iss": "somebody-else"},
        {"aud": "something-else"},
    ],
)
def test_a_token_that_its_issuer_did_not_give_for_this_opens_nothing(
    claims: Claims, claimed: dict[str, object]
) -> None:
    before = claims.service.refused()
    forged = token("victim", **claimed)  # type: ignore[arg-type]  # claims of a case
    assert claims.spoofed({"Authorization": f"Bearer {forged}"}) == 401
    assert claims.service.refused() == before + 1


@requirement("service:spoofing", "service:keys")
def test_a_key_whose_tenant_was_exchanged_opens_nothing(claims: Claims) -> None:
    own, other = (base64.b32encode(name).decode().rstrip("=").lower() for name in (b"attacker", b"victim"))
    assert own in claims.attacker
    before = claims.service.refused()
    assert claims.spoofed(by(claims.attacker.replace(own, other))) == 401
    assert claims.spoofed(by(claims.attacker.replace(own, own.upper()))) == 401
    victims_id = claims.victim.rpartition("_")[0][-43:]
    assert claims.spoofed(by(f"ck_test_{victims_id}_{claims.attacker[-43:]}")) == 401
    assert claims.service.refused() == before + 3


@requirement("service:spoofing")
def test_two_credentials_are_none(claims: Claims) -> None:
    before = claims.service.refused()
    both = [
        by(claims.attacker) | {"Authorization": f"Bearer {token('attacker')}"},
        by(claims.attacker) | {"Authorization": f"Bearer {claims.victim}"},
        by(f"{claims.attacker}, {claims.victim}"),
        {"Authorization": f"Bearer {claims.attacker}, Bearer {claims.victim}"},
    ]
    assert {claims.spoofed(headers) for headers in both} == {401}
    twice = [("X-API-Key", claims.attacker), ("X-API-Key", claims.attacker)]
    assert claims.service.client.get("/v1/stats", headers=twice).status_code == 401
    assert claims.service.refused() == before + 5


@requirement("service:spoofing")
def test_another_tenants_cursor_leads_nowhere(claims: Claims) -> None:
    for number in range(2):
        claims.service.learn(claims.victim, f"quarry note {number}", session_id=f"hidden{number}")
    for listing in ("/v1/memories", "/v1/sessions"):
        page = claims.service.client.get(listing, params={"limit": 1}, headers=by(claims.victim)).json()
        assert page["next_cursor"]
        query = f"?limit=1&cursor={page['next_cursor']}"
        assert claims.spoofed(by(claims.attacker), query, path=listing) == 404


@requirement("service:spoofing", "service:idempotency")
def test_another_tenants_idempotency_key_is_a_new_one(claims: Claims) -> None:
    body = {"user_message": "Where is the quarry?", "ai_response": "It is here."}
    headers = {"Idempotency-Key": "the-same"}
    client = claims.service.client
    first = client.post("/v1/turn", json=body, headers={**by(claims.victim), **headers})
    other = client.post("/v1/turn", json=body, headers={**by(claims.attacker), **headers})
    assert (other.status_code, "idempotency-replayed" in other.headers) == (200, False)
    assert other.json()["learn"]["tenant_id"] == "attacker"
    assert SECRET in first.text
    assert SECRET not in other.text


@requirement("service:spoofing", "service:operator")
@pytest.mark.parametrize("role", ["reader", "member", "service", "admin", "owner"])
def test_nobody_but_the_operator_acts_for_others(claims: Claims, role: str) -> None:
    own = claims.service.key("attacker", role)
    before = claims.service.refused("attacker")
    platform = [("GET", "/v1/admin/tenants"), ("GET", "/v1/admin/tenants/victim"), ("GET", "/v1/audit")]
    refused = [claims.spoofed(by(own, X_Tenant_ID="victim"), method=method, path=path) for method, path in platform]
    made = claims.service.client.post("/v1/admin/tenants", json={"tenant_id": "mine"}, headers=by(own))
    assert [*refused, made.status_code] == [403] * 4
    assert claims.service.refused("attacker") == before + 4


@requirement("service:spoofing", "service:operator")
def test_the_operator_is_written_down_where_it_acts(claims: Claims) -> None:
    client = claims.service.client
    assert client.get("/v1/stats", headers=operator("victim")).status_code == 200
    assert [row.actor for row in claims.service.rows("victim") if row.action == "stats"] == ["operator"]
    assert client.get("/v1/stats", headers=operator()).status_code == 422
    for wrong in (OPERATOR[:-1], OPERATOR + "x", OPERATOR.upper(), OPERATOR + "\u00e9"):
        headers = [(b"X-API-Key", wrong.encode()), (b"X-Tenant-ID", b"victim")]
        assert client.get("/v1/stats", headers=headers).status_code == 401
    assert client.get("/v1/stats", headers=operator(PLATFORM)).status_code == 422


@requirement("service:spoofing")
@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("&tenant_id=victim", {}, 403),
        ("&tenant_id=ATTACKER", {}, 403),
        ("&tenant_id=victim&tenant_id=attacker", {}, 422),
        ("&tenant_id=attacker&tenant_id=victim", {}, 422),
        ("", {"X-Tenant-ID": "victim"}, 403),
        ("&tenant_id=attacker", {"X-Tenant-ID": "victim"}, 422),
    ],
)
def test_a_socket_is_of_the_credentials_tenant(
    claims: Claims, query: str, headers: dict[str, str], status: int
) -> None:
    before = claims.service.refused("attacker")
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        claims.service.client.websocket_connect(
            f"/ws/sync?instance_id=laptop{query}", headers={**by(claims.attacker), **headers}
        ),
    ):
        pass
    assert refused.value.status_code == status
    assert claims.service.refused("attacker") == before + (status == 403)


@requirement("service:spoofing")
@pytest.mark.parametrize("query", ["&tenant_id=victim", "&tenant_id=victim&tenant_id=attacker"])
def test_a_key_in_the_first_message_opens_no_other_tenants_socket(db_path: Path, query: str) -> None:
    with keyed_service(db_path, cors_origins="https://app.example") as service:
        own = service.key("attacker")
        url = f"/ws/sync?instance_id=laptop{query}"
        with service.client.websocket_connect(url, headers={"Origin": "https://app.example"}) as socket:
            socket.send_json({"type": "authenticate", "token": own})
            told = [socket.receive_json()["event_type"]]
            told += [socket.receive_json()["event_type"] for _ in range(1 if told == ["error"] else 0)]
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_json()
        assert told == ["error", "goodbye"]
        assert closed.value.code == (4403 if query.count("=") == 1 else 4422)
