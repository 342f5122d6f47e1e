"""The verb `serve`.  Only click is imported before it runs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["serve"]


@click.command(short_help="Serve a pipeline as a live page with REST.")
@click.argument("pipeline", required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    default=8765,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen at; 0 takes a free one.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME=ADDRESS",
    help="A source that the page may choose: a file, a URL, or camera:0; may be repeated.",
)
@click.option(
    "--also",
    multiple=True,
    metavar="PIPELINE",
    help="Another pipeline that the page may choose; may be repeated.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="STAGE.OPTION=VALUE",
    help="Change an option of a stage; may be repeated.",
)
@click.option(
    "--plugin",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A Python file with more stages; may be repeated.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder of recordings and jobs. Default: a folder of the user's.",
)
@click.option(
    "--token",
    envvar="FERPIPE_TOKEN",
    help="The secret that clients must have; 'new' makes one. Also FERPIPE_TOKEN.",
)
@click.option("--public", is_flag=True, help="Serve without a token at an address that others can reach.")
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="A name under which the server is reached, such as a proxy's; may be repeated.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The certificate for https, in PEM format.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The private key of the certificate, in PEM format.",
)
@click.option("--loop", is_flag=True, help="Begin a file again at its end.")
def serve(
    pipeline: str | None,
    host: str,
    port: int,
    sources: tuple[str, ...],
    also: tuple[str, ...],
    sets: tuple[str, ...],
    plugin: tuple[Path, ...],
    data: Path | None,
    token: str | None,
    hosts: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    *,
    public: bool,
    loop: bool,
) -> int:
    """Serve a pipeline as a live page, with recordings, uploads, the browser's camera and REST.

    PIPELINE is a YAML file, or the name of a ready pipeline such as 'rtsp'. Without one, nothing runs
    until someone starts it, and cameras, uploads and REST go through the usual stages.
    """
    from ferpipe_web.extras import missing

    missing()
    from ferpipe_web.start import Request, run

    return run(
        Request(
            pipeline=pipeline,
            host=host,
            port=port,
            sources=sources,
            also=also,
            sets=sets,
            plugins=tuple(str(each) for each in plugin),
            data=data,
            token=token,
            public=public,
            hosts=hosts,
            certificate=certificate,
            key=key,
            loop=loop,
        )
    )
