"""What needs evidence needs it in the form of this version: an older store says so before anything is done."""

from __future__ import annotations

from continuum.errors import ConflictError
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.storage.unit_of_work import UnitOfWork


def refuse_if_outdated(work: UnitOfWork) -> None:
    """Raise ConflictError if an older version derived the tenant's rows."""
    tenant = work.tenants.get()
    if tenant is not None and tenant.extractors != EXTRACTORS_VERSION:
        raise ConflictError("this tenant's memory was derived by an older version; call rebuild() once, then again")
