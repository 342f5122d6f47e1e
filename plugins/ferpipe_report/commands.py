"""The verbs `report` and `convert`.  Only click is imported before one runs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]

_FILE = click.Path(path_type=Path)
_OUT = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Make one offline HTML page of timelines.")
@click.argument("timelines", type=_FILE, nargs=-1, required=True, metavar="TIMELINE...")
@click.option("-o", "--output", type=_OUT, help="The page; NAME.report.html beside TIMELINE where left out.")
@click.option("--title", help="The title of the page.")
@click.option(
    "--events",
    type=_FILE,
    multiple=True,
    help="Marks and stretches to show: .csv or .tsv (also BIDS and BORIS), .eaf, .vtt or .srt.",
)
@click.option("--align", metavar="EVENT", help="Lay several recordings over each other at this event.")
@click.option(
    "--by",
    type=click.Choice(["person", "file"]),
    default="person",
    show_default=True,
    help="A row a person, or a row a file with the largest face of each frame.",
)
@click.option(
    "--video", "videos", type=_FILE, multiple=True, help="The video of each TIMELINE, in their order."
)
@click.option("--embed", is_flag=True, help="Put the videos into the page; left out, it links to them.")
@click.option(
    "--thumbnails/--no-thumbnails", default=True, help="Small pictures of the videos; they show faces."
)
@click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
def report(
    timelines: tuple[Path, ...],
    output: Path | None,
    title: str | None,
    events: tuple[Path, ...],
    align: str | None,
    by: str,
    videos: tuple[Path, ...],
    *,
    embed: bool,
    thumbnails: bool,
    overwrite: bool,
) -> int:
    """Make one HTML page of timelines that works without a network.

    TIMELINE is a file that 'ferpipe timeline' wrote (.json, .jsonl or .csv). Several are laid over
    each other.
    """
    from ferpipe_report.build import Request, build

    build(
        Request(
            timelines,
            output,
            title=title,
            events=events,
            align=align,
            by_file=by == "file",
            videos=videos,
            embed=embed,
            thumbnails=thumbnails,
            overwrite=overwrite,
        )
    )
    return 0
