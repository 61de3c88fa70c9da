"""`continuum serve`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from continuum.cli.output import say
from continuum.cli.settings import options_of, shared_options
from continuum.errors import ConfigurationError, FeatureUnavailableError, install_hint


@click.command()
@click.option("--host", help="Address to serve on (default 127.0.0.1).")
@click.option("--port", type=int, help="Port to serve on (default 8420).")
@shared_options
def command(
    host: str | None,
    port: int | None,
    db_path: str | None,
    tenant: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Serve the HTTP API until Ctrl-C."""
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
    with open_runtime(settings) as runtime:
        host = settings.api_host.strip("[]")  # as a person may write an IPv6 address
        address = url_of(host, settings.api_port)
        body = '{"user_message": "I prefer FastAPI for web projects"}'
        say(f"store: {options.store}")
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
