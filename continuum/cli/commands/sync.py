"""`continuum sync`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click

from continuum.cli.output import print_json, say, visible
from continuum.cli.remote import service_of, tenant_of
from continuum.cli.service_side import ServiceSide
from continuum.cli.settings import MEMORY, Options, with_server_options
from continuum.cli.sync_marks import keep_mark, mark_path, read_mark
from continuum.core.config import MemoryConfig
from continuum.core.memory import ConsciousMemory
from continuum.domain.addresses import without_password
from continuum.errors import InvalidInputError
from continuum.portability.syncing import Side, StoreSide, SyncResult, Taken, sync_memories
from continuum.storage.factory import is_postgres, sqlite_path


@click.command()
@click.argument("other", required=False)
@click.option("--from-the-beginning", is_flag=True, help="Compare all, whatever earlier syncs have compared.")
@with_server_options
def command(options: Options, other: str | None, from_the_beginning: bool) -> None:
    """Bring this store and OTHER to the same state: each takes over what the other has learnt and forgotten.

    OTHER is a service (https://...), or another store: a file, sqlite:///path or postgresql://user@host/database. It
    may be left out where a service is set (--server). Broken off, it goes on where it was when it is called again.
    """
    named = other or options.server
    if named is None:
        raise InvalidInputError("other", "is missing; name a service (https://...) or another store")
    local = replace(
        options, settings=replace(options.settings, config=replace(options.settings.config, server_url=None))
    )
    with ConsciousMemory(config=local.existing) as here, _side_of(local, named) as (there, tenant, address):
        if address == local.store and tenant == here.tenant_id:
            raise InvalidInputError("other", "is this very store; name another one")
        path = mark_path(f"{local.store} {here.tenant_id}", address, tenant)
        mark = None if from_the_beginning else read_mark(path)
        done = sync_memories(StoreSide(here), there, mark, progress=say)
    try:
        keep_mark(path, done.mark)
    except OSError as exc:  # all is done: the next sync only has more to compare
        say(visible(f"cannot keep where it got to in {path}: {exc.strerror}; the next sync compares all"))
    if options.as_json:
        print_json({"here": local.store, "there": address, **asdict(done)})
    else:
        _say_what_was_done(done, local.store, address)


@contextmanager
def _side_of(options: Options, other: str) -> Iterator[tuple[Side, str, str]]:
    """The other side, its tenant and its address without a password."""
    if other.startswith(("http://", "https://")):
        config = replace(options.settings.config, server_url=other)
        served = replace(options, settings=replace(options.settings, config=config))
        with service_of(served) as client:
            yield ServiceSide(client), tenant_of(client), without_password(other)
        return
    with ConsciousMemory(config=_config_of(options.settings.config, other)) as memory:
        yield StoreSide(memory), memory.tenant_id, _address_of(other)


def _config_of(config: MemoryConfig, other: str) -> MemoryConfig:
    if not is_postgres(other):
        path = sqlite_path(other)
        if path == MEMORY or not Path(path).expanduser().is_file():
            problem = f"is {path}, where no store is; make one with `continuum init --storage {path}`"
            raise InvalidInputError("other", problem)
    return replace(config, storage=other)


def _address_of(other: str) -> str:
    return without_password(other) if is_postgres(other) else str(Path(sqlite_path(other)).expanduser().absolute())


def _say_what_was_done(done: SyncResult, here: str, there: str) -> None:
    click.echo(visible(f"from {there}: {_words(done.pulled)}"))
    click.echo(visible(f"from {here}: {_words(done.pushed)}"))


def _words(taken: Taken) -> str:
    told = f"{taken.messages} message(s), {taken.entries - taken.messages} other entries"
    return told + (f"; {taken.forgotten} message(s) forgotten there were forgotten" if taken.forgotten else "")
