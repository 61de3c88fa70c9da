"""Keys, tokens and secrets in texts: in no log, no trace, no answer that repeats them, and no byte of the store."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from continuum.domain.ids import TenantId
from continuum.errors import StorageUnavailableError
from tests.api.hardening.keyed_service import (
    OPERATOR,
    SIGNING_SECRET,
    KeyedService,
    by,
    keyed_service,
    operator,
    token,
)
from tests.observability.receiving_server import Receiver, receiving
from tests.requirements import requirement

OURS: Final = "continuum"
SPOKEN: Final = ("ghp_" + "aB3dE6gH9j" * 3 + "kL4m1Z", "hunter2-correct-horse")
"""Secrets that somebody says in a conversation."""
PRIVATE: Final = "the pelican nests in Harborview"


@dataclass(frozen=True, slots=True)
class Watched:
    """A service, all it logs, and all it sends to a collector of traces."""

    service: KeyedService
    path: Path
    traces: Receiver
    logs: pytest.LogCaptureFixture
    key: str
    token: str

    @property
    def secrets(self) -> list[str]:
        """What nobody may read anywhere: the secret parts alone, and not their ends, which slips change."""
        return [self.key[-43:-5], self.token.rpartition(".")[2][:-5], OPERATOR, SIGNING_SECRET, *SPOKEN]

    def logged(self) -> str:
        """All records of the service, of every level, with their tracebacks and all that goes with them."""
        own = [each for each in self.logs.records if not each.name.startswith(("httpx", "httpcore"))]
        formatter = logging.Formatter()
        return "\n".join(f"{formatter.format(each)} {each.__dict__}" for each in own)

    def stored(self) -> bytes:
        """All bytes of the store's files."""
        return b"".join(each.read_bytes() for each in sorted(self.path.parent.glob(f"{self.path.name}*")))

    def audited(self) -> str:
        self.service.runtime.refusals.flush()
        audit = self.service.runtime.audit
        return json.dumps([row for tenant in ("alice", "_platform") for row in audit.export(TenantId(tenant))])


