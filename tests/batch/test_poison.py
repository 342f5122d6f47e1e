"""Videos that crash, hang, want all memory or fail are quarantined, and the others are done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.batches import batch, tree

Clips = Callable[..., Path]

LIMITS = ("--memory-limit", "500M", "--stall-limit", "15", "--attempts", "2")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_poison_is_quarantined_and_stops_nobody(clips: Clips, tmp_path: Path) -> None:
    folder = clips("a.mp4", "crash.mp4", "hang.mp4", "memory.mp4", "error.mp4", "z.mp4")
    out, log = tmp_path / "out", tmp_path / "log"
    result = batch(folder, out, *LIMITS, code=42, POISON_LOG=str(log))
    assert (result["done"], result["failed"], result["quarantined"]) == (2, 0, 4)
    causes = {failure["video"]: (failure["cause"], failure["attempts"]) for failure in result["failures"]}
    assert causes == {
        "crash.mp4": ("crash", 2),
        "error.mp4": ("error", 2),
        "hang.mp4": ("stalled", 2),
        "memory.mp4": ("memory limit", 2),
    }
    assert "SIGABRT" in next(each["error"] for each in result["failures"] if each["cause"] == "crash")
    assert "Aborted" in (out / ".ferpipe-batch/log/crash.mp4.log").read_text()
    assert "as it was asked for" in (out / ".ferpipe-batch/log/error.mp4.log").read_text()
    assert {name for name in tree(out) if not name.endswith(".part")} == {
        "a.timeline.json",
        "z.timeline.json",
    }
    assert sorted(log.read_text().split()) == sorted(["a", "z", *2 * ["crash", "hang", "memory", "error"]])
    again = batch(folder, out, *LIMITS, code=42, POISON_LOG=str(log))
    assert (again["done"], again["skipped"], again["quarantined"]) == (0, 2, 4)


def test_a_crash_is_logged_while_a_stage_keeps_a_library_quiet(clips: Clips, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = batch(clips("crash-muted.mp4"), out, "--attempts", "1", code=42)
    assert result["failures"][0]["cause"] == "crash"
    log = (out / ".ferpipe-batch/log/crash-muted.mp4.log").read_text()
    assert "Fatal Python error: Aborted" in log
    assert "poison.py" in log


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_where_a_copy_is_not_safe_each_video_has_a_fresh_interpreter(clips: Clips, tmp_path: Path) -> None:
    folder = clips("a.mp4", "crash.mp4")
    warm, fresh = tmp_path / "warm" / "out", tmp_path / "fresh" / "out"
    for out, more in ((warm, ()), (fresh, ("--fresh",))):
        result = batch(folder, out, "--attempts", "1", *more, code=42)
        assert (result["done"], result["failures"][0]["cause"]) == (1, "crash")
    names = ("a.timeline.json",)
    assert [tree(warm)[name] for name in names] == [tree(fresh)[name] for name in names]
