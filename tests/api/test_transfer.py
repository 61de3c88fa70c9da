"""Export and import over HTTP, through the real application."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from continuum.api.routes import transfer
from continuum.core.config import MemoryConfig
from tests.requirements import requirement

LINES = {"content-type": "application/x-ndjson"}


def learn(client: TestClient, text: str, tenant: str) -> str:
    answer = client.post("/v1/learn", json={"user_message": text}, headers={"x-tenant-id": tenant})
    assert answer.status_code == 200, answer.text
    message_id: str = answer.json()["message_ids"][0]
    return message_id


def export(client: TestClient, tenant: str, **query: str) -> bytes:
    answer = client.get("/v1/export", params=query, headers={"x-tenant-id": tenant})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    return answer.content


@requirement("api:transfer")
def test_an_export_of_one_tenant_is_read_into_another(client: TestClient) -> None:
    told = learn(client, "Minka is my cat", "alice")
    learn(client, "Bob's secret garden", "bob")
    file = export(client, "alice")
    assert b"garden" not in file
    answer = client.post("/v1/import", content=file, headers={**LINES, "x-tenant-id": "copy"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["tenant_id"], answer.json()["messages"]) == ("copy", 1)
    found = client.post("/v1/recall", json={"message": "Who is Minka?"}, headers={"x-tenant-id": "copy"}).json()
    assert [memory["id"] for memory in found["memories"]] == [told]
    again = client.post("/v1/import", content=file, headers={**LINES, "x-tenant-id": "copy"}).json()
    assert (again["entries"], again["duplicates"]) == (0, 1)


@requirement("api:transfer")
def test_what_an_export_takes_along_can_be_chosen(client: TestClient) -> None:
    for number in range(3):
        learn(client, f"Note {number}", "alice")
    whole = json.loads(export(client, "alice").splitlines()[0])
    part = export(client, "alice", secret="false", after_seq="2").splitlines()
    assert "secret" in whole
    assert "secret" not in json.loads(part[0])
    assert [json.loads(line)["seq"] for line in part if b'"message"' in line[:40]] == [3]
    answer = client.get("/v1/export", params={"after_seq": "9"}, headers={"x-tenant-id": "alice"})
    assert (answer.status_code, answer.json()["field"]) == (422, "after_seq")


@requirement("api:transfer", "portability:broken-line")
def test_a_broken_line_is_named_and_can_be_skipped(client: TestClient) -> None:
    for number in range(3):
        learn(client, f"Note {number}", "alice")
    lines = export(client, "alice").splitlines(keepends=True)
    file = b"".join([*lines[:2], b"Minka\n", *lines[3:]])
    answer = client.post("/v1/import", content=file, headers=LINES)
    assert (answer.status_code, answer.json()["field"]) == (422, "line 3")
    assert client.get("/v1/stats").json()["messages"] == 0
    skipped = client.post("/v1/import", params={"skip_errors": "true"}, content=file, headers=LINES).json()
    assert (skipped["messages"], skipped["broken_lines"]) == (2, 2)
    assert [each["line"] for each in skipped["problems"]] == [3, len(lines)]


@requirement("api:transfer")
def test_an_import_may_be_larger_than_other_bodies_up_to_a_bound_of_its_own(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        learn(client, f"Note {number} " + "word " * 200_000, "alice")
    file = export(client, "alice")
    assert len(file) > MemoryConfig().max_body_bytes
    assert client.post("/v1/import", content=file, headers=LINES).json()["messages"] == 6
    monkeypatch.setattr(transfer, "IMPORT_BYTES_MAX", len(file) - 1)
    refused = client.post("/v1/import", content=file, headers={**LINES, "x-tenant-id": "other"})
    assert refused.status_code == 413
    assert client.get("/v1/stats", headers={"x-tenant-id": "other"}).json()["messages"] == 0


@requirement("api:transfer")
def test_what_a_web_page_can_send_without_asking_is_no_import(client: TestClient) -> None:
    learn(client, "Note", "alice")
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.post("/v1/import", content=export(client, "alice"), headers={"content-type": kind})
        assert answer.status_code == 415
    assert client.get("/v1/stats").json()["messages"] == 0
