"""Learns many exchanges, a batch in each transaction, and can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from continuum.core.exchanges import ExchangeDefaults, exchange_of_mapping, exchange_of_messages
from continuum.core.recording import Learned, prepare, record
from continuum.domain.ids import TenantId
from continuum.domain.records import Exchange, Json, Message
from continuum.errors import InvalidInputError

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

ExchangeInput = Sequence[Message] | Mapping[str, Json]
"""The messages of an exchange, or the arguments of `learn`."""


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far a bulk learn has got: what is durable now, earlier runs of the same job included in `exchanges`."""

    exchanges: int
    messages: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk learn did; `skipped` exchanges were durable from an earlier run of the same job."""

    exchanges: int
    messages: int
    duplicates: int
    skipped: int


@dataclass(frozen=True, slots=True)
class BulkJob:
    """Where and how a bulk learn runs. `name` keeps its progress in the store, None keeps none."""

    engine: Engine
    tenant: TenantId
    defaults: Callable[[], ExchangeDefaults]
    batch_size: int
    name: str | None


def learn_in_batches(
    job: BulkJob, exchanges: Iterable[ExchangeInput], progress: Callable[[BulkProgress], None] | None
) -> BulkResult:
    """Learn all exchanges behind what the job has done already. Raises InvalidInputError naming the exchange."""
    skipped = _done(job)
    numbered = islice(enumerate(exchanges), skipped, None)
    learned = messages = duplicates = 0
    while batch := list(islice(numbered, job.batch_size)):
        results = [one.result for one in _learn_batch(job, batch)]
        learned += len(results)
        messages += sum(len(result.message_ids) for result in results if not result.duplicate)
        duplicates += sum(result.duplicate for result in results)
        if progress is not None:
            progress(BulkProgress(skipped + learned, messages, duplicates))
    return BulkResult(learned, messages, duplicates, skipped)


def _learn_batch(job: BulkJob, batch: Sequence[tuple[int, ExchangeInput]]) -> list[Learned]:
    """One transaction: the exchanges, and how far the job has got with them."""
    engine = job.engine
    defaults = job.defaults()
    prepared = [prepare(_exchange(defaults, number, given), engine.pipeline.extract) for number, given in batch]
    with engine.unit(job.tenant, write=True) as work:
        learned = [record(work, one, engine.pipeline.extract, engine.links) for one in prepared]
        if job.name is not None:
            done = json.dumps({"done": batch[-1][0] + 1})
            work.idempotency.put(_job_key(job.name), b"job", done, defaults.now)
    for one in learned:
        engine.events.publish(one.events)
    if engine.vectors is not None:
        engine.vectors.wake(job.tenant)
    return learned


def _exchange(defaults: ExchangeDefaults, number: int, given: ExchangeInput) -> Exchange:
    try:
        if isinstance(given, Mapping):
            return exchange_of_mapping(defaults, given)
        return exchange_of_messages(defaults, given)
    except InvalidInputError as exc:
        raise InvalidInputError(f"exchanges[{number}].{exc.field}", exc.problem, limit=exc.limit) from exc


def _done(job: BulkJob) -> int:
    if job.name is None:
        return 0
    with job.engine.unit(job.tenant, write=False) as work:
        kept = work.idempotency.get(_job_key(job.name))
    return 0 if kept is None else int(json.loads(kept.result)["done"])


def _job_key(name: str) -> str:
    return f"job:{name}"
