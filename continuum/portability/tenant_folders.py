"""All tenants of a store as a folder of exports, a file each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from continuum.core.tenants import TENANTS_PER_PAGE_MAX, TenantManager
from continuum.domain.ids import tenant_id
from continuum.errors import InvalidInputError
from continuum.portability.exporting import ExportResult, engine_of, export_memory
from continuum.portability.importing import ImportResult, import_memory
from continuum.portability.reading import header_of

ENDING = ".jsonl"


def export_tenants(
    manager: TenantManager,
    folder: str | Path,
    *,
    include_secret: bool = True,
    include_vectors: bool = False,
    packed: bool = False,
    progress: Callable[[ExportResult], None] | None = None,
) -> Iterator[ExportResult]:
    """Write a file for each tenant, one at each step of the iteration, in the order of their names.

    Going over it again after a crash goes on: a file that holds all of its tenant's log is left as it is. Raises
    StorageError and OSError.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for name in _names(manager):
        memory = manager.get_tenant(name)
        path = place / file_name(name, packed=packed)
        with engine_of(memory).unit(memory.tenant_id, write=False) as work:
            position = work.tenants.position()
        if _is_up_to_date(manager, path, position, include_secret=include_secret, include_vectors=include_vectors):
            continue
        result = export_memory(memory, path, include_secret=include_secret, include_vectors=include_vectors)
        if progress is not None:
            progress(result)
        yield result


def import_tenants(manager: TenantManager, folder: str | Path, *, skip_errors: bool = False) -> Iterator[ImportResult]:
    """Read each file of a folder into the tenant that it was exported from; errors as `import_memory`."""
    for path in sorted(Path(folder).iterdir()):
        if path.name.endswith((ENDING, f"{ENDING}.gz")):
            header = header_of(path, manager.engine.limits)
            yield import_memory(manager.get_tenant(header.tenant_id), path, skip_errors=skip_errors)


def file_name(tenant: str, *, packed: bool = False) -> str:
    """A file name that belongs to one tenant on every file system, also where case does not tell names apart.

    >>> file_name("Team:a@b")
    '%54eam%3Aa@b.jsonl'
    """
    name = "".join(f"%{ord(c):02X}" if c.isupper() else quote(c, safe="@._-") for c in tenant_id(tenant))
    return name + ENDING + (".gz" if packed else "")


def _names(manager: TenantManager) -> Iterator[str]:
    after = ""
    while page := manager.list_tenants(TENANTS_PER_PAGE_MAX, after):
        yield from (each["tenant_id"] for each in page)
        after = page[-1]["tenant_id"]


def _is_up_to_date(
    manager: TenantManager, path: Path, position: int, *, include_secret: bool, include_vectors: bool
) -> bool:
    if not path.exists():
        return False
    try:
        header = header_of(path, manager.engine.limits)
    except InvalidInputError:
        return False
    as_asked = (header.secret is not None) == include_secret and header.vectors == include_vectors
    return as_asked and header.position == position and not header.after_seq
