"""Standard output and error that are closed, gone, full or paused, and a run that goes on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

PYTHON = shlex.quote(sys.executable)
RUN = f"exec {PYTHON} -m ferpipe run p.yaml"


@pytest.fixture
def folder(counting: Path) -> Path:
    (counting / "p.yaml").write_text(
        "version: 1\nplugins: [./kit.py]\nstages: [{use: count, with: {frames: 20}}, talk]\n"
    )
    return counting


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "ending",
    [
        "<&- >&- 2>&-",
        "2>&1 >/dev/null | true",
        *(
            pytest.param(each, marks=pytest.mark.slow)
            for each in ("2>/dev/full", "2>&-", "2>&- >&-", ">/dev/full 2>&1")
        ),
    ],
)
def test_a_run_is_finished_whatever_becomes_of_its_streams(folder: Path, ending: str) -> None:
    line = f"({RUN}; echo $? > code) {ending}".replace("exec ", "")
    shell(folder, line)
    assert (folder / "code").read_text() == "0\n"
    lines = (folder / "out.txt").read_text().splitlines()
    assert lines == [str(i) for i in range(20)]  # nothing of what was said is in it
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".part") == []


def test_a_reader_that_pauses_holds_up_nothing(folder: Path) -> None:
    command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", "--set", "count.frames=2500"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (folder / "out.txt").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len((folder / "out.txt").read_text().splitlines()) == 2500
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 0
    assert "lines were dropped: nobody was reading" in said
    assert "count: 2500 frames in, 2500 out" in said  # what is said at the end is waited for
    assert said.count("\n") < 2500


@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "verb",
    [
        "--help",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("doctor", "schema", "models --json")),
    ],
)
def test_standard_output_that_is_full_is_one_line(folder: Path, verb: str, unbuffered: str) -> None:
    done = shell(folder, f"PYTHONUNBUFFERED={unbuffered} {PYTHON} -m ferpipe {verb} > /dev/full")
    assert (done.returncode, done.stderr) == (
        1,
        "ferpipe: cannot write to standard output: No space left on device\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["| true", ">&- 2>&-"])
def test_standard_output_that_nobody_reads_is_no_error(folder: Path, ending: str) -> None:
    done = shell(folder, f"{PYTHON} -m ferpipe plugins {ending}")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["2>&-", "2>/dev/full"])
def test_a_mistake_keeps_its_code_where_nobody_reads_it(folder: Path, ending: str) -> None:
    assert shell(folder, f"{PYTHON} -m ferpipe run none {ending}").returncode == 2


def test_quiet_silences_native_libraries_too(folder: Path) -> None:
    loud = shell(folder, RUN)
    assert loud.stderr.count("native\n") == 3
    (folder / "out.txt").unlink()
    assert shell(folder, f"{RUN} --quiet").stderr == ""
    assert shell(folder, f"{RUN} --quiet").stderr.startswith("ferpipe: stage 'talk': out.txt exists")


@pytest.mark.slow
def test_a_pipe_that_is_full_and_does_not_wait_loses_no_line(folder: Path) -> None:
    """Standard error may be set not to block, by whoever shares it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", "--set", "count.frames=500"]
    with subprocess.Popen(command, cwd=folder, stderr=writing) as process:
        os.close(writing)
        with open(reading, encoding="utf-8") as said:  # noqa: PTH123 -- a descriptor
            lines = said.read().splitlines()
    assert process.returncode == 0
    assert sum(line.startswith("talk: frame ") for line in lines) == 500
