"""The options that every command shares, and the settings they give."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from continuum.core.config import LoadedSettings, MemoryConfig, load_settings
from continuum.domain.addresses import without_password
from continuum.domain.records import Json
from continuum.errors import NotFoundError
from continuum.storage.factory import is_postgres, sqlite_path

MEMORY = ":memory:"
Command = TypeVar("Command", bound=Callable[..., object])
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Options:
    """What a command was told about the store, and how to print."""

    settings: LoadedSettings
    as_json: bool

    @property
    def store(self) -> str:
        """Where the store in use is: its absolute path, ``:memory:``, or its URL without a password.

        Raises ConfigurationError for an unknown URL.
        """
        store = self.settings.config.store
        if is_postgres(store):
            return without_password(store)
        path = sqlite_path(store)
        return path if path == MEMORY else str(Path(path).expanduser().absolute())

    @property
    def existing(self) -> MemoryConfig:
        """The settings, for a command that only reads. Raises NotFoundError if there is no store yet."""
        store = self.store
        if store != MEMORY and not is_postgres(store) and not Path(store).exists():
            raise NotFoundError(f'no store at {store}; make one with `continuum init` or `continuum learn "..."`')
        return self.settings.config


def shared_options(command: Command) -> Command:
    """Add --storage (or --db-path), --tenant, --config and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Settings file."),
        click.option("--tenant", help="Tenant (default: the settings')."),
        click.option(
            "--storage",
            "--db-path",
            "db_path",
            help="Store: a file, sqlite:///path or postgresql://user@host/database.",
        ),
    ):
        command = option(command)
    return command


def with_options(command: Callable[Concatenate[Options, P], None]) -> Callable[..., None]:
    """Add the shared options, and give the command what they say as its first argument."""

    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        shared: dict[str, Json] = {name: kwargs.pop(name) for name in ("db_path", "tenant", "config", "as_json")}
        command(options_of(**shared), *args, **kwargs)

    return shared_options(told)


def options_of(db_path: str | None, tenant: str | None, config: Path | None, as_json: bool, **more: Json) -> Options:
    """Load the settings with the options as arguments; the store may be named by a path or a URL.

    Raises ConfigurationError.
    """
    name = "storage" if db_path is not None and "://" in db_path else "db_path"
    return Options(load_settings(config, arguments={name: db_path, "tenant_id": tenant, **more}), as_json)
