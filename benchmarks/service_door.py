"""What it costs to know a caller, what it may do and how often: the part of a call before its work."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from fastapi import Request

from benchmarks.report import Report
from continuum.api.conduct import admitted
from continuum.api.operations import OPERATIONS
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.domain.ids import TenantId
from continuum.identity.principals import Principal
from continuum.identity.roles import permissions_of
from continuum.runtime.service import Runtime, open_runtime

CALLS = 20_000
OPERATOR = Principal(None, "operator", "operator", permissions_of("operator"))


def run(report: Report, folder: Path, quick: bool) -> None:
    """Twenty thousand calls of one caller, in this process."""
    path = folder / f"door-{time.time_ns()}.db"
    config = MemoryConfig(db_path=path, require_api_key=True, api_key=Secret("k" * 40), rate_per_minute=10_000_000)
    with open_runtime(config) as runtime:
        _, minted = runtime.gatekeeper.keys.issue(TenantId("bench"), role="service", created_by=OPERATOR)
        cpu, wall = asyncio.run(_measured(runtime, minted.full.reveal()))
    report.add("the door", {"what": "credential, permission, tenant and limits", "cpu ms": cpu, "wall ms": wall})


async def _measured(runtime: Runtime, key: str) -> tuple[float, float]:
    operation = OPERATIONS["POST", "/v1/recall"]
    headers = [(b"host", b"127.0.0.1"), (b"x-api-key", key.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/recall", "query_string": b"", "headers": headers,
             "client": ("127.0.0.1", 5), "path_params": {}}  # fmt: skip
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(CALLS):
        call = await admitted(runtime, operation, Request(dict(scope)))
        await runtime.limits.take(call.principal, call.tenant_id, operation.cost)
    return (time.process_time() - cpu) / CALLS * 1_000, (time.perf_counter() - wall) / CALLS * 1_000
