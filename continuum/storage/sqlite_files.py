"""The files of an SQLite store: made with tight permissions, refused with a sentence where they cannot work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from continuum.errors import StorageCorruptError, StorageUnavailableError

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone",
        "fuse.s3fs", "fuse.sshfs", "glusterfs", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb2",
        "smb3", "smbfs",
    }
)  # fmt: skip
"""Types whose locks and shared memory do not hold between machines, under which SQLite loses data."""

SMALLEST_DATABASE_BYTES = 512
"""A shorter file is nobody's database, but SQLite would take it for an empty one and write over it."""

MOUNTS = Path("/proc/mounts")


def file_system_of(path: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that holds a path, or '' where that cannot be said."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = path == Path(point) or path.is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


def prepare_files(path: Path, file_system: Callable[[Path], str] = file_system_of) -> None:
    """Make the folder (0700) and an empty file (0600) if they are missing.

    Never opens a file that exists: closing it would free the locks of other connections of this process.
    Raises StorageUnavailableError for a folder in the file's place, missing permission or a network file system,
    StorageCorruptError for a file too short to be a database, and OSError for what the system refuses.
    """
    folder = path.parent
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = file_system(folder.resolve())
    if kind in NETWORK_FILE_SYSTEMS:
        raise StorageUnavailableError(
            f"{path}: lies on a network file system ({kind}), where SQLite can lose memories; "
            "name a local path, or use a database server"
        )
    if path.is_dir():
        raise StorageUnavailableError(f"{path}: is a folder; name a file in it, e.g. {path / 'memory.db'}")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if not os.access(path, os.R_OK | os.W_OK):
            raise StorageUnavailableError(
                f"{path}: may not be read and written by this user; check its permissions"
            ) from None
        if 0 < path.stat().st_size < SMALLEST_DATABASE_BYTES:
            raise StorageCorruptError(
                f"{path}: not an SQLite database; name another file, or move this one away"
            ) from None
