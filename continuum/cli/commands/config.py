"""`continuum config`."""

from __future__ import annotations

from dataclasses import fields

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.settings import Options, with_options
from continuum.core.config import MemoryConfig
from continuum.core.setting import Secret
from continuum.domain.addresses import without_password


@click.group()
def command() -> None:
    """Settings in force, and where each came from."""


@command.command()
@click.option("--changed", is_flag=True, help="Only what is not the default.")
@with_options
def show(options: Options, changed: bool) -> None:
    """Show every setting: its value, where it came from, the variable that sets it. Secrets are not shown."""
    loaded = options.settings
    rows = [
        {
            "name": each.name,
            "value": _shown(loaded.config, each.name),
            "source": loaded.sources.get(each.name, "default"),
            "variable": each.metadata.get("env"),
            "unit": each.metadata.get("unit", ""),
            "help": each.metadata.get("help"),
        }
        for each in fields(MemoryConfig)
        if not changed or loaded.sources.get(each.name, "default") != "default"
    ]
    if options.as_json:
        print_json({"file": str(loaded.path), "settings": rows})
        return
    say(f"file: {loaded.path}")
    print_table(
        ["setting", "value", "from", "variable", "what it is"],
        [[row["name"], row["value"], row["source"], row["variable"] or "", row["help"]] for row in rows],
    )


def _shown(config: MemoryConfig, name: str) -> str | int | float | bool | None:
    value = getattr(config, name)
    if isinstance(value, Secret):
        return "(set, not shown)"
    if isinstance(value, str) and "://" in value:
        return without_password(value)
    return value if isinstance(value, int | float | None) else str(value)
