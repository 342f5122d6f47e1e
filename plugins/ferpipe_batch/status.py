"""`ferpipe batch status`: how far a batch is, by its manifest alone."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from ferpipe import redact
from ferpipe_batch.folder import Folder
from ferpipe_batch.manifest import Entry, read
from ferpipe_batch.results import FORMAT, show_failures
from ferpipe_batch.text import clock, many, say

__all__ = ["show_status", "status_of"]

RECENT = 1800.0
"""Seconds that the rate is taken over."""


def show_status(out: str, *, as_json: bool) -> int:
    """Print the status and give the exit code.  Raises UsageError where `out` holds no batch."""
    status = status_of(Folder(Path(out), make=False), time.time())
    if as_json:
        click.echo(redact(json.dumps(status, indent=2)))
        return int(status["exit_code"])
    click.echo(
        f"{many(status['videos'], 'video')}: {status['done']:,} done, {status['running']:,} under way, "
        f"{status['waiting']:,} waiting, {status['failed']:,} failed, {status['quarantined']:,} quarantined"
    )
    begun, count = status["shards_begun"], status["shards"]
    if count > 1:
        click.echo(f"{begun} of {count} shards have begun; the videos of the others are not counted")
    if status["per_hour"]:
        seconds = status["seconds_left"]
        left = f", {clock(seconds)} left at this rate" if seconds else ""
        click.echo(f"{status['per_hour']:,.0f} videos an hour{left}")
    for cause, number in sorted(status["causes"].items(), key=lambda pair: -pair[1]):
        click.echo(f"{number:,} {cause}")
    show_failures({failure["video"]: failure for failure in status["failures"]})
    if not status["live"] and status["running"]:
        say("batch: nothing is at work on this machine; run the same command to go on")
    return int(status["exit_code"])


def status_of(folder: Folder, now: float) -> dict[str, Any]:
    """The status as JSON; now: seconds since the epoch."""
    state = read(folder.path)
    planned = folder.planned()
    entries = {key: entry for key, entry in state.entries.items() if key in planned}
    states = Counter(entry.state for entry in entries.values())
    rate = _rate([entry for entry in entries.values() if entry.state == "done"], now)
    waiting = len(planned) - len(entries)
    left = waiting + states["running"]
    failed = [entry for entry in entries.values() if entry.state in {"failed", "quarantined"}]
    begun, count = folder.shards()
    unfinished = left + states["failed"]
    return {
        "format": FORMAT,
        "output": str(folder.out),
        "videos": len(planned),
        "done": states["done"],
        "running": states["running"],
        "waiting": waiting,
        "failed": states["failed"],
        "quarantined": states["quarantined"],
        "shards_begun": begun,
        "shards": count,
        "live": folder.is_live(),
        "per_hour": round(rate * 3600, 1),
        "seconds_left": round(left / rate) if rate else None,
        "frames": sum(entry.frames for entry in entries.values() if entry.state == "done"),
        "causes": dict(Counter(entry.cause or "unknown" for entry in failed)),
        "failures": [
            {"video": entry.key, "cause": entry.cause, "error": entry.error, "attempts": entry.attempts}
            for entry in sorted(failed, key=lambda entry: entry.key)
        ],
        "exit_code": 1 if unfinished else 42 if states["quarantined"] else 0,
    }


def _rate(done: list[Entry], now: float) -> float:
    """Videos a second lately; of a batch that is over, in its last half hour."""
    if not done:
        return 0.0
    end = min(now, max(entry.time for entry in done))
    recent = [entry for entry in done if entry.time >= end - RECENT]
    begin = min(entry.time - entry.seconds for entry in recent)
    return len(recent) / max(end - begin, 1e-3)
