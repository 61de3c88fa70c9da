"""Learns many exchanges, a batch in each transaction, and can go on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, cast

from continuum.core.exchanges import ExchangeDefaults, exchange_of_mapping, exchange_of_messages
from continuum.core.recording import Learned, Prepared, prepare, record
from continuum.core.retrying import retried
from continuum.core.validation import checked_iterable
from continuum.domain.ids import TenantId
from continuum.domain.records import Exchange, Extraction, Json, Message
from continuum.domain.results import LearningResult
from continuum.errors import InvalidInputError
from continuum.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from continuum.core.assembly import Engine

ExchangeInput = Iterable[Message] | Mapping[str, Json]
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
    note: Callable[[Extraction], None]
    batch_size: int
    name: str | None


def learn_in_batches(
    job: BulkJob, exchanges: Iterable[ExchangeInput], progress: Callable[[BulkProgress], None] | None
) -> BulkResult:
    """Learn all exchanges behind what the job has done already. Raises InvalidInputError naming the exchange."""
    numbered = enumerate(checked_iterable(exchanges, "exchanges", "exchanges"))
    done = _done(job)
    seen = learned = messages = duplicates = 0
    while batch := list(islice(numbered, job.batch_size)):
        seen += len(batch)
        if seen <= done:
            continue
        results, done = _learn_batch(job, [(number, given) for number, given in batch if number >= done])
        learned += len(results)
        messages += sum(len(result.message_ids) for result in results if not result.duplicate)
        duplicates += sum(result.duplicate for result in results)
        if progress is not None:
            progress(BulkProgress(seen, messages, duplicates))
    return BulkResult(learned, messages, duplicates, seen - learned)


def _learn_batch(job: BulkJob, batch: Sequence[tuple[int, object]]) -> tuple[list[LearningResult], int]:
    """One transaction: the exchanges that nobody else has learnt for the job meanwhile, and how far it has got."""
    engine = job.engine
    defaults = job.defaults()
    prepared = [
        (number, prepare(_exchange(defaults, number, given), engine.pipeline.extract)) for number, given in batch
    ]
    end = batch[-1][0] + 1

    def recorded() -> tuple[int, list[Prepared], list[Learned]]:
        with engine.unit(job.tenant, write=True) as work:
            done = _kept(work, job.name)
            rest = [one for number, one in prepared if number >= done]
            learned = [record(work, one, engine.pipeline.extract, engine.links, engine.sealer) for one in rest]
            if job.name is not None and done < end:
                kept = json.dumps({"done": end})
                work.idempotency.put(_job_key(job.name), b"job", kept, defaults.now)
        return done, rest, learned

    done, rest, learned = retried(recorded)
    for one, answer in zip(rest, learned, strict=True):
        engine.events.publish(answer.events)
        if not answer.result.duplicate:
            job.note(one.extraction)
    if any(one.exchange.expires_at is not None for one in rest):
        engine.upkeep.watch(job.tenant)
    if engine.vectors is not None:
        engine.vectors.wake(job.tenant)
    return [answer.result for answer in learned], max(done, end if job.name is not None else 0)


def _exchange(defaults: ExchangeDefaults, number: int, given: object) -> Exchange:
    try:
        if isinstance(given, Mapping):
            return exchange_of_mapping(defaults, given)
        return exchange_of_messages(defaults, cast("Iterable[Message]", given))
    except InvalidInputError as exc:
        raise InvalidInputError(f"exchanges[{number}].{exc.field}", exc.problem, limit=exc.limit) from exc


def _done(job: BulkJob) -> int:
    if job.name is None:
        return 0
    with job.engine.unit(job.tenant, write=False) as work:
        return _kept(work, job.name)


def _kept(work: UnitOfWork, name: str | None) -> int:
    kept = None if name is None else work.idempotency.get(_job_key(name))
    return 0 if kept is None else int(json.loads(kept.result)["done"])


def _job_key(name: str) -> str:
    return f"job:{name}"
