"""Recall for a process that asks one question and ends: opens the store, answers, and loads nothing else."""

from __future__ import annotations

from dataclasses import replace

from continuum.core.assembly import build_engine
from continuum.core.config import MemoryConfig
from continuum.core.query_engine import MemoryQueryEngine
from continuum.core.questions import QUERY_BYTES_MAX, RecallRequest, beginning
from continuum.core.validation import checked_label, checked_text
from continuum.domain.ids import tenant_id


def context_once(config: MemoryConfig, message: str, *, max_tokens: int, session_id: str) -> str:
    """The context that `ConsciousMemory.recall` gives for a message, of which only the beginning is asked for.

    '' if nothing is remembered. Raises ConfigurationError, InvalidInputError and StorageError.
    """
    engine = build_engine(replace(config, cache_enabled=False))  # nobody asks this process twice
    try:
        request = RecallRequest(
            checked_text(beginning(message), "message", QUERY_BYTES_MAX),
            engine.clock.now(),
            max_tokens=max_tokens,
            session_id=checked_label(session_id, "session_id"),
            min_trust=config.min_trust,
            hold_back=config.hold_back_suspicious,
        )
        return MemoryQueryEngine(tenant=tenant_id(config.tenant_id), engine=engine).recall(request).context_string
    finally:
        engine.close()
