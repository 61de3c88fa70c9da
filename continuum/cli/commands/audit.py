"""`continuum audit`."""

from __future__ import annotations

import json

import click

from continuum.cli.output import print_json, print_table, say
from continuum.cli.settings import Options, with_options
from continuum.compliance.audit import PAGE_ROWS, PLATFORM, AuditLog, AuditReport, audit_values
from continuum.core.tenants import TENANTS_PER_PAGE_MAX, TenantManager
from continuum.domain.ids import TenantId, tenant_id
from continuum.errors import StorageCorruptError


@click.command()
@click.argument("action", type=click.Choice(["list", "verify", "export", "head"]))
@click.option("--head", help="For verify: a head that was noted earlier, as `audit head` prints it.")
@click.option("--all-tenants", is_flag=True, help="For verify: the logs of every tenant, and the platform's.")
@click.option("--platform", is_flag=True, help="The platform's own log: operators, refused callers, noted heads.")
@click.option("--limit", type=click.IntRange(1, PAGE_ROWS), default=50, help="For list: how many rows (default 50).")
@with_options
def command(options: Options, action: str, head: str | None, all_tenants: bool, platform: bool, limit: int) -> None:
    """List, check or export who did what, from where, and how it went.

    `export` writes JSON Lines to standard output. `verify` fails with exit code 10 if a row was changed, removed or
    put in; rows cut off at the end show against a `--head` that you noted, or one that the platform's log holds.
    """
    with TenantManager(config=options.existing) as manager:
        log = AuditLog(manager.engine)
        tenant = PLATFORM if platform else tenant_id(manager.config.tenant_id)
        if action == "verify":
            tenants = _all_of(manager) if all_tenants else [tenant]
            _say_reports(options, [log.verify(each, head) for each in tenants])
        elif action == "export":
            for row in log.export(tenant):
                click.echo(json.dumps(row, ensure_ascii=False))
        elif action == "head":
            click.echo(str(log.head(tenant)))
        else:
            _list(options, log, tenant, limit)


def _all_of(manager: TenantManager) -> list[TenantId]:
    """The platform and every tenant, by name."""
    names: list[TenantId] = []
    while page := manager.list_tenants(TENANTS_PER_PAGE_MAX, names[-1] if names else ""):
        names += [tenant_id(each["tenant_id"]) for each in page]
    return names if PLATFORM in names else [PLATFORM, *names]


def _say_reports(options: Options, reports: list[AuditReport]) -> None:
    """Raises StorageCorruptError if a chain is broken."""
    broken = [each for each in reports if not each.is_whole]
    if options.as_json:
        print_json({"reports": reports, "is_whole": not broken})
    else:
        for each in reports:
            state = "whole" if each.is_whole else f"BROKEN at row {each.broken_at}: {each.problem}"
            click.echo(f"{each.tenant_id}: {each.rows} rows, {state}; head {each.head}")
    if broken:
        raise StorageCorruptError(f"the audit log of {broken[0].tenant_id} is not what was written; keep a copy of it")


def _list(options: Options, log: AuditLog, tenant: TenantId, limit: int) -> None:
    newest = log.head(tenant).number
    rows = [audit_values(row) for row in log.list(tenant, after=max(0, newest - limit), limit=limit)]
    if options.as_json:
        print_json({"entries": rows, "tenant_id": tenant})
        return
    columns = ["number", "recorded_at", "actor", "action", "target", "source", "outcome"]
    print_table(columns, [[row[name] for name in columns] for row in rows])
    if newest > limit:
        say(f"the newest {limit} of {newest} rows; `continuum audit export` writes all of them")