@pytest.fixture
def watched(db_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    caplog.set_level(logging.DEBUG)
    logging.getLogger(OURS).setLevel(logging.DEBUG)
    try:
        with receiving() as traces, keyed_service(db_path, otel_endpoint=traces.url) as service:
            key = service.key("alice")
            yield Watched(service, db_path, traces, caplog, key, token("alice"))
    finally:
        logging.getLogger(OURS).setLevel(logging.NOTSET)


def _misplaced(watched: Watched) -> Iterator[tuple[str, str, dict[str, str], object]]:
    """Requests that carry a key or token where it does not belong, or not quite as it should be."""
    key, signed, headers = watched.key, watched.token, by(watched.key)
    wrong = [
        key[:-1],
        key + "x",
        key.upper(),
        key.replace("ck_test", "ck_live"),
        f" {key}",
        f"{key},{key}",
        signed[:-2],
    ]
    for each in wrong:
        yield "GET", "/v1/stats", by(each), None
        yield "GET", "/v1/stats", {"Authorization": f"Bearer {each}"}, None
    yield "GET", "/v1/stats", {"Authorization": f"Basic {key}"}, None
    yield "GET", "/v1/stats", {"Authorization": key}, None
    yield "GET", "/v1/stats", {**headers, "Authorization": f"Bearer {signed}"}, None
    yield "GET", "/v1/stats", {**headers, "X-Tenant-ID": key}, None
    yield "GET", "/v1/stats", {"Authorization": f"Bearer {OPERATOR}x"}, None
    yield "GET", f"/v1/stats?api_key={key}&token={signed}", headers, None
    yield "GET", f"/v1/memories?cursor={key}", headers, None
    yield "GET", f"/v1/{key}", headers, None
    yield "POST", "/v1/recall", headers, {"message": "hello", "now": key}
    yield "POST", "/v1/recall", headers, {"message": "hello", key: 1}
    for each in (key[:-1], key + "=", f"x{key}", f"{key} ", key.upper(), signed):
        yield "DELETE", f"/v1/admin/api-keys/{each}", headers, None
        yield "DELETE", f"/v1/memories/{each}", headers, None
        yield "POST", f"/v1/quarantines/{each}/release", headers, None
        yield "DELETE", f"/v1/admin/api-keys/{each}", by("nobody"), None
    yield "DELETE", f"/v1/admin/api-keys/{key}", operator("bob"), None


@requirement("service:keys", "service:audit")
@pytest.mark.parametrize("rounds", [50, pytest.param(5_000, marks=pytest.mark.soak)])
def test_no_secret_is_in_logs_traces_audit_or_store(watched: Watched, rounds: int) -> None:
    service, headers = watched.service, by(watched.key)
    for said in SPOKEN:
        service.learn(watched.key, f"{PRIVATE}. My password is {said}", metadata={"note": f"password: {said}"})
    bearer = {"Authorization": f"Bearer {watched.token}"}
    for number in range(rounds):
        who = headers if number % 2 else bearer
        assert (
            service.client.post("/v1/recall", json={"message": f"{PRIVATE} {number}"}, headers=who).status_code == 200
        )
        assert service.client.get("/v1/stats", headers=operator("alice")).status_code == 200
    for method, path, sent, body in _misplaced(watched):
        service.client.request(method, path, headers=sent, json=body)
    told = watched.traces.wait_for(lambda requests: sum(each.body.count(b"/v1/recall") for each in requests) >= 50)
    stored, audited, logged = watched.stored(), watched.audited(), watched.logged()
    assert len(told) >= 1
    assert len(logged) > 1_000
    assert '"recall"' in audited or '"stats"' in audited
    places = {"logs": logged, "traces": watched.traces.everything, "audit": audited, "store": stored.decode("latin-1")}
    found = [(name, secret[:6]) for name, text in places.items() for secret in watched.secrets if secret in text]
    assert found == []
    assert PRIVATE.encode() in stored  # or the search above would find nothing anywhere
    for name in ("logs", "traces", "audit"):
        assert PRIVATE not in places[name]


@requirement("service:keys")
def test_a_credential_that_is_refused_is_not_repeated(watched: Watched) -> None:
    for wrong in (
        watched.key[:-1],
        watched.key.upper(),
        watched.token[:-2],
        OPERATOR + "x",
        f"{watched.key} {OPERATOR}",
    ):
        for headers in (by(wrong), {"Authorization": f"Bearer {wrong}"}, {"Authorization": f"Digest {wrong}"}):
            answer = watched.service.client.get("/v1/stats", headers=headers)
            assert answer.status_code == 401
            assert not any(part[:20] in answer.text for part in (watched.key[-43:], OPERATOR, watched.token[-43:]))
    for path in (f"/v1/admin/api-keys/{watched.key[:-1]}", f"/v1/admin/api-keys/{watched.key}x"):
        answer = watched.service.client.delete(path, headers=by(watched.key))
        assert (answer.status_code, watched.key[-30:-5] in answer.text) == (404, False)


@requirement("service:keys")
def test_a_key_is_shown_once_and_kept_as_a_hash(watched: Watched) -> None:
    made = watched.service.client.post("/v1/admin/api-keys", json={"role": "reader"}, headers=by(watched.key))
    secret = made.json()["api_key"][-43:]
    assert made.headers["cache-control"] == "no-store"
    listed = watched.service.client.get("/v1/admin/api-keys", headers=by(watched.key))
    exported = watched.service.client.get("/v1/export", headers=by(watched.key))
    assert exported.status_code == 200
    for text in (listed.text, exported.text, watched.audited(), watched.stored().decode("latin-1"), watched.logged()):
        assert secret not in text


@requirement("service:keys", "service:idempotency")
def test_a_key_that_is_made_under_an_idempotency_key_is_kept_nowhere(watched: Watched) -> None:
    headers = by(watched.key, Idempotency_Key="make-one")
    made = watched.service.client.post("/v1/admin/api-keys", json={"role": "reader"}, headers=headers)
    again = watched.service.client.post("/v1/admin/api-keys", json={"role": "reader"}, headers=headers)
    assert made.status_code == 201
    assert again.status_code in (201, 409)
    secret = made.json()["api_key"][-43:]
    kept = watched.stored()
    for shift in range(3):  # whatever it stood behind when it was packed
        coded = base64.b64encode(b"x" * shift + secret.encode())[4:-4]
        assert coded not in kept
    assert secret.encode() not in kept


@requirement("service:keys")
def test_a_failure_of_ours_names_no_key(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    for failure in (StorageUnavailableError("the store does not answer"), RuntimeError("broken")):

        def fails(*_: object, failure: Exception = failure) -> None:
            raise failure

        with monkeypatch.context() as patched:
            patched.setattr("continuum.identity.api_keys.ApiKeys.revoke", fails)
            answer = watched.service.client.delete(f"/v1/admin/api-keys/{watched.key}", headers=by(watched.key))
        assert answer.status_code >= 500
        assert watched.key[-43:] not in answer.text
    assert "failed" in watched.logged()
    assert watched.key[-43:] not in watched.logged()
    assert watched.key[-43:] not in watched.audited()
