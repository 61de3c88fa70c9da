"""`continuum mcp install`, `uninstall`, `list`: the memory in the assistants of this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import cast

import click

from continuum.assistants.installing import Change, installed, is_here, is_installed, uninstalled, write
from continuum.assistants.own_store import names_a_store, own_store
from continuum.assistants.places import ASSISTANTS, BY_NAME, Assistant, Machine, Platform
from continuum.cli.output import print_json, print_table, say, visible
from continuum.cli.settings import MEMORY, Options, with_server_options
from continuum.core.config import default_settings_path
from continuum.domain.addresses import without_password
from continuum.errors import ContinuumError, InvalidInputError, NotFoundError
from continuum.storage.factory import is_postgres

CLIENT = click.argument("client", type=click.Choice([*BY_NAME, "all"]), default="all")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Only show the change.")


@click.command()
@CLIENT
@DRY_RUN
@with_server_options
def install(options: Options, client: str, dry_run: bool) -> None:
    """Tell CLIENT, or all assistants that are found, to start this memory.

    The change is shown, written whole, and what was there is kept beside it. The store is --storage, else that of the
    settings if they name one, else ~/.continuum/memory.db; with --server it is a service, whose key belongs into
    ~/.continuum/config.json (client_key), never into an assistant's configuration.
    """
    environ = _environ(options)
    machine = this_machine()
    done = _each(client, machine, lambda each: installed(each, machine, sys.executable, environ), dry_run)
    _tell(options, done, "installed", dry_run)


@click.command()
@CLIENT
@DRY_RUN
@with_server_options
def uninstall(options: Options, client: str, dry_run: bool) -> None:
    """Take this memory out of the configuration of CLIENT, or of all; memories stay where they are."""
    machine = this_machine()
    done = _each(client, machine, lambda each: uninstalled(each, machine), dry_run)
    _tell(options, done, "uninstalled", dry_run)


@click.command()
@with_server_options
def listed(options: Options) -> None:
    """List the assistants that are known, which are here, and which have this memory."""
    machine = this_machine()
    rows = [_row(each, machine) for each in ASSISTANTS]
    if options.as_json:
        print_json({"assistants": rows})
        return
    print_table(
        ["client", "assistant", "here", "has it", "configuration"],
        [[row["client"], row["assistant"], row["here"], row["installed"], row["path"]] for row in rows],
    )


def this_machine() -> Machine:
    """Where configurations are looked for."""
    platform = "win32" if sys.platform == "win32" else "darwin" if sys.platform == "darwin" else "linux"
    return Machine(cast("Platform", platform), Path.home(), os.environ)


def _row(assistant: Assistant, machine: Machine) -> dict[str, str]:
    try:
        has_it = "yes" if is_installed(assistant, machine) else "no"
    except (ContinuumError, OSError) as exc:
        has_it = f"cannot be read: {exc}"
    here = "yes" if is_here(assistant, machine) else "no"
    path = str(assistant.path(machine))
    return {"client": assistant.name, "assistant": assistant.title, "here": here, "installed": has_it, "path": path}


def _environ(options: Options) -> dict[str, str]:
    """What the assistant's server is told of the memory; nothing that is secret. Raises InvalidInputError."""
    config, sources = options.settings.config, options.settings.sources
    tenant = {} if sources.get("tenant_id", "default") == "default" else {"CONTINUUM_TENANT_ID": config.tenant_id}
    if options.server is not None:
        return {"CONTINUUM_SERVER_URL": without_password(options.server), **tenant}
    if is_postgres(config.store):
        if without_password(config.store) != config.store:
            problem = "holds a password, which would lie in the assistant's configuration; set it in "
            raise InvalidInputError("storage", f"{problem}{default_settings_path()} instead")
        return {"CONTINUUM_STORAGE": config.store, **tenant}
    path = options.store if names_a_store(options.settings) else str(own_store())
    if path == MEMORY:
        raise InvalidInputError("db_path", "is :memory:, which nobody finds again; name a file")
    return {"CONTINUUM_DB_PATH": path, **tenant}


def _each(
    client: str, machine: Machine, changed: Callable[[Assistant], Change | None], dry_run: bool
) -> list[dict[str, str]]:
    """Change one configuration, or all that are here; of all, one that cannot be changed does not keep the others."""
    done: list[dict[str, str]] = []
    for assistant in _meant(client, machine):
        try:
            change = changed(assistant)
            outcome = "not there" if change is None else _made(change, dry_run)
        except (ContinuumError, OSError) as exc:
            if client != "all":
                raise
            outcome = str(exc)
        told = {"client": assistant.name, "path": str(assistant.path(machine)), "outcome": outcome}
        done.append(told)
    return done


def _meant(client: str, machine: Machine) -> Iterable[Assistant]:
    if client != "all":
        return [BY_NAME[client]]
    here = [each for each in ASSISTANTS if is_here(each, machine)]
    if not here:
        known = ", ".join(BY_NAME)
        raise NotFoundError(f"no assistant was found on this machine; name one to write its configuration: {known}")
    return here


def _made(change: Change, dry_run: bool) -> str:
    if not change.is_needed:
        return "was so already"
    for line in change.shown().splitlines():
        say(visible(line))
    if dry_run:
        return "would change"
    write(change)
    return "changed"


def _tell(options: Options, done: list[dict[str, str]], verb: str, dry_run: bool) -> None:
    if options.as_json:
        print_json({verb: done, "dry_run": dry_run})
        return
    print_table(["client", "outcome", "configuration"], [[d["client"], d["outcome"], d["path"]] for d in done])
    if verb == "installed" and any(each["outcome"] == "changed" for each in done):
        say("start the assistant anew; it then has the tools recall, learn, search and more")
