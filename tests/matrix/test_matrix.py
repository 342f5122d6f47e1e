"""The failure matrix: every kind of stage, broken in every way, under every policy.

A real pipeline of the shipped stages (file, detector, tracker, aligner, classifier, smoother, a plugin's
stage that delays, every sink) runs on half a second of the sample; one of its stages is a subclass of the
real one that breaks at a given moment.  Whatever it does, the run ends in time, blames that stage, that
call and that frame, accounts for every frame, ends with the right exit code, leaves readable outputs, and
leaves neither a thread nor an open file nor a child process.

The full product is run but for what has no meaning: a source has no `flush`; `gives less than it promises`
cannot be seen in stages that promise nothing or only fields of faces (for the source it is a stream that it
does not set); several copies exist of stages only that take each packet by itself.  A window needs a display,
and a process of its own, since Qt keeps its connection to one, and the thread that first showed a window.
The policy only judges failures on a frame; the other cells are run under all three to show just that.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import cv2  # noqa: F401 -- before PyAV, or windows hang

# isort: split
import av
import pytest
from support import faults
from support.cells import FRAMES, Cell, product

from ferpipe import StageError
from ferpipe.config import from_dict
from ferpipe.run import Run, RunReport, engine
from ferpipe.timeline import load

ROOT = Path(__file__).parents[2]
ALONE = "FERPIPE_MATRIX_ALONE"
"""Set in the process that runs a single cell."""
SCREEN = "ferpipe-screen"
"""The thread of the windows, which stays for those of later runs."""
IN_TIME = 60.0
"""Seconds in which a run has to end; it takes less than one on an idle machine."""
GRACE = 20.0
"""Seconds that frames under way have here to reach the outputs, so that no busy machine cuts them off."""
CELLS = tuple(product())


def is_quick(number: int) -> bool:
    """A spread over all stages and faults, and over executors and policies in turn."""
    return number % 16 == 3


def parameters():
    for number, cell in enumerate(CELLS):
        marks = [] if is_quick(number) and cell.stage != "window" else [pytest.mark.slow]
        if cell.stage == "window" and not os.environ.get("DISPLAY"):
            marks.append(pytest.mark.skip(reason="no display"))
        yield pytest.param(cell, id=str(cell), marks=marks)


@pytest.fixture
def shop():
    """What the broken stage shares with the test; it lets go of what hangs, whatever the test finds."""
    opened = faults.reopen()
    yield opened
    opened.release.set()


def start(cell: Cell, clip: Path, folder: Path, registry) -> Run:
    options = {
        "file": {"path": str(clip)},
        "blazeface": {"model": "short"},
        "video": {"path": str(folder / "out.mp4"), "preset": "ultrafast"},
        "timeline": {"path": str(folder / "out.json")},
        "stream": {"url": str(folder / "live.m3u8")},
    }
    stages = [{"use": name, "name": name, "with": options.get(name, {})} for name in cell.names]
    one = stages[cell.names.index(cell.stage)]
    one["use"] = f"broken-{cell.stage}"
    one["with"] = {**one["with"], "fault": cell.fault}
    one["on_error"] = cell.policy
    run = {
        "executor": "inline" if cell.way == "inline" else "threads",
        "copies": 3 if cell.way == "copies" else 1,
    }
    made = from_dict({"version": 1, "run": run, "stages": stages}, registry=registry, variables=False)
    return Run(made.graph, made.settings).start()


def open_files() -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[str(entry.readlink())] += 1
        except OSError:  # the handle of this very listing
            continue
    return found


def children() -> set[str]:
    found: set[str] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has just ended
            found.update(task.read_text().split())
    return found


class Surroundings:
    """What there was before a run, to see what it leaves behind."""

    def __init__(self) -> None:
        self.threads = set(threading.enumerate())
        self.files = open_files()
        self.children = children()

    def left(self, allowed: list[threading.Thread] | None = None, within: float = 10.0) -> dict:
        """What is there now and was not, after waiting for it to go."""
        deadline = time.monotonic() + within
        while (left := self._left(allowed or [])) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    def _left(self, allowed: list[threading.Thread]) -> dict:
        found = {
            "threads": {t for t in threading.enumerate() if t.name != SCREEN} - self.threads - set(allowed),
            "children": children() - self.children,
            "files": {} if allowed or ALONE in os.environ else dict(open_files() - self.files),
        }
        return {what: which for what, which in found.items() if which}


@pytest.fixture(scope="module", autouse=True)
def warm(clip: Path, tmp_path_factory: pytest.TempPathFactory, registry) -> None:
    """Load every library once, so that what they keep open for good is there before."""
    for last in ("null", "stream"):
        folder = tmp_path_factory.mktemp("warm")
        run = start(Cell(last, "", "threads", "fail"), clip, folder, registry)
        assert run.wait(IN_TIME)
        assert run.report().error is None
        assert run.report().frames == FRAMES


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
@pytest.mark.parametrize("cell", list(parameters()))
def test_matrix(cell: Cell, clip: Path, tmp_path: Path, registry, shop: faults.Shop, monkeypatch) -> None:
    if cell.stage == "window" and ALONE not in os.environ:
        holds_in_a_process_of_its_own(cell)
        return
    monkeypatch.setattr(engine, "_GRACE", GRACE)
    before = Surroundings()
    run = start(cell, clip, tmp_path, registry)
    assert run.wait(IN_TIME), "the run did not end in time"
    report = run.report()
    says_what_happened(cell, report)
    accounts_for_every_frame(cell, report)
    assert run.left_behind == ((cell.stage,) if cell.hangs else ())
    if not cell.hangs or cell.stage != "stream":  # which cannot end its ffmpeg while it hangs
        assert not before.left(shop.stuck)
    if cell.hangs:
        finished = {each for each in contents(tmp_path) if each[0] in {"out.mp4", "out.json"}}
        assert shop.stuck
        shop.release.set()
        assert not before.left()
        assert finished <= contents(tmp_path), "a finished output was written to later"
    leaves_outputs(cell, report, tmp_path)
    del run
    gc.collect()
    assert not [kept for kept in shop.kept if kept() is not None], "what the stage kept is still held"


def holds_in_a_process_of_its_own(cell: Cell) -> None:
    test = f"{Path(__file__)}::test_matrix[{cell}]"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT), test]
    ended = subprocess.run(
        command, env={**os.environ, ALONE: "1"}, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ended.returncode == 0, ended.stdout


def says_what_happened(cell: Cell, report: RunReport) -> None:
    if cell.forgiven:
        assert report.error is None
        assert report.exit_code == 0
        assert next(s.errors for s in report.stages if s.name == cell.stage) >= 1
    else:
        error = report.error
        assert isinstance(error, StageError), f"told {error!r}"
        assert (error.stage, error.call) == (cell.stage, cell.call)
        if cell.call == "process":
            assert error.frame == cell.at
            assert f"at frame {cell.at} (" in str(error)
        assert cell.says in str(error)
        assert "\n" not in str(error)
        assert report.exit_code == 1
    for other in report.others:
        assert isinstance(other, StageError)
        assert other.stage == cell.stage, "somebody else is blamed too"


def accounts_for_every_frame(cell: Cell, report: RunReport) -> None:
    if cell.call == "open":
        assert report.sources == ()
        return
    (source,) = report.sources
    assert source.in_flight == 0
    assert source.entered == source.out + sum(source.dropped.values()) + sum(source.failed.values())
    assert dict(source.failed) == ({cell.stage: cell.failed} if cell.failed else {})
    least, most = cell.out()
    assert least <= source.out <= most
    least, most = cell.seen_by("file")
    assert least <= source.entered <= most


def contents(folder: Path) -> set[tuple[str, int]]:
    return {(path.name, path.stat().st_size) for path in folder.iterdir()}


def leaves_outputs(cell: Cell, report: RunReport, folder: Path) -> None:
    """Finished files, also of the stage that hung, now that it has come back."""
    names = {path.name for path in folder.iterdir()}
    if cell.call == "open":
        assert names == set()
        return
    assert {"out.mp4", "out.json"} <= names
    assert not [name for name in names if name.endswith((".part", ".tmp"))]
    with av.open(str(folder / "out.mp4")) as film:
        stamps = [packet.pts for packet in film.demux(video=0) if packet.size]
        assert film.streams.video[0].codec_context is not None
    least, most = cell.written_by("video")
    assert least <= len(stamps) <= most
    timeline = load(folder / "out.json")
    least, most = cell.written_by("timeline")
    assert least <= len(timeline.frames) <= most
    assert timeline.complete in cell.complete()
    assert json.loads((folder / "out.json").read_text())["format"] == "ferpipe.timeline/2"
