"""`continuum serve`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from continuum.cli.output import say
from continuum.cli.settings import options_of, shared_options
from continuum.core.config import with_arguments
from continuum.domain.addresses import without_password
from continuum.errors import ConfigurationError, FeatureUnavailableError, install_hint


@click.command()
@click.option("--host", help="Address to serve on (default 127.0.0.1).")
@click.option("--port", type=int, help="Port to serve on (default 8420).")
@click.option("--embedded-postgres", is_flag=True, help="Keep memories in a PostgreSQL server of one's own.")
@shared_options
def command(
    host: str | None,
    port: int | None,
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
    options = options_of(db_path, tenant, config, as_json, api_host=host, api_port=port)
    try:
        import uvicorn

        from continuum.api.server import create_app
    except ImportError as exc:
        raise FeatureUnavailableError(
            f"the HTTP service needs the extra 'server' ({exc.name} is missing): {install_hint('server')}"
        ) from exc
    from continuum.runtime import open_runtime

    settings = options.settings.config
    with ExitStack() as stack:
        store = options.store
        if embedded_postgres:
            folder = Path(settings.db_path).expanduser().absolute().parent / "postgres"
            server = stack.enter_context(private_server(folder))
            settings = with_arguments(settings, storage=server)
            store = without_password(server)
        runtime = stack.enter_context(open_runtime(settings))
        host = settings.api_host.strip("[]")  # as a person may write an IPv6 address
        address = url_of(host, settings.api_port)
        body = '{"user_message": "I prefer FastAPI for web projects"}'
        say(f"store: {store}")
        say(f"serving on {address} (API: {address}/openapi.json). Try:")
        say(f"  curl -s {address}/v1/learn -H 'content-type: application/json' -d {shlex.quote(body)}")
        try:
            uvicorn.run(create_app(runtime), host=host, port=settings.api_port, log_level="warning")
        except SystemExit as exc:
            raise ConfigurationError(
                f"{address} could not be served; is another program using port {settings.api_port}? "
                "Choose one with --port"
            ) from exc


def url_of(host: str, port: int) -> str:
    """The address of the service; an IPv6 address stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def private_server(folder: Path) -> Iterator[str]:
    """The URL of a PostgreSQL server that runs in a folder, made if it is missing, as long as the `with` lasts.

    Raises FeatureUnavailableError without its wheel, StorageUnavailableError if it does not start.
    """
    from continuum.storage.private_postgres import PrivatePostgres

    folder.parent.mkdir(parents=True, exist_ok=True)
    with PrivatePostgres(folder) as server:
        yield server.url
