"""The bare framework, to compare with: FastAPI on uvicorn, a thread hop and a fixed piece of work."""

from __future__ import annotations

import asyncio
import sys
import time

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

WORK_SECONDS = 0.001
app = FastAPI()


class Question(BaseModel):
    message: str


class Answer(BaseModel):
    text: str


def work() -> str:
    """One millisecond of processor time."""
    ends = time.thread_time() + WORK_SECONDS
    while time.thread_time() < ends:
        pass
    return "done"


@app.get("/v1/health/live")
async def live() -> dict[str, str]:
    return {"status": "live"}


@app.post("/v1/recall")
async def recall(question: Question) -> Answer:
    return Answer(text=await asyncio.to_thread(work))


@app.post("/v1/plain")
async def plain(question: Question) -> Answer:
    return Answer(text="done")


if __name__ == "__main__":
    uvicorn.run(
        "benchmarks.service_bare:app",
        port=int(sys.argv[1]),
        workers=int(sys.argv[2]),
        access_log=False,
        log_level="warning",
    )
