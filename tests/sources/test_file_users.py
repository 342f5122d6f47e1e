"""Whatever file a user names, in each verb: a right result, or one clear line and exit code 2."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import pytest

from ferpipe.cli import main
from ferpipe.timeline import load

SOUND = ("-f", "lavfi", "-i", "sine=d=1")
LINES = {
    "missing.mp4": "is not there|does not exist",
    "empty.mp4": r"is empty \(0 bytes\)",
    "text.mp4": "not a video that can be read",
    "zeros.mp4": "not a video that can be read",
    "half.mp4": "cut short",
    "song.mp4": "no video stream, it holds audio",
    "still-born.mp4": "not one of its pictures can be decoded|not a video that can be read",
    "list.m3u8": "is a playlist",
    "pipe.mp4": "is a pipe or device",
}
"""What cannot be read, and what is said of it."""

RIGHT = {
    "plain.txt": (10, (64, 48)),
    "bare": (10, (64, 48)),
    "short.ts": (None, (64, 48)),
    "damaged.mkv": (None, (64, 48)),
    "negative.mkv": (10, (64, 48)),
    "repeated.nut": (5, (64, 48)),
    "variable.mp4": (4, (64, 48)),
    "zero-rate.avi": (None, (64, 48)),
    "8k.mp4": (1, (7680, 4320)),
    "one-pixel.mkv": (10, (1, 1)),
    "odd.mkv": (10, (65, 33)),
    "ten-bit.mp4": (10, (64, 48)),
    "alpha.mov": (10, (64, 48)),
    "turned.mp4": (10, (48, 64)),
}
"""What can be read: how many pictures (None where damage decides), and their size."""


WRITE_ONLY = Path("/sys/bus/cpu/drivers_probe")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Callable[..., None]) -> Path:
    """The files of both lists."""
    shelf = tmp_path_factory.mktemp("shelf")

    def picture(
        name: str, *arguments: str, size: str = "64x48", seconds: float = 1, pixels: str = "yuv420p"
    ) -> Path:
        source = ("-f", "lavfi", "-i", f"testsrc=s={size}:r=10:d={seconds}")
        ffmpeg(*source, "-pix_fmt", pixels, *arguments, shelf / name)
        return shelf / name

    whole = picture("whole.mp4", "-bf", "0")
    (shelf / "empty.mp4").touch()
    (shelf / "text.mp4").write_text("no film\n" * 200)
    (shelf / "zeros.mp4").write_bytes(bytes(5000))
    (shelf / "half.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ffmpeg(*SOUND, shelf / "song.mp4")
    data = bytearray(whole.read_bytes())
    begin = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[begin:end] = bytes(end - begin)
    (shelf / "still-born.mp4").write_bytes(data)
    (shelf / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{whole}\n#EXT-X-ENDLIST\n")
    os.mkfifo(shelf / "pipe.mp4")

    for name in ("plain.txt", "bare"):
        (shelf / name).write_bytes(whole.read_bytes())
    broadcast = picture("short.ts", seconds=3)
    broadcast.write_bytes(broadcast.read_bytes()[: broadcast.stat().st_size * 2 // 3])
    hurt = picture("damaged.mkv", "-g", "5", seconds=4)
    data = bytearray(hurt.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = os.urandom(len(data) // 10)
    hurt.write_bytes(data)
    below = ("-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5")
    ffmpeg("-i", whole, "-c", "copy", *below, shelf / "negative.mkv")
    restamped(shelf / "repeated.nut", [0, 40, 40, 20, 120])
    restamped(shelf / "variable.mp4", [0, 10, 700, 710], form="mp4")
    headless = bytearray(picture("zero-rate.avi", "-c:v", "mjpeg", pixels="yuvj420p").read_bytes())
    header = headless.index(b"strh") + 8
    headless[header + 24 : header + 28] = bytes(4)
    (shelf / "zero-rate.avi").write_bytes(headless)
    picture("8k.mp4", "-frames:v", "1", "-c:v", "mjpeg", size="7680x4320", pixels="yuvj420p")
    picture("one-pixel.mkv", "-c:v", "ffv1", size="1x1", pixels="yuv444p")
    picture("odd.mkv", "-c:v", "ffv1", size="65x33", pixels="yuv444p")
    picture("ten-bit.mp4", pixels="yuv420p10le")
    picture("alpha.mov", "-c:v", "qtrle", pixels="argb")
    ffmpeg("-display_rotation", "90", "-i", whole, "-c", "copy", shelf / "turned.mp4")
    return shelf


def restamped(path: Path, stamps: list[int], form: str = "nut") -> None:
    """A film whose pictures carry `stamps`, in milliseconds, right or wrong."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream("mjpeg", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number, stamp in enumerate(stamps):
            frame = av.VideoFrame(64, 48, "yuvj420p")
            for plane in frame.planes:
                plane.update(bytes([128]) * plane.buffer_size)
            frame.pts = number
            for packet in stream.encode(frame):
                packet.pts, packet.dts = stamp, stamp if form == "mp4" else number
                container.mux(packet)


