"""`continuum serve`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from continuum.cli.output import say
from continuum.cli.settings import options_of, shared_options
from continuum.core.config import MemoryConfig, with_arguments
from continuum.domain.addresses import without_password
from continuum.errors import FeatureUnavailableError, install_hint
from continuum.runtime.safety import needs_credentials, operator_key_path


@click.command()
@click.option("--host", help="Address to serve on (default 127.0.0.1).")
@click.option("--port", type=int, help="Port to serve on (default 8420).")
@click.option("--workers", type=int, help="Processes that serve (default 1).")
@click.option("--tls-certificate", type=click.Path(dir_okay=False), help="Certificate chain, in PEM format.")
@click.option("--tls-key", type=click.Path(dir_okay=False), help="The certificate's private key, in PEM format.")
@click.option("--reload", is_flag=True, help="Begin anew when the code changes: for development.")
@click.option("--embedded-postgres", is_flag=True, help="Keep memories in a PostgreSQL server of one's own.")
@shared_options
def command(
    host: str | None,
    port: int | None,
    workers: int | None,
    tls_certificate: str | None,
    tls_key: str | None,
    reload: bool,
    embedded_postgres: bool,
    db_path: str | None,
    tenant: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Serve the HTTP API until Ctrl-C.

    With --embedded-postgres a PostgreSQL server is started for it, with its data beside the store's file, and ends
    with it: to try what runs on a server otherwise.
    """
    options = options_of(
        db_path,
        tenant,
        config,
        as_json,
        api_host=host,
        api_port=port,
        workers=workers,
        tls_certificate=tls_certificate,
        tls_key=tls_key,
    )
    try:
        from continuum.api.serving import serve
    except ImportError as exc:
        raise FeatureUnavailableError(
            f"the HTTP service needs the extra 'server' ({exc.name} is missing): {install_hint('server')}"
        ) from exc
    from continuum.runtime.service import check_service

    settings = options.settings.config
    check_service(settings)
    with ExitStack() as stack:
        store = options.store
        if embedded_postgres:
            folder = Path(settings.db_path).expanduser().absolute().parent / "postgres"
            server = stack.enter_context(private_server(folder))
            settings = with_arguments(settings, storage=server)
            store = without_password(server)
        _say_where(settings, store)
        serve(settings, reload=reload)


def _say_where(settings: MemoryConfig, store: str) -> None:
    """Where the store is, where the service is, and what to do first."""
    address = url_of(settings.api_host.strip("[]"), settings.api_port, secure=settings.tls_certificate is not None)
    say(f"store: {store}")
    say(f"serving on {address} (API: {address}/openapi.json). Try:")
    if not needs_credentials(settings):
        body = '{"user_message": "I prefer FastAPI for web projects"}'
        say(f"  curl -s {address}/v1/learn -H 'content-type: application/json' -d {shlex.quote(body)}")
        return
    key = "$CONTINUUM_API_KEY" if settings.api_key is not None else f"$(cat {operator_key_path(settings)})"
    say(
        f'  curl -s {address}/v1/admin/api-keys -H "X-API-Key: {key}" -H "X-Tenant-ID: my-tenant" '
        "-H 'content-type: application/json' -d '{}'"
    )


def url_of(host: str, port: int, *, secure: bool = False) -> str:
    """The address of the service; an IPv6 address stands in brackets."""
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


@contextmanager
def private_server(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server that runs in a folder, made if it is missing, as long as the `with` lasts.

    Raises FeatureUnavailableError without its wheel, StorageUnavailableError if it does not start.
    """
    from continuum.storage.private_postgres import PrivatePostgres

    folder.parent.mkdir(parents=True, exist_ok=True)
    with PrivatePostgres(folder) as server:
        yield server.url
