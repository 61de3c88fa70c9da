"""Export and import of the caller's memory, as streams of JSON Lines."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import TextIO

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from continuum.api.dependencies import Memory, ServiceRoute, TheCall
from continuum.domain.records import Json
from continuum.portability import aexport_memory, aimport_memory

MEDIA_TYPE = "application/x-ndjson"
IMPORT_BYTES_MAX = 4 << 30
"""What one import may send, packed or not; it lies in a file of the server meanwhile."""
PIECE_CHARS = 1 << 18

router = APIRouter(prefix="/v1", route_class=ServiceRoute, tags=["transfer"])


@router.get("/export", response_class=StreamingResponse, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def export(
    memory: Memory, after_seq: int = 0, vectors: bool = False, secret: bool = True, sync: bool = False
) -> Response:
    """The whole memory as JSON Lines, or what came after a position of its log; as confidential as the memory.

    With `sync` it is what another store of the same memory needs: the log alone.
    """
    # First to a file without a name: a slow reader must not hold a transaction open.
    copy = await run_in_threadpool(tempfile.TemporaryFile, "w+", encoding="utf-8", newline="\n")
    try:
        await aexport_memory(
            memory, copy, after_seq=after_seq, include_vectors=vectors, include_secret=secret, for_sync=sync
        )
    except BaseException:
        copy.close()
        raise
    return StreamingResponse(_pieces(copy), media_type=MEDIA_TYPE)


def _pieces(copy: TextIO) -> Iterator[str]:
    with copy:
        copy.seek(0)
        while piece := copy.read(PIECE_CHARS):
            yield piece


@router.post(
    "/import",
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def import_(
    request: Request, memory: Memory, call: TheCall, skip_errors: bool = False, sync: bool = False
) -> dict[str, Json]:
    """Read an export, packed or not, into the memory; answers when all of it is durable.

    With `sync` it comes from another store of the same memory: what was forgotten there is forgotten here as well,
    which needs the permission to forget.
    """
    if sync:
        call.principal.require("memories:erase")
    # Another site's page can send a plain form or text without asking this server; not this type.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send the lines as {MEDIA_TYPE}")
    with tempfile.TemporaryDirectory(prefix="continuum-import-") as folder:
        path = Path(folder) / "import.jsonl"
        await _keep(request.stream(), path)
        return asdict(await aimport_memory(memory, path, skip_errors=skip_errors, for_sync=sync))


async def _keep(pieces: AsyncIterator[bytes], path: Path) -> None:
    """Write a body to a file. Raises HTTPException once it is too large, ClientDisconnect if the caller leaves."""
    size = 0
    with path.open("wb") as copy:
        async for piece in pieces:
            size += len(piece)
            if size > IMPORT_BYTES_MAX:
                detail = f"the body is larger than {IMPORT_BYTES_MAX} bytes; use the command line"
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
            await run_in_threadpool(copy.write, piece)
