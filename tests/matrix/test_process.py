"""Cells of the matrix as a whole process: its end, its exit code, its words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.cells import FRAMES

from ferpipe.timeline import load

ROOT = Path(__file__).parents[2]
LESS_THAN_A_HANG = 50
"""Seconds; a stage that hangs comes back after 60, and the process must not wait for it."""


def pipeline(clip: Path, fault: str, policy: str) -> str:
    return f"""
version: 1
plugins: [{Path(__file__).with_name("faulty.py")}]
stages:
  - use: file
    with: {{path: {clip}, max_width: 160}}
  - use: blazeface
    with: {{model: short}}
  - use: broken-track
    name: track
    on_error: {policy}
    with: {{fault: {fault}}}
  - use: timeline
    with: {{path: out.json}}
"""


@pytest.mark.parametrize("executor", [pytest.param("inline", marks=pytest.mark.slow), "threads"])
@pytest.mark.parametrize(
    ("fault", "policy", "code", "says"),
    [
        (
            "hangs in process",
            "skip",
            1,
            "stage 'track' failed in process at frame 4 (0.160 s): no response for 30 s",
        ),
        ("raises in flush", "pass", 1, "stage 'track' failed in flush: ValueError: no such thing"),
        ("MemoryError", "fail", 1, "stage 'track' failed in process at frame 4 (0.160 s): MemoryError"),
        ("MemoryError", "skip", 0, ""),
    ],
)
def test_the_process_ends_as_the_run_did(
    clip: Path, tmp_path: Path, executor: str, fault: str, policy: str, code: int, says: str
) -> None:
    (tmp_path / "broken.yaml").write_text(pipeline(clip, fault, policy))
    ended = subprocess.run(
        [sys.executable, "-m", "ferpipe", "run", "broken.yaml", "--quiet", "--executor", executor],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=LESS_THAN_A_HANG,
        check=False,
    )
    assert ended.returncode == code
    assert ended.stderr == (f"ferpipe: {says}\n" if says else "")
    timeline = load(tmp_path / "out.json")
    assert timeline.complete == (code == 0)
    assert len(timeline.frames) == (FRAMES - 1 if not code else FRAMES if "flush" in fault else 4)
