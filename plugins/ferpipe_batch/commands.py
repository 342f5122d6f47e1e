"""The verb `batch`, with `batch status` and `batch collect`.  Only click is imported before one runs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from ferpipe import UsageError

__all__ = ["batch"]


def _bytes(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """The bytes of a size such as 2G or 500M."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKmMgGtT]?)i?[bB]?", value.strip())
    if found is None:
        raise click.BadParameter(f"'{value}' is no size: write it as 500M or 2G", ctx, param)
    return int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))


class Verbs(click.Group):
    """A group whose first word may be an input: `ferpipe batch clips/ -o out` is `batch run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the word that is left out."""
        if args and args[0] not in {*self.commands, "--help", "-h"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


def _refuse_windows() -> None:
    if sys.platform == "win32":
        raise UsageError("'ferpipe batch' needs Linux or macOS: on Windows, run it in WSL")


@click.group(cls=Verbs, short_help="Run a pipeline over many videos, on one machine or a cluster.")
def batch() -> None:
    """Run a pipeline over many videos, each in a process of its own.

    'ferpipe batch INPUT... -o OUT' is short for 'ferpipe batch run INPUT... -o OUT'. Run the same command
    again to go on: what is done is skipped, what failed is tried again, and what a changed input, pipeline or
    model affects is done anew.

    Exit codes: 0 all videos are done, 1 some failed and may succeed when tried again, 42 some failed and
    trying again would not help, 2 a mistake in what was asked.
    """


@batch.command("run", short_help="Run a pipeline over many videos.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help="The folder of the outputs, or an address."
)
@click.option(
    "--pipeline",
    default="timeline",
    show_default=True,
    metavar="NAME",
    help="A bundled pipeline or the path of a file. It must read 'file'.",
)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="STAGE.OPTION=VALUE",
    help="Change an option of a stage; {name} stands for the output of each video without its ending. "
    "May be repeated.",
)
@click.option(
    "--plugin", multiple=True, metavar="FILE", help="A Python file with more stages; may be repeated."
)
@click.option(
    "--local-plugins/--no-local-plugins",
    default=True,
    help="--no-local-plugins runs an untrusted pipeline safely.",
)
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Videos at once. Default: one for each core."
)
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts. Default: from the array job, if any.")
@click.option(
    "--attempts",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Failures after which a video is quarantined.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="The most that one video may take.",
)
@click.option(
    "--stall-limit",
    type=click.FloatRange(0, min_open=True),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="The longest that one video may take without a further frame.",
)
@click.option(
    "--memory-limit",
    callback=_bytes,
    metavar="SIZE",
    help="The most memory for one video, such as 2G. Default: 90 % of the machine's, divided by --workers.",
)
@click.option(
    "--on",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where the videos run: on this machine, or on a Ray cluster (extra 'ray').",
)
@click.option(
    "--ray-address", metavar="ADDRESS", help="The Ray cluster. Default: RAY_ADDRESS, or a new local one."
)
@click.option(
    "--cores-per-video",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Cores that Ray reserves for each video.",
)
@click.option(
    "--scratch", metavar="FOLDER", help="Folder for local copies of addresses. Default: the system's."
)
@click.option(
    "--scratch-size",
    callback=_bytes,
    metavar="SIZE",
    default="20G",
    show_default=True,
    help="The most that local copies of inputs may take together.",
)
@click.option("--by-hash", is_flag=True, help="Recognise inputs by their content, not by size and time.")
@click.option("--root", metavar="FOLDER", help="The folder of inputs whose tree the outputs mirror.")
@click.option("--retry", is_flag=True, help="Also try quarantined videos again.")
@click.option("--redo", is_flag=True, help="Do everything again.")
@click.option("--overwrite", is_flag=True, help="Replace files in OUT that are not of this batch.")
@click.option(
    "--fresh", is_flag=True, help="Start a new interpreter for each video, even where a copy is safe."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def run(
    inputs: tuple[str, ...],
    output: str,
    pipeline: str,
    sets: tuple[str, ...],
    plugin: tuple[str, ...],
    local_plugins: bool,  # noqa: FBT001 -- click's flags
    workers: int | None,
    shard: str | None,
    attempts: int,
    time_limit: float | None,
    stall_limit: float,
    memory_limit: int | None,
    on: str,
    ray_address: str | None,
    cores_per_video: float,
    scratch: str | None,
    scratch_size: int,
    by_hash: bool,  # noqa: FBT001
    root: str | None,
    retry: bool,  # noqa: FBT001
    redo: bool,  # noqa: FBT001
    overwrite: bool,  # noqa: FBT001
    fresh: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    quiet: bool,  # noqa: FBT001
) -> int:
    """Run a pipeline over many videos, each in a process of its own.

    INPUT is a video, a folder with all folders below it, a quoted pattern, a list (a .txt with a video on
    each line, or a .csv with a column 'path'), or an address such as s3://bucket/clips/ (extra 'remote'). The
    outputs mirror the tree of the inputs: in/a/x.mp4 gives OUT/a/x.timeline.json.
    """
    _refuse_windows()
    from ferpipe_batch.job import Limits
    from ferpipe_batch.plan import Choice
    from ferpipe_batch.run import Cluster, Request
    from ferpipe_batch.run import run as run_batch
    from ferpipe_batch.shards import read_shard
    from ferpipe_batch.template import Recipe

    choice = Choice(inputs, attempts, root, by_hash=by_hash, overwrite=overwrite, redo=redo, retry=retry)
    return run_batch(
        Request(
            choice,
            output,
            Recipe(pipeline, sets, plugin, local_plugins),
            Limits(time_limit, stall_limit, memory_limit),
            read_shard(shard),
            workers,
            fresh=fresh,
            quiet=quiet,
            as_json=as_json,
            cluster=Cluster(ray_address, cores_per_video) if on == "ray" else None,
            scratch=None if scratch is None else Path(scratch).expanduser(),
            bound=scratch_size,
        )
    )


@batch.command("status", short_help="Show how far a batch is.")
@click.argument("output", metavar="OUT")
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
def status(output: str, as_json: bool) -> int:  # noqa: FBT001
    """Show how far the batch in OUT is, on whatever machines it runs.

    The exit code is 0 if all videos are done, 42 if those that are not are quarantined, else 1.
    """
    _refuse_windows()
    from ferpipe_batch.status import show_status

    return show_status(output, as_json=as_json)


@batch.command("collect", short_help="Make one table of all timelines, and one row for each person.")
@click.argument("output", metavar="OUT")
@click.option(
    "-o", "--table", metavar="FOLDER", help="A Parquet dataset of all faces in all frames (.parquet)."
)
@click.option("--summary", metavar="FILE", help="A table (.csv) with a row for each person of each video.")
@click.option("--report", metavar="FILE", help="The page of 'ferpipe report' (.html) over all videos.")
@click.option("--overwrite", is_flag=True, help="Overwrite existing outputs.")
def collect(output: str, table: str | None, summary: str | None, report: str | None, overwrite: bool) -> int:  # noqa: FBT001
    """Make tables and a report of all videos of the batch in OUT that are done."""
    _refuse_windows()
    from ferpipe_batch.collect import Wanted
    from ferpipe_batch.collect import collect as run_collect

    if not (table or summary or report):
        raise UsageError("collect what? add -o all.parquet, --summary summary.csv or --report all.html")
    paths = (None if name is None else Path(name).expanduser() for name in (table, summary, report))
    return run_collect(Path(output), Wanted(next(paths), next(paths), next(paths), overwrite=overwrite))
