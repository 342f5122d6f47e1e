"""A file that never ends, or never begins, is refused wherever a small one is read."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ferpipe.resources import read_json, read_small

BLAZE, TIMELINE = {"use": "blazeface"}, {"use": "timeline", "with": {"path": "t.json"}}
FILE = {"use": "file", "with": {"path": "clip.mp4"}}


def align(path: str) -> list[dict[str, object]]:
    return [FILE, BLAZE, {"use": "align", "with": {"framing": path}}, {"use": "null"}]


def litert(path: str) -> list[dict[str, object]]:
    return [FILE, BLAZE, "align", {"use": "litert", "with": {"model": path}}, TIMELINE]


CASES = {
    "framing: device": align("/dev/zero"),
    "framing: pipe": align("pipe.json"),
    "framing: folder": align("."),
    "framing: nested": align("nested.json"),
    "framing: huge": align("huge.json"),
    "side file: device": litert("./zero.json"),
    "side file: pipe": litert("./pipe.json"),
    "side file: nested": litert("./nested.json"),
    "side file: huge": litert("./huge.json"),
    "beside: pipe": litert("./net.tflite"),
    "weights: device": litert("./zero.tflite"),
    "weights: pipe": litert("./pipe.tflite"),
    "weights that a side file names: device": litert("./names-zero.json"),
    "detector: device": [FILE, {"use": "yunet", "with": {"model": "/dev/zero"}}, TIMELINE],
}
PROGRAM = """
import json, sys
from ferpipe.cli import main
for name, stages in json.load(sys.stdin).items():
    open("p.yaml", "w").write(json.dumps({"version": 1, "stages": stages}))
    print(name, file=sys.stderr, flush=True)
    print("code", main(["run", "p.yaml", "--quiet"]), file=sys.stderr, flush=True)
"""
MOST_MEMORY = 3 * 1024**3


def side_file(weights: str) -> str:
    size = {"height": 48, "width": 48}
    return json.dumps(
        {"version": "ferpipe.model/1", "name": "x", "format": "litert", "classes": ["a", "b"],
         "file": weights, "sha256": "0" * 64, "input": size}
    )  # fmt: skip


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no /dev/zero here")
@pytest.mark.timeout(100)
def test_files_without_end_are_refused_in_one_line(home: Path) -> None:
    """In a process of its own, which may take little memory."""
    for name in ("zero.json", "zero.tflite"):
        (home / name).symlink_to("/dev/zero")
    for name in ("pipe.json", "pipe.tflite", "net.json"):
        os.mkfifo(home / name)
    (home / "nested.json").write_text("[" * 200_000)
    (home / "huge.json").write_text(" " * (20 * 1024 * 1024) + "{}")
    (home / "net.tflite").write_bytes(b"no network")
    (home / "names-zero.json").write_text(side_file("zero.tflite"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(CASES),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY)),
    )
    said = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    told = {said[i]: said[i + 1 : i + 3] for i in range(0, len(said), 3)}
    assert told.keys() == CASES.keys(), done.stderr
    for name, (line, code) in told.items():
        assert (name, code) == (name, "code 2"), line
        assert line.startswith("ferpipe: ")
        assert "internal error" not in line


def test_small_files_are_read_whole_and_others_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}')
    assert read_json(path) == {"a": 1}
    assert read_small(path, 8) == b'{"a": 1}'
    with pytest.raises(OSError, match="larger than"):
        read_small(path, 7)
    with pytest.raises(OSError, match="folder, pipe or device"):
        read_small(tmp_path)
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json(path)
