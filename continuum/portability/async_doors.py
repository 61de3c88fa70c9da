"""Export and import for callers that live in an event loop: one hop to a worker thread each."""

from __future__ import annotations

from collections.abc import Callable

from continuum.core.async_memory import AsyncConsciousMemory
from continuum.core.memory import ConsciousMemory
from continuum.core.twins import run_in
from continuum.portability.export_files import Source, Target
from continuum.portability.exporting import ExportProgress, ExportResult, export_memory
from continuum.portability.importing import BATCH_SIZE, ImportProgress, ImportResult, import_memory


async def aexport_memory(
    memory: ConsciousMemory | AsyncConsciousMemory,
    target: Target,
    *,
    after_seq: int = 0,
    include_secret: bool = True,
    include_vectors: bool = False,
    for_sync: bool = False,
    progress: Callable[[ExportProgress], None] | None = None,
) -> ExportResult:
    """As `export_memory`; `progress` is called on the worker thread."""
    plain = _plain(memory)
    return await run_in(
        plain.pool("readers"),
        lambda: export_memory(
            plain,
            target,
            after_seq=after_seq,
            include_secret=include_secret,
            include_vectors=include_vectors,
            for_sync=for_sync,
            progress=progress,
        ),
    )


async def aimport_memory(
    memory: ConsciousMemory | AsyncConsciousMemory,
    source: Source,
    *,
    skip_errors: bool = False,
    batch_size: int = BATCH_SIZE,
    for_sync: bool = False,
    progress: Callable[[ImportProgress], None] | None = None,
) -> ImportResult:
    """As `import_memory`; `progress` is called on the worker thread."""
    plain = _plain(memory)
    return await run_in(
        plain.pool("writers"),
        lambda: import_memory(
            plain, source, skip_errors=skip_errors, batch_size=batch_size, for_sync=for_sync, progress=progress
        ),
    )


def _plain(memory: ConsciousMemory | AsyncConsciousMemory) -> ConsciousMemory:
    return memory.memory if isinstance(memory, AsyncConsciousMemory) else memory