def command(verb: str, path: Path) -> list[str]:
    if verb == "run":
        stages = [
            {"use": "file", "with": {"path": str(path)}},
            {"use": "blazeface"},
            {"use": "timeline", "with": {"path": "t.json"}},
        ]
        Path("p.yaml").write_text(json.dumps({"version": 1, "stages": stages}))
        return ["run", "p.yaml"]
    return [verb, str(path), "-o", {"timeline": "t.json", "annotate": "v.mp4"}[verb]]


@pytest.mark.parametrize("verb", ["run", "timeline", "annotate"])
@pytest.mark.parametrize("name", LINES)
def test_what_cannot_be_read_is_one_line(shelf, tmp_path, monkeypatch, capsys, name, verb):
    monkeypatch.chdir(tmp_path)
    assert main([*command(verb, shelf / name), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert re.search(LINES[name], said)
    assert (said.count("\n"), name in said) == (1, True)
    assert not {"t.json", "v.mp4", "t.json.part", "v.mp4.part"} & {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("verb", ["run", "timeline", "annotate"])
def test_a_folder_is_one_line(tmp_path, monkeypatch, capsys, verb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert main([*command(verb, tmp_path / "folder"), "--quiet"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert re.search("is a folder|contains no (videos or )?pictures|is not a video", said)


@pytest.mark.parametrize("verb", ["run", "timeline", "annotate"])
def test_a_file_that_may_not_be_read_is_one_line(shelf, tmp_path, monkeypatch, capsys, verb):
    """Root may read every file but a few of the kernel's, which are for writing only."""
    monkeypatch.chdir(tmp_path)
    closed = tmp_path / "closed.mp4"
    if os.geteuid() != 0:
        closed.write_bytes((shelf / "whole.mp4").read_bytes())
        closed.chmod(0)
    elif WRITE_ONLY.exists():
        closed.symlink_to(WRITE_ONLY)
    else:
        pytest.skip(f"root may read everything here: there is no {WRITE_ONLY}")
    code = main([*command(verb, closed), "--quiet"])
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert "cannot be read: Permission denied" in said


@pytest.mark.parametrize("name", RIGHT)
def test_what_can_be_read_becomes_a_timeline(shelf, tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    count, size = RIGHT[name]
    assert main([*command("timeline", shelf / name), "--quiet"]) == 0
    timeline = load("t.json")
    times = [record["time"] for record in timeline.frames]
    assert timeline.complete or name == "damaged.mkv"  # noise may end what a reader can find in it
    assert timeline.complete == ("is cut short" not in capsys.readouterr().err)
    assert (timeline.source["width"], timeline.source["height"]) == size
    assert len(times) == count if count else len(times) > 4
    assert all(earlier < later for earlier, later in pairwise(times))
    assert times[0] >= 0
    if name == "variable.mp4":
        assert times == [0, 0.01, 0.7, 0.71]


@pytest.mark.parametrize("name", RIGHT)
def test_what_can_be_read_becomes_a_video(shelf, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    count, size = RIGHT[name]
    assert main([*command("annotate", shelf / name), "--quiet"]) == 0
    with av.open("v.mp4") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == count if count else len(frames) > 4
    assert (frames[0].width, frames[0].height) == tuple(max(16, side + side % 2) for side in size)
