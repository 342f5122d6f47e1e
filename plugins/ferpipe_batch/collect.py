"""`ferpipe batch collect`: all timelines of a batch as one table, one row a person, and one report."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe import Output, RunError, UsageError
from ferpipe.timeline import Timeline, load
from ferpipe_batch.dataset import Dataset
from ferpipe_batch.folder import Folder
from ferpipe_batch.manifest import Entry, read
from ferpipe_batch.text import many, say

__all__ = ["Wanted", "collect"]

TIMELINES = (".json", ".jsonl", ".csv")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made: the folder of the dataset, the table of people, the page; None for none."""

    table: Path | None
    summary: Path | None
    report: Path | None
    overwrite: bool = False


def collect(out: Path, wanted: Wanted) -> int:
    """Make what is wanted of all videos that are done.

    Raises UsageError where `out` holds no batch or no timeline, or a target exists.
    """
    folder = Folder(out, make=False)
    entries = sorted(read(folder.path).entries.values(), key=lambda entry: entry.key)
    done = [entry for entry in entries if entry.state == "done"]
    named = [(entry, path) for entry in done for path in _timelines(out, entry)]
    if not named:
        raise UsageError(f"{out} has no timelines yet: 'ferpipe batch status {out}' shows how far it is")
    if len(done) < len(entries):
        say(f"warning: {many(len(entries) - len(done), 'video')} not done, and not included")
    dataset = None if wanted.table is None else Dataset(wanted.table, overwrite=wanted.overwrite)
    people = None if wanted.summary is None else _People(wanted.summary, overwrite=wanted.overwrite)
    try:
        for entry, path in named:
            timeline = load(path)
            if dataset is not None:
                dataset.add(entry.key, timeline)
            if people is not None:
                people.add(entry.key, timeline)
        for made in (dataset, people):
            if made is not None:
                made.commit()
                say(f"wrote {made.target}")
    finally:
        for made in (dataset, people):
            if made is not None:
                made.close()
    return 0 if wanted.report is None else _report([path for _, path in named], wanted)


def _timelines(out: Path, entry: Entry) -> Iterator[Path]:
    """The timelines among the outputs of a video: of several, the first one."""
    for name in entry.outputs:
        path = out / name
        if name.endswith(TIMELINES) and ".timeline." in path.name:
            yield path
            return


class _People:
    """`summary.csv`: a row a person a video, written at the end, when all columns are known."""

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        self.target = target
        target.parent.mkdir(parents=True, exist_ok=True)
        self._output = Output(target, overwrite=overwrite)
        self._rows: list[dict[str, Any]] = []
        self._labels: dict[str, None] = {}
        self._measures: dict[str, None] = {}

    def add(self, key: str, timeline: Timeline) -> None:
        """The people of one video."""
        for track in timeline.tracks:
            total = sum(track["seconds"].values())
            row: dict[str, Any] = {"video": key, "person": track["id"], "first": track["first"]}
            row |= {"last": track["last"], "frames": track["frames"], "dominant": track["dominant"]}
            row |= {"labelled_seconds": round(total, 6)}
            for label in (*timeline.classes, *track["seconds"]):
                self._labels.setdefault(label)
                seconds = track["seconds"].get(label, 0.0)
                row[f"share_{label}"] = round(seconds / total, 6) if total else None
            for name, spread in track.get("measures", {}).items():
                self._measures.setdefault(name)
                row[f"mean_{name}"], row[f"sd_{name}"] = spread["mean"], spread["sd"]
            self._rows.append(row)

    def commit(self) -> None:
        """Write the table and give it its name."""
        names = ["video", "person", "first", "last", "frames", "dominant", "labelled_seconds"]
        names += [f"share_{label}" for label in self._labels]
        names += [f"{kind}_{name}" for name in self._measures for kind in ("mean", "sd")]
        text = io.StringIO()
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        self._output.write(text.getvalue().encode("utf-8", "surrogateescape"))
        self._output.commit()

    def close(self) -> None:
        """Leave nothing behind where it was not committed."""
        self._output.close()


def _report(timelines: list[Path], wanted: Wanted) -> int:
    """The page of `ferpipe report`, which is another package: through the command line."""
    command = [sys.executable, "-m", "ferpipe", "report", *map(str, timelines), "-o", str(wanted.report)]
    try:
        ran = subprocess.run([*command, *(["--overwrite"] if wanted.overwrite else [])], check=False)
    except OSError as error:
        raise RunError(
            f"the report over {len(timelines)} timelines has not started: {error.strerror}"
        ) from error
    return ran.returncode
