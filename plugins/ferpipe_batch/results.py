"""The end of a batch: what became of the videos, in lines or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from ferpipe import redact
from ferpipe_batch.text import clock, many, say

if TYPE_CHECKING:
    from ferpipe_batch.batch import Batch

__all__ = ["FORMAT", "close_with", "show_failures"]

FORMAT = "ferpipe.batch/1"
SHOWN = 20
"""Failures that are shown one by one."""


def close_with(batch: Batch, code: int, out: str, *, quiet: bool, as_json: bool) -> None:
    """Show what became of the videos."""
    counts, passed = batch.counts, monotonic() - batch.began
    if as_json:
        click.echo(redact(json.dumps(_document(batch, code, out, passed), indent=2)))
        return
    if not quiet:
        parts = [f"{many(counts.done, 'video')} done in {clock(passed)}"]
        parts += [f"{counts.skipped:,} done before"] if counts.skipped else []
        parts += [f"{counts.failed:,} failed"] if counts.failed else []
        parts += [f"{counts.quarantined:,} quarantined"] if counts.quarantined else []
        say(f"batch: {', '.join(parts)}; the outputs are in {out}")
    show_failures(counts.failures)
    if code > 128:
        say("batch: stopped; run the same command to go on")
    elif code == 1:
        say("batch: run the same command to try the failed videos again")
    elif code == 42:
        say("batch: trying again would not help; after a change, add --retry")


def show_failures(failures: dict[str, dict[str, Any]]) -> None:
    """The failures, a line each; of many the first ones, and how many there are by cause."""
    for key, failure in sorted(failures.items())[:SHOWN]:
        say(f"{key}: {failure['cause']}: {failure['error']}")
    if len(failures) > SHOWN:
        causes = Counter(str(failure["cause"]) for failure in failures.values()).most_common()
        more = ", ".join(f"{count} {cause}" for cause, count in causes)
        say(f"and {len(failures) - SHOWN} more; all by cause: {more}")


def _document(batch: Batch, code: int, out: str, passed: float) -> dict[str, Any]:
    counts = batch.counts
    return {
        "format": FORMAT,
        "output": out,
        "videos": len(batch.plan.rows),
        "done": counts.done,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "quarantined": counts.quarantined,
        "waiting": batch.waiting,
        "frames": counts.frames,
        "seconds": round(passed, 3),
        "exit_code": code,
        "failures": [{"video": key, **failure} for key, failure in sorted(counts.failures.items())],
    }
