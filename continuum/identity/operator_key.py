"""The key of the platform's operator, as a first start in production makes it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final, Literal

from continuum.errors import ConfigurationError

Environment = Literal["live", "test"]
SECRET_BYTES: Final = 32


def operator_key(environment: Environment) -> str:
    """A new key of 256 random bits; whoever calls keeps it safe."""
    return f"ck_{environment}_operator_{secrets.token_urlsafe(SECRET_BYTES)}"


def write_key_file(path: Path, key: str) -> None:
    """Write a key to a new file that only its owner can read, and wait until it is on the disk.

    The file appears with its whole content or not at all, so that another process never reads half a key. Raises
    ConfigurationError if it is there already (it is left as it is) or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_draft(draft, f"{key}\n".encode("ascii"))
        _put_in_place(draft, path)
        _sync_folder(path.parent)
    except OSError as exc:
        raise ConfigurationError(
            f"the operator's key cannot be written to {path} ({exc.strerror}); set CONTINUUM_API_KEY instead"
        ) from exc


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # unlike a rename it replaces nothing
    except FileExistsError as exc:
        raise ConfigurationError(f"{path} is there already; its key counts, or remove it to get a new one") from exc
    finally:
        draft.unlink()


def _write_draft(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Let the file's name outlive a power cut too, where folders can be opened."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
