"""Outputs of the command line: one run each, nothing lost, and the figures like everything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.coded_video import write_video
from support.disks import disk_of

from ferpipe.cli import main


@pytest.fixture
def folder(counting: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (counting / "p.yaml").write_text(
        "version: 1\nplugins: [./kit.py]\nstages: [count, {use: write, timeout: 0.6}]\n"
    )
    monkeypatch.chdir(counting)
    return counting


def spawn(folder: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", "--set", "count.period=0.05", *args]
    process = subprocess.Popen(command, cwd=folder, text=True, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not ((part := folder / "out.txt.part").exists() and part.stat().st_size > 4):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def made(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()} - {"kit.py", "p.yaml"}


def test_a_second_run_is_refused_and_the_first_is_whole(folder: Path) -> None:
    first = spawn(folder, "--set", "count.frames=100000", "--stats", "s.json", "-q")
    for options in ((), ("--overwrite",)):
        second = subprocess.run(
            [sys.executable, "-m", "ferpipe", "run", "p.yaml", "-q", *options],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 2
        assert f"out.txt is being written by process {first.pid}" in second.stderr
        assert second.stderr.count("\n") == 1
    assert main(["run", "p.yaml", "-q", "--stats", "s.json", "--overwrite", "--set", "count.frames=1"]) == 2
    first.terminate()
    assert first.communicate(timeout=60) == (
        None,
        "ferpipe: ended by SIGTERM; the outputs were finalised\n",
    )
    lines = (folder / "out.txt").read_text().split()
    assert lines == [str(i) for i in range(len(lines))]
    assert made(folder) == {"out.txt", "s.json"}


def test_a_killed_run_stands_in_nobodys_way_but_for_what_it_wrote(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = spawn(folder, "--set", "count.frames=1000", "--stats", "s.json", "--trace", "t.json")
    process.kill()
    process.communicate()
    assert not {"s.json", "t.json", "out.txt"} & made(folder)
    kept = (folder / "out.txt.part").read_bytes()
    assert main(["run", "p.yaml", "-q", "--stats", "s.json", "--trace", "t.json"]) == 2
    assert "out.txt.part exists" in capsys.readouterr().err
    assert (folder / "out.txt.part").read_bytes() == kept
    assert not {"s.json", "t.json"} & made(folder), "a refused run left figures, which refuse the next"
    assert main(["run", "p.yaml", "-q", "--stats", "s.json", "--overwrite"]) == 0
    assert json.loads((folder / "s.json").read_text())["outputs"] == ["out.txt"]
    assert (folder / "out.txt").read_text().split() == ["0", "1", "2", "3", "4"]


@pytest.mark.slow
def test_an_output_that_appears_during_the_run_is_kept(folder: Path) -> None:
    process = spawn(folder, "--set", "count.frames=100")
    (folder / "out.txt").write_text("yours")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "a file of that name has appeared meanwhile" in said
    assert (folder / "out.txt").read_text() == "yours"
    assert (folder / "out.txt.part").read_text().split() == [str(i) for i in range(100)]


@pytest.mark.parametrize("writes", [True, False])
def test_what_is_being_finished_has_no_limit_while_it_moves_on(
    folder: Path, capsys: pytest.CaptureFixture[str], *, writes: bool
) -> None:
    settings = ("--set", "write.closing=1.5", "--set", f"write.writes={str(writes).lower()}")
    command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", "-q", *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if writes:
        assert (done.returncode, done.stderr) == (0, "")
        assert "." * 10 in (folder / "out.txt").read_text()
    else:
        assert done.returncode == 1
        assert "no response for 0.6 s" in done.stderr


def test_what_an_output_holds_is_shown_without_reading_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "p.yaml"]) == 0
    assert "wrote out.txt\n  five lines\n" in capsys.readouterr().err


@pytest.mark.slow
def test_nothing_is_called_finished_after_a_failed_write(folder: Path) -> None:
    process = spawn(folder, "--set", "count.frames=1000", "-q")
    os.unlink(folder / "out.txt.part")  # noqa: PTH108 -- what is being written is gone
    process.terminate()
    said = process.communicate(timeout=60)[1]
    assert "no longer there" in said
    assert "is finished" not in said


def test_of_several_videos_each_has_its_own_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    from ferpipe import resources

    for name in ("a", "b"):
        (tmp_path / f"{name}.mp4").symlink_to(resources.shipped("samples") / "demo.mp4")
    options = ("--set", "file.end=0.2", "-q", "--stats", "s.json", "--trace", "t.json")
    assert main(["timeline", "a.mp4", "b.mp4", *options]) == 0
    assert capsys.readouterr().err == ""
    for name in ("s.a.json", "s.b.json", "t.a.json", "t.b.json", "a.timeline.json", "b.timeline.json"):
        assert json.loads((tmp_path / name).read_text())


def test_a_full_disk_keeps_what_was_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "out.txt").write_text("of yesterday")
    with disk_of(5):
        assert main(["run", "p.yaml", "-q", "--overwrite"]) == 1
    assert "cannot write" in capsys.readouterr().err
    assert (folder / "out.txt").read_text() == "of yesterday"
    assert (folder / "out.txt.part").read_text() == "0\n1\n2"


def test_a_device_as_output_is_refused_also_where_the_format_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A suffix made it the name of a new file in the folder of devices."""
    device = tmp_path / "device"
    os.mkfifo(device)
    made_video = tmp_path / "v.mp4"
    write_video(made_video, [0.0, 0.04])
    assert main(["timeline", str(made_video), "-o", str(device), "--format", "json"]) == 2
    assert "is a pipe or device" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"device", "v.mp4"}
