"""`ferpipe run`: exit codes, messages, signals, figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.disks import disk_of
from support.patience import PATIENCE

from ferpipe.cli import main

PLUGIN = '''
import time
import numpy as np
from pydantic import Field
from ferpipe import Frame, Options, Packet, Source, Stage, StreamInfo, hookimpl


class CountOptions(Options):
    frames: int = Field(5, description="how many")
    period: float = Field(0.0, description="seconds between them")
    deaf: bool = Field(False, description="whether it ignores the end")


class Count(Source[CountOptions]):
    """Grey frames."""

    Options = CountOptions

    def open(self, context):
        super().open(context)
        self.stream = StreamInfo(context.name, "rtsp://***@memory", duration=self.options.frames * 40_000)

    def frames(self):
        for i in range(self.options.frames):
            time.sleep(self.options.period)
            yield Packet(Frame(np.full((4, 4, 3), i % 256, np.uint8), i * 40_000, i, self.context.name))
        while self.options.deaf:
            time.sleep(0.05)


class WriteOptions(Options):
    path: str = Field("out.txt", description="where")


class Write(Stage[WriteOptions]):
    """One line a frame."""

    Options = WriteOptions

    def open(self, context):
        super().open(context)
        self.path = context.output(self.options.path)
        self.file = self.path.open("w")
        print("ready", flush=True)

    def process(self, packet):
        self.file.write(f"{packet.frame.index}\\n")
        return packet

    def close(self):
        self.file.write("end\\n")
        self.file.close()
        self.context.wrote(self.path)


class BreakOptions(Options):
    at: int = Field(2, description="frame")


class Break(Stage[BreakOptions]):
    """Raises."""

    Options = BreakOptions

    def process(self, packet):
        if packet.frame.index == self.options.at:
            raise OSError("rtsp://anna:secret@camera does not answer")
        return packet


@hookimpl
def ferpipe_stages():
    return {"count": Count, "write": Write, "break": Break}
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kit.py").write_text(PLUGIN)
    (tmp_path / "p.yaml").write_text(
        "version: 1\nplugins: [./kit.py]\nstages:\n  - use: count\n  - use: write\n"
    )
    (tmp_path / "bad.yaml").write_text(
        "version: 1\nplugins: [./kit.py]\nstages:\n  - use: count\n  - use: break\n  - use: write\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spawn(folder: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", *args]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    return process


@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_a_run_that_goes_well(folder, capsys, executor):
    assert main(["run", "p.yaml", "--executor", executor]) == 0
    assert (folder / "out.txt").read_text() == "0\n1\n2\n3\n4\nend\n"
    told = capsys.readouterr().err
    assert "count: 5 frames in, 5 out" in told
    assert "wrote out.txt" in told
    assert "p95 ms" in told


def test_quiet_says_nothing(folder, capsys):
    assert main(["run", "p.yaml", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_options_can_be_set(folder):
    assert main(["run", "p.yaml", "-q", "--set", "count.frames=2", "--set", "write.path=two.txt"]) == 0
    assert (folder / "two.txt").read_text() == "0\n1\nend\n"


def test_a_failing_stage_is_one_line_and_exit_code_1(folder, capsys):
    assert main(["run", "bad.yaml", "-q"]) == 1
    told = capsys.readouterr().err
    assert told == (
        "ferpipe: stage 'break' failed in process at frame 2 (0.080 s): "
        "OSError: rtsp://***@camera does not answer\n"
    )
    assert (folder / "out.txt").read_text() == "0\n1\nend\n"


def test_a_mistake_is_exit_code_2_and_nothing_is_written(folder, capsys):
    assert main(["run", "p.yaml", "--set", "count.frames=many"]) == 2
    assert "count.frames" in capsys.readouterr().err
    assert not (folder / "out.txt").exists()


def test_an_existing_output_is_kept(folder, capsys):
    (folder / "out.txt").write_text("precious")
    assert main(["run", "p.yaml"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (folder / "out.txt").read_text() == "precious"
    assert main(["run", "p.yaml", "--overwrite", "-q"]) == 0
    assert (folder / "out.txt").read_text().endswith("end\n")


def test_the_output_folder_is_a_fence(folder, capsys):
    assert main(["run", "p.yaml", "-q", "--output-dir", "fence"]) == 0
    assert (folder / "fence" / "out.txt").exists()
    assert main(["run", "p.yaml", "--output-dir", "fence", "--set", "write.path=../escaped.txt"]) == 2
    assert "outside the output folder" in capsys.readouterr().err
    assert not (folder / "escaped.txt").exists()


def test_plugin_files_can_be_refused(folder, capsys):
    assert main(["run", "p.yaml", "--no-local-plugins"]) == 2
    assert "kit.py" in capsys.readouterr().err


def test_stats_and_trace(folder):
    assert main(["run", "p.yaml", "-q", "--stats", "s/stats.json", "--trace", "trace.json"]) == 0
    stats = json.loads((folder / "s" / "stats.json").read_text())
    source = stats["sources"][0]
    assert (source["entered"], source["out"], source["dropped"], source["failed"]) == (5, 5, {}, {})
    assert [stage["name"] for stage in stats["stages"]] == ["count", "write"]
    assert any(event["ph"] == "X" for event in json.loads((folder / "trace.json").read_text()))


@pytest.mark.parametrize("option", ["--trace", "--stats"])
def test_figures_do_not_replace_a_file_unasked(folder, capsys, option):
    (folder / "talk.mp4").write_text("precious")
    assert main(["run", "p.yaml", option, "talk.mp4"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (folder / "talk.mp4").read_text() == "precious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_figures_that_cannot_be_written_do_not_hide_what_happened(folder, capsys):
    with disk_of(100):
        assert main(["run", "bad.yaml", "-q", "--stats", "figures.json"]) == 1
    told = capsys.readouterr().err
    assert "stage 'break' failed" in told
    assert "cannot write 'figures.json': File too large" in told


@pytest.mark.parametrize("option", ["--stats", "--trace"])
def test_figures_that_cannot_be_written_are_a_failure(folder, capsys, option):
    with disk_of(100):
        assert main(["run", "p.yaml", "-q", option, "figures.json"]) == 1
    assert capsys.readouterr().err.count("cannot write 'figures.json': File too large") == 1
    assert (folder / "out.txt").read_text() == "0\n1\n2\n3\n4\nend\n"


def test_a_trace_that_cannot_be_written_is_said_before_the_run(folder, capsys):
    (folder / "file").write_text("")
    assert main(["run", "p.yaml", "--trace", "file/trace.json"]) == 2
    assert "the folder" in (said := capsys.readouterr().err)
    assert "cannot be created" in said
    assert not (folder / "out.txt").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_a_signal_finishes_the_files(folder, number, code, executor):
    process = spawn(
        folder, "--executor", executor, "--set", "count.frames=100000", "--set", "count.period=0.01"
    )
    process.send_signal(number)
    _, told = process.communicate(timeout=PATIENCE)  # the source would go on for 1,000 s
    assert process.returncode == code
    lines = (folder / "out.txt").read_text().splitlines()
    assert lines[-1] == "end"
    assert lines[:-1] == [str(i) for i in range(len(lines) - 1)]
    assert "Traceback" not in told
    assert signal.Signals(number).name in told


def test_a_second_signal_stops_hard(folder):
    process = spawn(folder, "--set", "count.deaf=true")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)  # the source is deaf for ever
    assert process.returncode == 130


def test_a_deaf_source_does_not_hold_up_the_end(folder):
    process = spawn(folder, "--set", "count.deaf=true")
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
    assert "did not end in time and was abandoned" in told
    assert (folder / "out.txt").read_text() == "0\n1\n2\n3\n4\nend\n"


def test_plain_lines_when_the_output_is_no_terminal(folder, monkeypatch, capsys):
    from ferpipe.cli import _progress

    monkeypatch.setattr(_progress, "_EVERY", 0.3)
    assert main(["run", "p.yaml", "--set", "count.frames=40", "--set", "count.period=0.03"]) == 0
    told = capsys.readouterr().err
    assert "count: 0:00 of 0:01" in told
    assert "fps" in told
    assert "\x1b" not in told


def test_the_traceback_of_a_stage_is_there_on_request(folder, capsys, monkeypatch):
    monkeypatch.setenv("FERPIPE_DEBUG", "1")
    assert main(["run", "bad.yaml", "--quiet"]) == 1
    told = capsys.readouterr().err
    assert "kit.py" in told
    assert 'raise OSError("rtsp://***@camera does not answer")' in told
    assert "secret" not in told


BROKEN = [
    ("run", "p.yaml"),
    ("validate", "p.yaml"),
    ("graph", "p.yaml"),
    ("annotate", "clip.mp4"),
    ("timeline", "clip.mp4", "other.mp4"),
    ("schema",),
]


@pytest.mark.parametrize("verb", BROKEN, ids=lambda verb: verb[0])
def test_a_plugin_file_that_cannot_be_used_is_refused(folder, capsys, verb):
    (folder / "sick.py").write_text("1 / 0\n")
    for clip in ("clip.mp4", "other.mp4"):
        (folder / clip).touch()
    assert main([*verb, "--plugin", "none.py", "--plugin", "sick.py"]) == 2
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "ferpipe: --plugin: none.py: there is no such file",
        "ferpipe: --plugin: sick.py: ZeroDivisionError: division by zero (sick.py, line 1)",
    ]
    assert not out
    assert not (folder / "out.txt").exists()
