"""What `continuum doctor` looks at, what each fault means, and which of them can be mended without a risk."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from continuum.cli.settings import MEMORY, Options
from continuum.core.assembly import Engine
from continuum.core.erasing import finish_begun
from continuum.core.quarantining import finish_moves
from continuum.core.rebuilding import rebuild_tenant
from continuum.core.tenants import TenantManager
from continuum.domain.clock import SystemClock, iso
from continuum.domain.ids import TenantId
from continuum.domain.records import TenantRecord
from continuum.errors import StorageCorruptError
from continuum.extraction.version import EXTRACTORS_VERSION
from continuum.portability.exporting import engine_of
from continuum.storage.base import StorageBackend
from continuum.storage.factory import is_postgres
from continuum.storage.migrate import Migrator
from continuum.storage.unit_of_work import system_unit_of_work

DISK_BYTES_MIN = 256 << 20
CLOCK_SLACK_MICROS = 60_000_000
SQLITE_VERSION_MIN = (3, 37, 0)
TENANTS_AT_ONCE = 1_000
VECTORS_COUNTED_MAX = 1_000
DAMAGE_REMEDY = "stop using it, copy the file away, and import an export or a backup into a new store"
LOOPBACK = ("127.0.0.1", "::1", "localhost")

Mend = Callable[[], str]
"""Mends one fault, and says what was done."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be, what to do about it, and how it is mended where that is safe."""

    rule: str
    subject: str
    problem: str
    remedy: str
    mend: Mend | None = field(default=None, compare=False)


def faults_of(options: Options, backend: StorageBackend) -> list[Fault]:
    """Everything that is wrong with a store and with what lies around it. Changes nothing.

    Of a damaged file nothing else can be believed, so nothing else is looked at.
    """
    try:
        return _faults(options, backend)
    except StorageCorruptError as exc:
        return [Fault("damage", options.store, str(exc), DAMAGE_REMEDY)]


def _faults(options: Options, backend: StorageBackend) -> list[Fault]:
    found = [*_permissions(options), *_settings(options), *_disk(options), *_versions()]
    schema = list(_schema(options, backend))
    found += schema
    if not any(fault.subject == "needed now" for fault in schema):
        found += _damage(backend)
        found += _tenants(options, backend)
        found += _index(options, backend)
    return found


def backup(backend: StorageBackend) -> str | None:
    """Copy the store before it is changed; says where, None where this program cannot."""
    return backend.copy_before_migration(Migrator(backend).version())


def _damage(backend: StorageBackend) -> Iterator[Fault]:
    for each in backend.examine():
        if each.rule == "damage":
            remedy = DAMAGE_REMEDY
        else:
            remedy = "run `continuum migrate` as the owner, or take back what was changed by hand"
        yield Fault(each.rule, each.subject, each.problem, remedy)


def _schema(options: Options, backend: StorageBackend) -> Iterator[Fault]:
    for each in Migrator(backend).waiting():
        is_needed = each.phase == "before-code"
        subject = "needed now" if is_needed else f"{each.version} {each.name}"
        problem = f"migration {each.version} {each.name} is not applied ({each.phase})"
        remedy = "run `continuum migrate`" + ("" if is_needed else " --after-code once no older version serves")
        yield Fault("schema", subject, problem, remedy, (lambda: _migrated(backend)) if is_needed else None)


def _migrated(backend: StorageBackend) -> str:
    applied = Migrator(backend).upgrade(after_code=False)
    return f"applied {', '.join(map(str, applied)) or 'nothing'}"


def _tenants(options: Options, backend: StorageBackend) -> Iterator[Fault]:
    now = SystemClock().now()
    with system_unit_of_work(backend) as work:
        erasing, moving = work.unfinished_erasures(), work.quarantines_at_work()
    for name in erasing:
        problem = "an erasure was begun and is not finished"
        yield Fault("erasure", name, problem, "open the store once", _in_engine(options, name, _finish_erasures))
    for name in moving:
        problem = "a quarantine or a release was begun and is not finished"
        yield Fault("quarantine", name, problem, "open the store once", _in_engine(options, name, _finish_moves))
    for record in _records(backend):
        if options.settings.config.enable_embeddings and record.last_seq:
            yield from _vectors(options, record.tenant_id)
        if record.extractors != EXTRACTORS_VERSION:
            problem = f"was derived by version {record.extractors} of the extractors; this is {EXTRACTORS_VERSION}"
            mend = _in_engine(options, record.tenant_id, _rebuild)
            yield Fault("derived rows", record.tenant_id, problem, "run `continuum rebuild`", mend)
        if record.last_active > now + CLOCK_SLACK_MICROS:
            problem = f"its newest entry is of {iso(record.last_active)}, which is to come: a clock was, or is, wrong"
            yield Fault("clock", record.tenant_id, problem, "set the clock; new entries count as recorded after it")


