"""`ConsciousMemory`: recall before an answer, learn after it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from continuum.cache import Key
from continuum.core.assembly import Engine, build_engine
from continuum.core.assertions import assert_entity, assert_link
from continuum.core.auto_hook import Extractors, hooked
from continuum.core.browsing import BrowsedMemory
from continuum.core.bulk import BulkJob, BulkProgress, BulkResult, ExchangeInput, learn_in_batches
from continuum.core.config import MemoryConfig, get_config, with_arguments
from continuum.core.exchanges import ExchangeDefaults, exchange_of_messages, two_sides
from continuum.core.feedback import give_feedback
from continuum.core.following import FollowedMemory
from continuum.core.instances import instance_name
from continuum.core.kept_answers import Rendered
from continuum.core.lasting import LastingMemory
from continuum.core.learning_from_use import UsefulMemory
from continuum.core.listings import entities_of, messages_of, stats_of
from continuum.core.origin_seal import SealReport, verify_seals
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.questions import (
    MAX_CONCEPTS_LIMIT,
    MAX_MEMORIES_LIMIT,
    MAX_TOKENS_LIMIT,
    QUERY_BYTES_MAX,
    RecallRequest,
    beginning,
    checked_filters,
    checked_roles,
    checked_trust,
    checked_weights,
)
from continuum.core.rebuilding import RebuildResult, rebuild_tenant
from continuum.core.recording import Learned, Prepared, prepare, record
from continuum.core.retrying import retried
from continuum.core.trusting import TrustedMemory
from continuum.core.twins import twin
from continuum.core.use_detection import LastRecall, last_recall, plainly_used
from continuum.core.validation import (
    Timestamp,
    checked_count,
    checked_key,
    checked_label,
    checked_scope,
    checked_text,
    checked_time,
)
from continuum.core.working_memory import WorkingMemory
from continuum.domain.events import Recalled
from continuum.domain.ids import TenantId
from continuum.domain.ids import tenant_id as checked_tenant
from continuum.domain.records import AttentionLink, Entity, Exchange, Json, Message, Role, StoredMessage
from continuum.domain.results import LearningResult, MemoryContext
from continuum.errors import InvalidInputError, NotFoundError
from continuum.retrieval.query import SignalWeights
from continuum.storage.base import StorageBackend

P = ParamSpec("P")
R = TypeVar("R")


_UNSAID: dict[str, Any] = dict.fromkeys(  # Any: each argument of `recall` has a type of its own
    "now max_tokens session_id user_id agent_id project_id filters roles since until as_of known_at min_trust "
    "weights".split()
) | {"max_memories": 10, "current_only": False, "include_suspicious": False, "explain": False, "include_text": False}
"""What `recall` takes an argument for that is not given; a test compares it with the signature."""


class ConsciousMemory(LastingMemory, UsefulMemory, TrustedMemory, FollowedMemory, BrowsedMemory):
    """The memory of one tenant, as one instance of an agent uses it.

    >>> memory = ConsciousMemory(tenant_id="docs", db_path=":memory:")
    >>> memory.learn("I prefer FastAPI for web projects", "Noted.").tenant_id
    'docs'
    >>> memory.recall("What web framework should I use?").memories[0].passage
    'I prefer FastAPI for web projects'
    >>> memory.close()
    """

    def __init__(
        self,
        tenant_id: str | None = None,
        db_path: str | Path | None = None,
        enable_cache: bool | None = None,
        *,
        instance_id: str | None = None,
        session_id: str | None = None,
        storage: str | StorageBackend | None = None,
        config: MemoryConfig | None = None,
        engine: Engine | None = None,
    ) -> None:
        """Open a store, or share an open `engine` (as `TenantManager` does).

        Arguments win over `config`, which is `get_config()` if it is not given. `storage` is a URL or a
        `StorageBackend` of the caller's own. Raises ConfigurationError, InvalidInputError and StorageError.
        """
        if config is None:
            config = get_config() if engine is None else engine.config
        self.config = with_arguments(config, db_path=db_path, cache_enabled=enable_cache)
        self.tenant_id: TenantId = checked_tenant(self.config.tenant_id if tenant_id is None else tenant_id)
        instance = self.config.instance_id if instance_id is None else instance_id
        self.instance_id = instance_name(instance, self.tenant_id)
        self._session_given = session_id is not None
        self.session_id = self.instance_id if session_id is None else checked_label(session_id, "session_id")
        self._engine = build_engine(self.config, storage=storage) if engine is None else engine
        self._owns_engine = engine is None
        self.query_engine = MemoryQueryEngine(tenant=self.tenant_id, engine=self._engine)
        self._working_memory = WorkingMemory(self.config.working_memory_capacity)
        self._last_recall: LastRecall | None = None

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish background work and release the store. What was learnt is durable with or without it."""
        if self._owns_engine:
            self._engine.close()

    @property
    def db_path(self) -> Path:
        """The settings' database file; `storage`, where given, took its place."""
        return self.config.db_path

    @property
    def asks_over_network(self) -> bool:
        """Whether the store is a server, so that reading a row of it takes a round trip."""
        return self._engine.backend.dialect.ahead

    @property
    def cache_enabled(self) -> bool:
        return self._engine.cache is not None

    # -- learn -----------------------------------------------------------------------------------------------

    def learn(
        self,
        user_message: str,
        ai_response: str = "",
        metadata: Mapping[str, Json] | None = None,
        session_id: str | None = None,
        *,
        timestamp: Timestamp = None,
        speaker: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
        idempotency_key: str | None = None,
        supersedes: str | Iterable[str] = (),
        expires_at: Timestamp = None,
    ) -> LearningResult:
        """Learn one exchange, or one text. When this returns, the exchange survives a power cut.

        One side may be empty, not both. `speaker` names who said the user's side. `supersedes` are ids of facts and
        messages that this exchange takes the place of, `expires_at` is when it is to be forgotten. Raises
        InvalidInputError, NotFoundError (nothing of this tenant has an id that is superseded), ConflictError (an
        idempotency key used for other words) and StorageError, and then nothing was kept.
        """
        return self.learn_messages(
            two_sides(user_message, ai_response, timestamp=timestamp, speaker=speaker),
            metadata=metadata,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
            idempotency_key=idempotency_key,
            supersedes=supersedes,
            expires_at=expires_at,
        )

    def learn_messages(
        self,
        messages: Iterable[Message],
        *,
        metadata: Mapping[str, Json] | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
        idempotency_key: str | None = None,
        supersedes: str | Iterable[str] = (),
        expires_at: Timestamp = None,
    ) -> LearningResult:
        """Learn messages of one session as one exchange: all of them or none. Errors as `learn`."""
        started = time.perf_counter()
        exchange = exchange_of_messages(
            self._defaults(),
            messages,
            metadata=metadata,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
            idempotency_key=idempotency_key,
            supersedes=supersedes,
            expires_at=expires_at,
        )
        result = self._record(prepare(exchange, self._engine.pipeline.extract))
        self._detect_use(exchange)
        return replace(result, learn_time_ms=(time.perf_counter() - started) * 1_000)

    def _detect_use(self, exchange: Exchange) -> None:
        """Count what was recalled last as used, where the settings ask for it and the answer plainly repeats it."""
        shown, self._last_recall = self._last_recall, None
        if shown is None:
            return
        answer = "\n".join(each.text for each in exchange.utterances if each.role == "assistant")
        used = plainly_used(shown, answer)
        if used:
            # What was erased meanwhile, or has expired, is simply not counted: nobody asked for this feedback.
            with contextlib.suppress(InvalidInputError, NotFoundError):
                give_feedback(self._engine, self.tenant_id, shown.recall_id, used, (), detected=True)

    def _defaults(self) -> ExchangeDefaults:
        engine = self._engine
        return ExchangeDefaults(
            engine.clock.now(),
            engine.limits,
            self.session_id,
            self.instance_id,
            engine.redactor,
            self._session_given,
        )

    def _record(self, prepared: Prepared) -> LearningResult:
        engine = self._engine

        def recorded() -> Learned:
            with engine.unit(self.tenant_id, write=True) as work:
                return record(work, prepared, engine.pipeline.extract, engine.links, engine.sealer)

        learned = retried(recorded)
        self._engine.events.publish(learned.events)
        if prepared.exchange.expires_at is not None:
            self._engine.upkeep.watch(self.tenant_id)
        if not learned.result.duplicate:
            self._working_memory.note(prepared.extraction)
            if self._engine.vectors is not None:
                self._engine.vectors.wake(self.tenant_id)
        return learned.result

    def learn_many(
        self,
        exchanges: Iterable[ExchangeInput],
        *,
        batch_size: int = 100,
        job: str | None = None,
        progress: Callable[[BulkProgress], None] | None = None,
    ) -> BulkResult:
        """Learn many exchanges, `batch_size` in one transaction each; much faster than one by one.

        An exchange is a sequence of messages, or a mapping of the arguments of `learn`. With a `job` name, how far
        it got is kept with each batch: calling again with the same name and the same exchanges goes on behind the
        last durable batch, and callers who share a job at the same time share its work. `progress` is called after
        each batch. An invalid exchange raises InvalidInputError, which
        names its number; the batches before it stay learnt.
        """
        size = checked_count(batch_size, "batch_size", 1, 10_000)
        note = self._working_memory.note
        bulk = BulkJob(self._engine, self.tenant_id, self._defaults, note, size, checked_key(job, "job"))
        return learn_in_batches(bulk, exchanges, progress)

    # -- recall ----------------------------------------------------------------------------------------------

    def recall(
        self,
        message: str,
        max_concepts: int = 10,
        *,
        now: Timestamp = None,
        max_memories: int = 10,
        max_tokens: int | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
        filters: Mapping[str, Json] | None = None,
        roles: Iterable[str] | None = None,
        since: Timestamp = None,
        until: Timestamp = None,
        as_of: Timestamp = None,
        known_at: Timestamp = None,
        current_only: bool = False,
        min_trust: float | None = None,
        include_suspicious: bool = False,
        explain: bool = False,
        include_text: bool = False,
        weights: SignalWeights | None = None,
    ) -> MemoryContext:
        """What this tenant remembers that bears on `message`. Reading writes nothing.

        `session_id` only lifts that session; scopes, `filters` (equal metadata values), `roles`, `since` and
        `until` (half-open) leave everything else out. Relative dates count from `now`. `as_of` answers with what was
        true at a moment, `known_at` with what was known then, both by the same search. `current_only` leaves out
        what no longer holds, `min_trust` what is trusted less (0 to 1; see `continuum.domain.trust`). What reads like
        an order to a model is recalled only in the session or for the user it came from, or with
        `include_suspicious`. `weights` replace the measured ones; a signal of weight 0 is off. Raises
        InvalidInputError and StorageError.
        """
        request, exact_time = self._request(
            message,
            max_concepts,
            now=now,
            max_memories=max_memories,
            max_tokens=max_tokens,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
            filters=filters,
            roles=roles,
            since=since,
            until=until,
            as_of=as_of,
            known_at=known_at,
            current_only=current_only,
            min_trust=min_trust,
            include_suspicious=include_suspicious,
            explain=explain,
            include_text=include_text,
            weights=weights,
        )
        return self._recalled(request, self._kept_under(request, exact_time=exact_time))

    def recall_rendered(
        self,
        render: Callable[[MemoryContext], bytes],
        message: str,
        max_concepts: int = 10,
        *,
        kept_only: bool = False,
        **how: Any,  # the other arguments of `recall`
    ) -> bytes | None:
        """`recall`, as `render` writes its answer; what was written is kept beside the answer.

        With `kept_only` nothing is searched: None if the answer is not kept, or if nothing is. Errors as `recall`.
        """
        request, exact_time = self._request(message, max_concepts, **{**_UNSAID, **how})
        cache = None if self.config.detect_use else self._engine.cache
        key = self._kept_under(request, exact_time=exact_time)
        if cache is not None and key is not None and (kept := cache.rendered(key)) is not None:
            self._told(kept.memories, 0.0)
            return kept.text
        if kept_only:
            return None
        context = self._recalled(request, key)
        text = render(context)
        if cache is not None and key is not None and cache.may_keep(context):
            cache.keep_rendered(key, Rendered(len(context.memories), text))
        return text

    def _told(self, memories: int, milliseconds: float) -> None:
        self._engine.events.publish((Recalled(self.tenant_id, self.instance_id, memories, milliseconds),))

    def _request(
        self,
        message: str,
        max_concepts: int,
        *,
        now: Timestamp,
        max_memories: int,
        max_tokens: int | None,
        session_id: str | None,
        user_id: str | None,
        agent_id: str | None,
        project_id: str | None,
        filters: Mapping[str, Json] | None,
        roles: Iterable[str] | None,
        since: Timestamp,
        until: Timestamp,
        as_of: Timestamp,
        known_at: Timestamp,
        current_only: bool,
        min_trust: float | None,
        include_suspicious: bool,
        explain: bool,
        include_text: bool,
        weights: SignalWeights | None,
    ) -> tuple[RecallRequest, bool]:
        """What is asked, checked; and whether it is asked for an exact moment. Raises InvalidInputError."""
        config = self.config
        moment = self._moment(as_of, known_at)
        asked_at = self._engine.clock.now() if moment.as_of is None else moment.as_of
        return RecallRequest(
            message=checked_text(message, "message", QUERY_BYTES_MAX),
            now=asked_at if (at := checked_time(now, "now")) is None else at,
            max_concepts=checked_count(max_concepts, "max_concepts", 0, MAX_CONCEPTS_LIMIT),
            max_memories=checked_count(max_memories, "max_memories", 0, MAX_MEMORIES_LIMIT),
            max_tokens=checked_count(
                config.max_context_tokens if max_tokens is None else max_tokens, "max_tokens", 0, MAX_TOKENS_LIMIT
            ),
            session_id=None if session_id is None else checked_label(session_id, "session_id"),
            scope=checked_scope(user_id, agent_id, project_id),
            filters=checked_filters(filters, config.max_metadata_bytes),
            roles=checked_roles(roles),
            since=checked_time(since, "since"),
            until=checked_time(until, "until"),
            as_of=moment.as_of,
            known_at=moment.known_at,
            current_only=bool(current_only),
            min_trust=checked_trust(config.min_trust if min_trust is None else min_trust),
            hold_back=config.hold_back_suspicious and not include_suspicious,
            explain=bool(explain),
            include_text=bool(include_text),
            weights=checked_weights(weights),
            working_memory=self._working_memory.ids(self._engine, self.tenant_id, self.instance_id),
        ), now is not None or as_of is not None

    def _recalled(self, request: RecallRequest, key: Key | None) -> MemoryContext:
        """The answer, kept under its key or found anew."""
        cache = self._engine.cache
        if cache is None or key is None:
            context = self.query_engine.recall(request)
        else:
            context = cache.answer(key, lambda: self.query_engine.recall(request))
        self._told(len(context.memories), context.query_time_ms)
        if self.config.detect_use:
            self._last_recall = last_recall(request.message, context)
        return context

    def _kept_under(self, request: RecallRequest, *, exact_time: bool) -> Key | None:
        """The key of an answer at the tenant's present state, read from the store, so that no answer is ever stale.

        None if nothing is kept, or if nothing of this tenant may be: where messages have ends or former wordings an
        answer may change without an entry in the log.
        """
        cache = self._engine.cache
        if cache is None:
            return None
        with self._engine.unit(self.tenant_id, write=False) as work:
            tenant = work.tenants.get()
        return None if tenant is None or tenant.notes else cache.key(tenant, request, exact_time=exact_time)

    def turn(
        self,
        user_message: str,
        ai_response: str = "",
        metadata: Mapping[str, Json] | None = None,
        session_id: str | None = None,
        *,
        max_concepts: int = 10,
        user_id: str | None = None,
        agent_id: str | None = None,
        project_id: str | None = None,
    ) -> tuple[MemoryContext, LearningResult]:
        """Recall for the user's message, then learn the exchange. Errors as `recall` and `learn`.

        Of a message that is too long for a question its beginning is asked for; all of it is learnt.
        """
        context = self.recall(
            beginning(user_message),
            max_concepts,
            session_id=session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
        )
        result = self.learn(
            user_message,
            ai_response,
            metadata,
            session_id,
            user_id=user_id,
            agent_id=agent_id,
            project_id=project_id,
        )
        return context, result

    process_turn = turn

    # -- by hand ---------------------------------------------------------------------------------------------

    def create_entity(
        self, name: str, entity_type: str = "concept", description: str = "", metadata: Mapping[str, Json] | None = None
    ) -> Entity:
        """State that something exists. A log entry: it survives rebuild and export. Raises InvalidInputError."""
        return assert_entity(self._engine, self.tenant_id, name, entity_type, description, metadata)

    def link_entities(self, a: str, b: str, link_type: str, strength: float = 1.0) -> AttentionLink:
        """State that `a` stands in relation `link_type` to `b`; entities that are missing are created.

        A log entry. `strength` lies in [0, 1]. Raises InvalidInputError.
        """
        return assert_link(self._engine, self.tenant_id, a, b, link_type, strength)

    def rebuild(self) -> RebuildResult:
        """Derive everything anew from the log, in one transaction. Raises StorageError, and then nothing changed."""
        return rebuild_tenant(self._engine, self.tenant_id)

    def fill_vectors(self) -> int:
        """Compute the vectors that are still missing now; gives how many messages got theirs, 0 without a provider.

        Raises EmbeddingError.
        """
        return 0 if self._engine.vectors is None else self._engine.vectors.fill(self.tenant_id)

    def auto_hook(
        self,
        function: Callable[P, R],
        *,
        extractors: Extractors | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Callable[P, R]:
        """`function`, sync or async, with each of its exchanges learnt after it has answered.

        A generator's answer is learnt once it has ended, an awaitable's once it has come. A failing learn never
        fails the call: it goes to `on_error`, or to the log.
        """
        return hooked(self, function, extractors or Extractors(), on_error)

    # -- look ------------------------------------------------------------------------------------------------

    def get_stats(self) -> dict[str, Json]:
        """Counts of this tenant, under the names that users of the specification know."""
        return stats_of(self._engine, self.tenant_id, self.instance_id)

    def get_messages(
        self,
        session_id: str | None = None,
        start_time: Timestamp = None,
        end_time: Timestamp = None,
        limit: int = 100,
        *,
        role: Role | None = None,
        before_seq: int | None = None,
        include_hidden: bool = False,
    ) -> list[StoredMessage]:
        """Stored messages, newest first; `start_time` and `end_time` are half-open, `before_seq` pages on.

        What is quarantined is left out unless `include_hidden` asks for it, too.
        """
        return messages_of(
            self._engine,
            self.tenant_id,
            session_id=session_id,
            since=start_time,
            until=end_time,
            limit=limit,
            role=role,
            before_seq=before_seq,
            include_hidden=bool(include_hidden),
        )

    def entities(
        self, entity_type: str | None = None, *, limit: int = 100, offset: int = 0, query: str | None = None
    ) -> list[Entity]:
        """Entities by name; `query` keeps names that begin with it, in any spelling that makes the same name."""
        return entities_of(
            self._engine, self.tenant_id, entity_type=entity_type, limit=limit, offset=offset, query=query
        )

    def verify_origins(self) -> SealReport:
        """Check the seal of every message: whether its words and its origin are those that were learnt.

        Without the setting `origin_key` all of them count as unsealed.
        """
        return verify_seals(self._engine, self.tenant_id)

    # -- async twins: one hop to a worker thread each ----------------------------------------------------------

    alearn = twin(learn, "writers")
    alearn_messages = twin(learn_messages, "writers")
    alearn_many = twin(learn_many, "writers")
    arecall = twin(recall, "readers")
    aturn = twin(turn, "writers")
    aprocess_turn = aturn
    acreate_entity = twin(create_entity, "writers")
    alink_entities = twin(link_entities, "writers")
    arebuild = twin(rebuild, "writers")
    aget_stats = twin(get_stats, "readers")
    aget_messages = twin(get_messages, "readers")
    aentities = twin(entities, "readers")
    averify_origins = twin(verify_origins, "readers")
