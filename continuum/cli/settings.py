"""The options that every command shares, and the settings they give."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from continuum.core.config import LoadedSettings, MemoryConfig, load_settings
from continuum.domain.addresses import without_password
from continuum.domain.records import Json
from continuum.errors import InvalidInputError, NotFoundError
from continuum.storage.factory import is_postgres, sqlite_path

MEMORY = ":memory:"
KEY_FILE_BYTES_MAX = 16_384
Command = TypeVar("Command", bound=Callable[..., object])
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Options:
    """What a command was told about the store, and how to print."""

    settings: LoadedSettings
    as_json: bool
    key: str | None = field(default=None, repr=False)
    """The credential that a service is shown."""

    @property
    def server(self) -> str | None:
        """The address of the service that is used instead of a store."""
        return self.settings.config.server_url

    @property
    def store(self) -> str:
        """Where the memory in use is: a store's absolute path, ``:memory:``, or a URL without a password.

        Raises ConfigurationError for an unknown URL.
        """
        if self.server is not None:
            return without_password(self.server)
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
    """Add the shared options, and give the command what they say as its first argument.

    The command works on a store: where a service is named, it says so, and does nothing.
    """
    return _told(command, takes_server=False)


def with_server_options(command: Callable[Concatenate[Options, P], None]) -> Callable[..., None]:
    """`with_options` for a command that works on a store as well as on a service (--server)."""
    return _told(command, takes_server=True)


def _told(command: Callable[Concatenate[Options, P], None], *, takes_server: bool) -> Callable[..., None]:
    @functools.wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        shared: dict[str, Json] = {name: kwargs.pop(name) for name in ("db_path", "tenant", "config", "as_json")}
        server, key_file = kwargs.pop("server"), kwargs.pop("api_key_file")
        options = _with_server(options_of(**shared, server_url=server), shared["db_path"], server, key_file)
        if options.server is not None and not takes_server:
            raise InvalidInputError("server", _store_only())
        command(options, *args, **kwargs)

    hidden = not takes_server
    for option in (
        click.option(
            "--api-key-file",
            type=click.Path(dir_okay=False, path_type=Path),
            hidden=hidden,
            help="File of the key or token that the service is shown (default: CONTINUUM_CLIENT_KEY).",
        ),
        click.option("--server", metavar="URL", hidden=hidden, help="Service to use instead of a store."),
    ):
        told = option(told)
    return shared_options(told)


def _with_server(options: Options, db_path: Json, server: Json, key_file: Json) -> Options:
    """The options, with the credential of a service; a store named on the command line goes before a set service."""
    config = options.settings.config
    if key_file is not None:
        options = replace(options, key=_key_in(key_file))
    elif config.client_key is not None:
        options = replace(options, key=config.client_key.reveal())
    if db_path is None:
        return options
    if server is not None:
        raise click.UsageError("--server and --storage name two memories; leave one out")
    return replace(options, settings=replace(options.settings, config=replace(config, server_url=None)))


def _key_in(path: Path) -> str:
    """The only line of a file. Raises InvalidInputError, which shows nothing of it, and OSError."""
    with path.open("rb") as file:
        lines = file.read(KEY_FILE_BYTES_MAX + 1).split()
    if len(lines) != 1 or len(lines[0]) > KEY_FILE_BYTES_MAX:
        raise InvalidInputError("api-key-file", f"{path} must hold one key or token, and nothing else")
    return lines[0].decode("ascii", "replace")


def _store_only() -> str:
    name = click.get_current_context().info_name
    return (
        f"`continuum {name}` works on a store, not through a service; name one with --storage, and leave --server "
        "(CONTINUUM_SERVER_URL) out"
    )


def options_of(db_path: str | None, tenant: str | None, config: Path | None, as_json: bool, **more: Json) -> Options:
    """Load the settings with the options as arguments; the store may be named by a path or a URL.

    Raises ConfigurationError.
    """
    name = "storage" if db_path is not None and "://" in db_path else "db_path"
    return Options(load_settings(config, arguments={name: db_path, "tenant_id": tenant, **more}), as_json)