def _records(backend: StorageBackend) -> Iterator[TenantRecord]:
    after = ""
    while True:
        with system_unit_of_work(backend) as work:
            page = work.tenants(after=after, limit=TENANTS_AT_ONCE)
        yield from page
        if len(page) < TENANTS_AT_ONCE:
            return
        after = page[-1].tenant_id


def _vectors(options: Options, tenant: str) -> Iterator[Fault]:
    """Messages without a vector of the provider in use: they are found by their words, not by their meaning."""
    with TenantManager(config=options.settings.config) as manager:
        engine = engine_of(manager.get_tenant(tenant))
        assert engine.vectors is not None, "embeddings are enabled"
        with engine.unit(engine_tenant := manager.get_tenant(tenant).tenant_id, write=False) as work:
            lacking = len(work.vectors.missing(engine.vectors.provider.model, VECTORS_COUNTED_MAX))
    if lacking:
        problem = f"{lacking} messages{' or more' if lacking == VECTORS_COUNTED_MAX else ''} have no vector"
        yield Fault("vectors", engine_tenant, problem, "keep a process open: they are made in the background")


def _in_engine(options: Options, tenant: str, work: Callable[[Engine, TenantId], str]) -> Mend:
    """Work on one tenant of the store as any process that opens it does."""

    def mend() -> str:
        with TenantManager(config=options.settings.config) as manager:
            memory = manager.get_tenant(tenant)
            return work(engine_of(memory), memory.tenant_id)

    return mend


def _finish_erasures(engine: Engine, tenant: TenantId) -> str:
    finish_begun(engine, tenant)
    return "finished what was being forgotten"


def _finish_moves(engine: Engine, tenant: TenantId) -> str:
    finish_moves(engine, tenant)
    return "finished what was being hidden or put back"


def _rebuild(engine: Engine, tenant: TenantId) -> str:
    done = rebuild_tenant(engine, tenant)
    return f"derived {done.exchanges} exchanges anew"


def _index(options: Options, backend: StorageBackend) -> Iterator[Fault]:
    """Saved indexes only make the first recall of a process fast: what does not fit is thrown away without a loss."""
    folder = Path(f"{options.store}-index")
    if is_postgres(options.settings.config.store) or options.store == MEMORY or not folder.is_dir():
        return
    for file in sorted(folder.iterdir()):
        try:
            with file.open("rb") as opened:
                opened.read(1)
        except OSError as exc:
            problem = f"cannot be read ({exc.strerror}): each process reads the whole log instead"
            yield Fault("index", str(file), problem, "delete it; it is made again", _deleting(file))
        else:
            if file.suffix in (".part", ".tmp") or not file.stat().st_size:
                problem = "was left behind by a process that was stopped"
                yield Fault("index", str(file), problem, "delete it", _deleting(file))


def _deleting(file: Path) -> Mend:
    def mend() -> str:
        file.unlink(missing_ok=True)
        return f"deleted {file.name}"

    return mend


def _permissions(options: Options) -> Iterator[Fault]:
    """Whether others than the owner can read what a memory holds, or its keys."""
    files = [options.settings.path]
    if not is_postgres(options.settings.config.store) and options.store != MEMORY:
        files.append(Path(options.store))
    for file in files:
        with suppress(OSError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode & 0o077:
                problem = f"can be read or written by others than its owner (mode {mode:04o})"
                yield Fault("permissions", str(file), problem, f"chmod 600 {file}", _closing(file))


def _settings(options: Options) -> Iterator[Fault]:
    """What can be set, and is a risk; what cannot be set is refused before a command begins."""
    config = options.settings.config
    if config.api_host not in LOOPBACK and not config.require_api_key:
        problem = f"the service would listen on {config.api_host} and ask nobody for a key"
        yield Fault("settings", "require_api_key", problem, "set CONTINUUM_REQUIRE_API_KEY=true")


def _closing(file: Path) -> Mend:
    def mend() -> str:
        file.chmod(0o600)
        return "only the owner may read it now"

    return mend


def _disk(options: Options) -> Iterator[Fault]:
    if is_postgres(options.settings.config.store) or options.store == MEMORY:
        return
    store = Path(options.store)
    free, wanted = shutil.disk_usage(store.parent).free, max(DISK_BYTES_MIN, store.stat().st_size)
    if free < wanted:
        problem = f"{free >> 20} MiB are free; a copy before a change, or a scrub, may need {wanted >> 20} MiB"
        yield Fault("disk", str(store.parent), problem, "make room, or move the store")


def _versions() -> Iterator[Fault]:
    if sqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
        wanted = ".".join(map(str, SQLITE_VERSION_MIN))
        problem = f"is {sqlite3.sqlite_version}; {wanted} or newer is needed"
        yield Fault("versions", "SQLite", problem, "use a Python that brings a newer SQLite")
