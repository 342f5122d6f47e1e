"""How a run ends that somebody or something else ends: killed, asked to, without disk, without folder."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import pytest

from ferpipe.timeline import load

SECOND = 1_000_000


FRAMES = 15_000


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes of small pictures: longer than any run here lasts."""
    folder = tmp_path_factory.mktemp("film")
    minute, path = folder / "minute.mp4", folder / "film.mp4"
    drawn = ("-f", "lavfi", "-i", "testsrc=s=160x96:r=25:d=60")
    for made in (
        (*drawn, "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-bf", "0", str(minute)),
        ("-stream_loop", "9", "-i", str(minute), "-c", "copy", str(path)),
    ):
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *made]
        subprocess.run(command, check=True, timeout=100)
    return path


Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def spawn(film: Path, tmp_path: Path) -> Iterator[Spawn]:
    """Start `ferpipe run` on the film in a process of its own, which is not left behind."""
    started: list[subprocess.Popen[str]] = []

    def start(
        video: str | None = "v.mp4",
        timeline: str = "t.jsonl",
        out: str = "out",
        *,
        source: dict[str, object] | None = None,
        limit: int | None = None,
        **options: object,
    ) -> subprocess.Popen[str]:
        stages = [
            {"use": "file", "with": {"path": str(film), **(source or {})}},
            {"use": "blazeface", "with": {"every": 25}},
            {"use": "timeline", "with": {"path": timeline}},
        ]
        stages += [{"use": "video", "with": {"path": video, **options}}] if video else []
        (tmp_path / "p.yaml").write_text(json.dumps({"version": 1, "run": {"queue": 1}, "stages": stages}))

        def bound() -> None:
            if limit is not None:
                # Python ignores the signal that would end it, so that writing fails as on a full disk.
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", "--quiet", "--output-dir", out]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            text=True,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            preexec_fn=bound,  # noqa: PLW1509 -- no thread of the tests holds a lock of Python's
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def wait_for(part: Path, size: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many bytes of `part` are there."""
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= size):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def times_of(video: Path) -> list[int]:
    """When its pictures are shown, up to one that is cut short."""
    times: list[int] = []
    with av.open(str(video)) as container, contextlib.suppress(av.FFmpegError):
        for frame in container.decode(video=0):
            times.append(round(frame.pts * frame.time_base * SECOND))  # noqa: PERF401 -- those before an error count
    return times


def check_what_is_left(out: Path, name: str, step: int) -> None:
    """Both parts are whole from their beginning, and the film ends less than a second before the records.

    A record is written before its picture is given to the encoder, and a few wait between the stages.
    """
    timeline = load(out / "t.jsonl.part")
    recorded = [round(record["time"] * SECOND) for record in timeline.frames]
    assert not timeline.complete
    assert recorded == [i * step for i in range(len(recorded))]
    shown = times_of(out / f"{name}.part")
    assert shown[:3] == [0, step, 2 * step]
    assert all(after - before == step for before, after in pairwise(shown))
    queued = 4 * step
    assert shown[-1] >= recorded[-1] - queued - SECOND
    assert not (out / name).exists()
    assert not (out / "t.jsonl").exists()


KILLED = [("v.mp4", {}), ("v.mkv", {}), ("v.mp4", {"preset": "slow"}), ("v.mov", {"codec": "libx265"})]


def kill_somewhere(spawn: Spawn, tmp_path: Path, name: str, options: dict[str, object], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- any moment will do
    process = spawn(name, **options)
    # A record is about 60 bytes.
    wait_for(tmp_path / "out" / "t.jsonl.part", 60 * chance.randint(60, 1200), process)
    time.sleep(chance.uniform(0, 0.05))
    process.kill()
    process.wait()
    check_what_is_left(tmp_path / "out", name, 40_000)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "options"), KILLED[:2])
def test_killed_at_any_moment_all_but_the_last_second_is_there(spawn, tmp_path, name, options):
    kill_somewhere(spawn, tmp_path, name, options, random.randrange(1 << 30))  # noqa: S311


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("name", "options"), KILLED)
def test_killed_at_many_moments(spawn, tmp_path, name, options, seed):
    kill_somewhere(spawn, tmp_path, name, options, seed)


def test_killed_where_pictures_are_rare(spawn, tmp_path):
    """One picture a second: an encoder that looks ten pictures ahead would take ten seconds with it."""
    process = spawn(source={"stride": 25})
    wait_for(tmp_path / "out" / "t.jsonl.part", 60 * 25, process)
    process.kill()
    process.wait()
    recorded = load(tmp_path / "out" / "t.jsonl.part").frames
    shown = times_of(tmp_path / "out" / "v.mp4.part")
    assert len(recorded) - len(shown) <= 7  # those between the two stages, at work, coded, not yet shown


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_end_it_finishes_its_files(spawn, tmp_path, number, code):
    process = spawn(timeline="t.json")
    out = tmp_path / "out"
    wait_for(out / "t.json.part", 60 * 50, process)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == code
    assert (said.count("\n"), "Traceback" in said) == (1, False)
    assert {path.name for path in out.iterdir()} == {"v.mp4", "t.json"}
    timeline = load(out / "t.json")
    assert not timeline.complete
    recorded = [round(record["time"] * SECOND) for record in timeline.frames]
    assert 50 <= len(recorded) < FRAMES
    assert recorded == [i * 40_000 for i in range(len(recorded))]
    shown = times_of(out / "v.mp4")
    assert shown == [i * 40_000 for i in range(len(shown))]
    assert abs(len(shown) - len(recorded)) <= 12


def lines_of(process: subprocess.Popen[str]) -> list[str]:
    said = process.communicate(timeout=100)[1]
    assert "Traceback" not in said
    assert "internal error" not in said
    return said.splitlines()


@pytest.mark.parametrize("larger", ["video", "timeline"])
def test_a_file_that_may_not_grow_is_one_line_and_what_is_there_stays(spawn, tmp_path, larger):
    """The portable full disk: a limit on the size of files."""
    out = tmp_path / "out"
    if larger == "video":
        process = spawn(limit=100_000, crf=0, source={"end": 20})
    else:
        process = spawn(None, limit=30_000)
    said = lines_of(process)
    assert process.returncode == 1
    assert f"cannot write the {larger}" in said[0]
    assert "File too large; what was written is in" in said[0]
    assert len(load(out / "t.jsonl.part" if larger == "timeline" else out / "t.jsonl").frames) > 50
    if larger == "video":
        assert len(times_of(out / "v.mp4.part")) > 5


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=200k", "none", str(disk)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here: that takes Linux, and root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S607


@pytest.mark.parametrize("form", [pytest.param("jsonl", marks=pytest.mark.slow), "json", "csv"])
def test_a_full_disk_is_reported_in_lines_and_what_is_there_stays(spawn, small_disk, form):
    process = spawn(timeline=f"t.{form}", out=str(small_disk), crf=0)
    said = lines_of(process)
    assert process.returncode == 1
    assert len(said) <= 2
    assert all(line.startswith("ferpipe: stage '") for line in said)
    assert "No space left on device" in said[0]
    left = {path.name for path in small_disk.iterdir()}
    assert left <= {"v.mp4.part", "v.mp4", f"t.{form}.part", f"t.{form}"}
    part = small_disk / f"t.{form}.part"
    kept = load(part if part.exists() else small_disk / f"t.{form}").frames
    assert len(kept) > 10 or form == "csv"  # a table holds faces, and there is none
    assert len(times_of(small_disk / "v.mp4.part")) > 5


def test_a_disk_that_is_full_from_the_beginning_is_reported_too(spawn, small_disk):
    with (small_disk / "filler").open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    process = spawn(out=str(small_disk))
    said = lines_of(process)
    assert process.returncode == 1
    assert "No space left on device" in said[0]


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_folder_that_vanishes_ends_the_run_at_once(spawn, tmp_path, how):
    process = spawn()
    out = tmp_path / "out"
    wait_for(out / "t.jsonl.part", 60 * 50, process)
    if how == "moved":
        out.rename(tmp_path / "moved")
    else:
        shutil.rmtree(out)
    said = lines_of(process)
    assert process.returncode == 1
    assert len(said) <= 2
    assert all("its folder, or what was written of it, is no longer there" in line for line in said)
    assert not out.exists()
    if how == "moved":
        kept = load(tmp_path / "moved" / "t.jsonl.part").frames
        assert 50 <= len(kept) < FRAMES
        assert len(times_of(tmp_path / "moved" / "v.mp4.part")) > 25


@pytest.mark.slow
def test_a_folder_that_vanishes_under_hls_is_reported_and_holds_nothing_up(tmp_path, film):
    stages = [
        {"use": "file", "with": {"path": str(film), "end": 20}},
        {"use": "stream", "with": {"url": "live/s.m3u8"}},
        {"use": "blazeface", "with": {"every": 25}},
        {"use": "timeline", "with": {"path": "t.jsonl"}},
    ]
    (tmp_path / "p.yaml").write_text(json.dumps({"version": 1, "stages": stages}))
    command = [sys.executable, "-m", "ferpipe", "run", "p.yaml", "--quiet"]
    process = subprocess.Popen(command, cwd=tmp_path, text=True, stderr=subprocess.PIPE)

    def remove() -> None:
        wait_for(tmp_path / "t.jsonl.part", 60 * 20, process)
        shutil.rmtree(tmp_path / "live", ignore_errors=True)

    watch = threading.Thread(target=remove)
    watch.start()
    lines_of(process)
    watch.join()
    assert process.returncode == 0
    assert len(load(tmp_path / "t.jsonl").frames) == 500
