"""Where the last sync of two stores got to: one small file for each pair, which may be lost at any time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from continuum.core.config import default_settings_path
from continuum.errors import InvalidInputError
from continuum.portability.syncing import Mark, mark_from_text, mark_to_text


def mark_path(here: str, there: str, tenant: str) -> Path:
    """The file of two stores, named by their addresses and the tenant."""
    name = hashlib.sha256("\n".join((here, there, tenant)).encode()).hexdigest()[:32]
    return default_settings_path().parent / "sync" / f"{name}.json"


def read_mark(path: Path) -> Mark | None:
    """The mark in a file; None if there is none that can be read: then all is compared."""
    try:
        return mark_from_text(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, InvalidInputError):
        return None


def keep_mark(path: Path, mark: Mark) -> None:
    """Put a mark into its file, whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".mark-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(mark_to_text(mark))
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
