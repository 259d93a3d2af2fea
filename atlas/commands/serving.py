"""Serves a built site on this machine until it is interrupted."""

from __future__ import annotations

from pathlib import Path

import click

from site_builder.serve import make_server


def serve(site: Path, port: int, page: str = "") -> None:
    """Say where the site (or one page of it) is, and serve it. Raises as `make_server`."""
    with make_server(site, port) as server:
        address = f"http://127.0.0.1:{server.server_port}/{page}"
        click.echo(f"The atlas is at {address} (stop with Ctrl-C)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
