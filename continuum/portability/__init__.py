"""Carries a memory elsewhere and back: the log as JSON Lines, read and written in constant memory."""

from continuum.portability.async_doors import aexport_memory, aimport_memory
from continuum.portability.exporting import ExportProgress, ExportResult, export_memory
from continuum.portability.importing import ImportProgress, ImportResult, import_memory
from continuum.portability.reading import LineProblem
from continuum.portability.syncing import Mark, StoreSide, SyncResult, sync_memories
from continuum.portability.tenant_folders import export_tenants, import_tenants

__all__ = [
    "ExportProgress",
    "ExportResult",
    "ImportProgress",
    "ImportResult",
    "LineProblem",
    "Mark",
    "StoreSide",
    "SyncResult",
    "aexport_memory",
    "aimport_memory",
    "export_memory",
    "export_tenants",
    "import_memory",
    "import_tenants",
    "sync_memories",
]
