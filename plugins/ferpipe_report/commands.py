"""The verbs `report` and `convert`.  Only click is imported before one runs."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["convert", "report"]

_FILE = click.Path(path_type=Path)
_OUT = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Make one offline HTML page of timelines.")
@click.argument("timelines", type=_FILE, nargs=-1, required=True, metavar="TIMELINE...")
@click.option("-o", "--output", type=_OUT, help="The page. Default: NAME.report.html beside TIMELINE.")
@click.option("--title", help="The title of the page.")
@click.option(
    "--events",
    type=_FILE,
    multiple=True,
    help="Events and intervals to show: .csv or .tsv (also BIDS and BORIS), .eaf, .vtt or .srt.",
)
@click.option("--align", metavar="EVENT", help="Align several recordings at this event, or at 'wallclock'.")
@click.option(
    "--by",
    type=click.Choice(["person", "file"]),
    default="person",
    show_default=True,
    help="One row for each person, or one row for each file with the largest face of each frame.",
)
@click.option(
    "--video", "videos", type=_FILE, multiple=True, help="The video of each TIMELINE, in their order."
)
@click.option("--embed", is_flag=True, help="Embed the videos in the page instead of linking to them.")
@click.option(
    "--thumbnails/--no-thumbnails", default=True, help="Include thumbnails of the videos. They show faces."
)
@click.option("--png", type=_OUT, help="Also write a figure for a paper, at 300 dots per inch.")
@click.option("--svg", type=_OUT, help="Also write that figure as SVG.")
@click.option("--overwrite", is_flag=True, help="Overwrite existing outputs.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def report(
    timelines: tuple[Path, ...],
    output: Path | None,
    title: str | None,
    events: tuple[Path, ...],
    align: str | None,
    by: str,
    videos: tuple[Path, ...],
    png: Path | None,
    svg: Path | None,
    *,
    embed: bool,
    thumbnails: bool,
    overwrite: bool,
    quiet: bool,
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
            figures={form: path for form, path in (("png", png), ("svg", svg)) if path is not None},
            overwrite=overwrite,
            quiet=quiet,
        )
    )
    return 0


@click.command(short_help="Write timelines in the formats of other tools.")
@click.argument("timelines", type=_FILE, nargs=-1, required=True, metavar="TIMELINE...")
@click.option(
    "-o",
    "--output",
    type=_FILE,
    required=True,
    help="The file; with --format a folder, for one file each.",
)
@click.option(
    "--format",
    "kind",
    metavar="FORMAT",
    help="Format of the output: parquet, csv, eaf, vtt, srt, TextGrid, boris, openface.csv, fex.csv or "
    "events.tsv. Default: what its name ends in.",
)
@click.option(
    "--video", "videos", type=_FILE, multiple=True, help="The video of each TIMELINE, for .eaf to link."
)
@click.option("--overwrite", is_flag=True, help="Overwrite existing outputs.")
def convert(
    timelines: tuple[Path, ...],
    output: Path,
    kind: str | None,
    videos: tuple[Path, ...],
    *,
    overwrite: bool,
) -> int:
    """Write timelines in the formats of other tools.

    TIMELINE is a file that 'ferpipe timeline' wrote. Parquet, CSV, BORIS and BIDS hold several in one
    file; ELAN, Praat and subtitles hold one each. What a format cannot hold is said.
    """
    from ferpipe_report.convert.run import FORMATS
    from ferpipe_report.convert.run import convert as run

    if kind is not None and kind not in FORMATS:
        raise click.BadParameter(f"'{kind}' is not one of {', '.join(FORMATS)}", param_hint="--format")
    run(timelines, output, kind, videos, overwrite=overwrite)
    return 0
