"""Square pixels, one size, the right track, and whatever stands beside the pictures in a file."""

from __future__ import annotations

import os
import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.cli import main
from ferpipe.testing import run_source
from ferpipe_sources.file import FileOptions, FileSource
from ferpipe_sources.images import ImagesOptions, ImagesSource

RED = np.array((0, 0, 255))
DISC = "color=black:s={size}:r=5:d=1,format=rgb24,geq=r=255*lte(hypot(X-W/2\\,Y-H/2)\\,H/4):g=0:b=0"


def read(path, context, **options):
    source = FileSource(FileOptions(path=str(path), **options))
    return source, [p.frame for p in run_source(source, context=context)]


def extent(image):
    """Width and height of what is red."""
    rows, columns = np.nonzero((image.astype(int)[..., 2] > 128) & (image[..., 0] < 100))
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize(
    ("coded", "aspect", "turn", "size"),
    [
        ("96x96", "2/1", (), (192, 96)),
        ("96x96", "1/2", (), (96, 192)),
        ("90x72", "16/15", (), (96, 72)),
        ("96x96", "2/1", ("-display_rotation", "90"), (96, 192)),
        ("96x96", "1/1", (), (96, 96)),
        ("96x96", "200/1", (), (96, 96)),  # no camera has such pixels
    ],
)
def test_pixels_become_square(ffmpeg, tmp_path, context, coded, aspect, turn, size):
    wide, high = size if not turn else size[::-1]
    plain, path = tmp_path / "plain.mp4", tmp_path / "x.mp4"
    squeezed = f"{DISC.format(size=f'{wide}x{high}')},scale={coded.replace('x', ':')},setsar={aspect}"
    ffmpeg("-f", "lavfi", "-i", squeezed, "-pix_fmt", "yuv420p", plain)
    ffmpeg(*turn, "-i", plain, "-c", "copy", path)
    source, frames = read(path, context)
    assert (source.stream.width, source.stream.height) == size
    assert {frame.image.shape for frame in frames} == {(size[1], size[0], 3)}
    across, down = extent(frames[0].image)
    assert abs(across - down) <= 4


def test_an_annotated_anamorphic_video_keeps_its_shape(ffmpeg, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=72x48:r=5:d=1,setsar=64/45", "-pix_fmt", "yuv420p", "in.mp4")
    assert main(["annotate", "in.mp4", "-o", "out.mp4", "--quiet"]) == 0
    with av.open("out.mp4") as out:
        stream = out.streams.video[0]
        assert (stream.width, stream.height, stream.sample_aspect_ratio or 1) == (102, 48, 1)


def test_max_width_counts_square_pixels(ffmpeg, tmp_path, context):
    path = tmp_path / "x.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=96x96:r=5:d=1,setsar=2", "-pix_fmt", "yuv420p", path)
    _, frames = read(path, context, max_width=96)
    assert frames[0].image.shape == (48, 96, 3)


@pytest.mark.parametrize("sizes", [("160x120", "80x60"), ("80x60", "160x120"), ("160x120", "120x160")])
def test_a_box_means_the_same_in_every_frame_when_the_size_changes(ffmpeg, tmp_path, context, sizes):
    parts = []
    for number, size in enumerate(sizes):
        part = tmp_path / f"{number}.ts"
        ffmpeg("-f", "lavfi", "-i", DISC.format(size=size), "-pix_fmt", "yuv420p", "-bf", "0", part)
        parts.append(part.read_bytes())
    path = tmp_path / "x.ts"
    path.write_bytes(b"".join(parts))
    _, frames = read(path, context)
    wide, high = map(int, sizes[0].split("x"))
    assert {frame.image.shape for frame in frames} == {(high, wide, 3)}
    assert not any(frame.discontinuity for frame in frames)
    across, down = extent(frames[-1].image)
    assert abs(across - down) <= 4
    if sizes[1] != "120x160":
        assert abs(across - extent(frames[0].image)[0]) <= 4


def tracks(ffmpeg, path, *parts):
    """A file with a track for each (colour, size, seconds, disposition)."""
    inputs, marks = [], []
    for number, (colour, size, seconds, disposition) in enumerate(parts):
        inputs += ["-f", "lavfi", "-i", f"color={colour}:s={size}:r=5:d={seconds}"]
        marks += ["-map", str(number), f"-disposition:v:{number}", disposition]
    ffmpeg(*inputs, *marks, "-pix_fmt", "yuv420p", path)
    return path


@pytest.mark.parametrize("name", ["x.mkv", "x.mp4"])
@pytest.mark.parametrize(
    ("parts", "width"),
    [
        ([("red", "64x48", 2, "0"), ("blue", "32x32", 2, "default")], 32),
        ([("red", "64x48", 2, "default"), ("blue", "32x32", 2, "0")], 64),
        ([("red", "64x48", 1, "default"), ("blue", "32x32", 4, "default")], 32),
        ([("red", "64x48", 0.2, "default"), ("blue", "32x32", 20, "0")], 32),  # a thumbnail
    ],
)
def test_the_default_track_is_read_then_the_longest(ffmpeg, tmp_path, context, caplog, name, parts, width):
    caplog.set_level("INFO")
    path = tracks(ffmpeg, tmp_path / name, *parts)
    source, frames = read(path, context)
    assert source.stream.width == frames[0].image.shape[1] == width
    number = [part[1].startswith(f"{width}x") for part in parts].index(True)
    held = "track 0 (h264, 64x48), track 1 (h264, 32x32)"
    assert f"reading video track {number} of 2 ({held}); the option 'track' chooses another" in caplog.text


def test_the_option_chooses_the_track(ffmpeg, tmp_path, context):
    path = tracks(ffmpeg, tmp_path / "x.mkv", ("red", "64x48", 1, "default"), ("blue", "32x32", 1, "0"))
    assert read(path, context, track=1)[0].stream.width == 32
    with pytest.raises(UsageError, match=r"no video track 2; it holds track 0 \(h264, 64x48\), track 1"):
        read(path, context, track=2)


def test_a_picture_of_a_camera_with_exif_is_read_and_stands_upright(ffmpeg, tmp_path, context):
    """EXIF is side data of a kind that PyAV does not list; its orientation is honoured."""
    ffmpeg("-f", "lavfi", "-i", DISC.format(size="64x48"), "-frames:v", "1", tmp_path / "x.jpg")
    plain = (tmp_path / "x.jpg").read_bytes()
    body = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    turned = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + plain[2:]
    (tmp_path / "x.mjpeg").write_bytes(turned * 3)
    _, frames = read(tmp_path / "x.mjpeg", context)
    assert [frame.image.shape for frame in frames] == [(64, 48, 3)] * 3


def test_a_late_matroska_is_not_called_cut_short(ffmpeg, coded, tmp_path, context):
    """A piece of a segmented recording begins late, and its header names its end."""
    path = tmp_path / "piece.mkv"
    ffmpeg("-i", coded([40 * i for i in range(50)], bf="0"), "-c", "copy", "-output_ts_offset", "10", path)
    source, frames = read(path, context)
    assert source.stream.duration == pytest.approx(2_000_000, abs=50_000)
    assert (len(frames), frames[0].time, context.counts) == (50, 0, {})
    assert context.complete


def test_a_late_file_that_names_its_length_keeps_it(ffmpeg, coded, tmp_path, context):
    path = tmp_path / "late.ts"
    ffmpeg("-i", coded([40 * i for i in range(50)], bf="0"), "-c", "copy", "-output_ts_offset", "10", path)
    source, _ = read(path, context)
    assert source.stream.duration == pytest.approx(2_000_000, abs=50_000)


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.avi", "x.flv"])
def test_sound_that_lasts_longer_is_no_cut(ffmpeg, tmp_path, context, name):
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-f", "lavfi", "-i", "sine=d=4:r=44100")
    ffmpeg(*picture, "-pix_fmt", "yuv420p", tmp_path / name)
    read(tmp_path / name, context)
    assert (context.complete, context.counts) == (True, {})


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.avi", "x.flv"])
@pytest.mark.parametrize("sound", [True, False])
def test_a_cut_file_is_incomplete_and_that_is_said_with_quiet(
    ffmpeg, tmp_path, monkeypatch, capsys, name, sound
):
    from ferpipe.timeline import load

    monkeypatch.chdir(tmp_path)
    picture = ("-f", "lavfi", "-i", "testsrc=s=160x120:r=10:d=8", "-f", "lavfi", "-i", "sine=d=8:r=44100")
    front = ("-movflags", "+faststart") if name == "x.mp4" else ()
    ffmpeg(*picture, *(() if sound else ("-an",)), "-pix_fmt", "yuv420p", "-g", "10", *front, name)
    whole = Path(name).read_bytes()
    Path(name).write_bytes(whole[: len(whole) * 6 // 10])
    assert main(["timeline", name, "-o", "t.json", "--quiet"]) == 0
    timeline = load("t.json")
    assert (timeline.complete, 20 < len(timeline.frames) < 75) == (False, True)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{name} is cut short: its pictures end at" in said


def test_a_file_that_lacks_less_than_a_second_is_incomplete_where_its_index_says_so(
    ffmpeg, tmp_path, context
):
    path = tmp_path / "x.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=160x120:r=10:d=2", "-g", "1", "-movflags", "+faststart", path)
    path.write_bytes(path.read_bytes()[:-600])
    _, frames = read(path, context)
    assert (len(frames) >= 18, context.complete, context.counts["truncated"]) == (True, False, 1)


def test_sound_that_begins_within_the_file_ends_nothing(ffmpeg, tmp_path, context):
    """The head of the file names its pictures alone; PyAV knows the streams of the head."""
    head = 13
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=2", "-pix_fmt", "yuv420p", "-bf", "0")
    ffmpeg(*picture, "-flvflags", "no_duration_filesize", tmp_path / "v.flv")
    ffmpeg("-f", "lavfi", "-i", "sine=d=1:r=44100", "-c:a", "libmp3lame", tmp_path / "a.flv")
    film, sound = ((tmp_path / name).read_bytes() for name in ("v.flv", "a.flv"))
    (tmp_path / "x.flv").write_bytes(film + sound[head:] + film[head:])
    _, frames = read(tmp_path / "x.flv", context)
    assert len(frames) >= 39


@pytest.mark.parametrize("name", ["x%03d.png", "x:y|z.mp4", "concat:a.mp4", "[a-c]*.mp4", "http:x.mp4"])
def test_whatever_the_name_that_file_is_read(ffmpeg, tmp_path, context, name):
    colours = {name: "red", "x001.png": "blue", "x002.png": "blue", "a.mp4": "blue", "x.mp4": "blue"}
    for each, colour in colours.items():
        plain = tmp_path / f"plain{Path(each).suffix}"
        only = ("-frames:v", "1") if plain.suffix == ".png" else ("-pix_fmt", "yuv420p")
        ffmpeg("-f", "lavfi", "-i", f"color={colour}:s=32x32:r=5:d=1", *only, plain)
        plain.replace(tmp_path / each)
    _, frames = read(tmp_path / name, context)
    assert len(frames) == (1 if name.endswith("png") else 5)
    assert np.abs(frames[0].image[8, 8].astype(int) - RED).max() < 12


def test_a_pipe_beside_a_subtitle_index_is_not_opened(tmp_path, context):
    (tmp_path / "v.idx").write_text(
        "# VobSub index file, v7 (do not modify this line!)\nsize: 720x576\n"
        "id: en, index: 0\ntimestamp: 00:00:01:000, filepos: 000000000\n"
    )
    os.mkfifo(tmp_path / "v.sub")
    with pytest.raises(UsageError, match=r"not a video that can be read|no video stream"):
        read(tmp_path / "v.idx", context)


@pytest.mark.parametrize(
    ("name", "count", "size", "seconds"),
    [
        ("sidedata/spatial.mp4", 10, (160, 120), 0.333),
        ("sidedata/exif_mjpeg.avi", 2, (640, 360), 0.067),
        ("anamorphic/sar_w.mp4", 456, (1024, 576), 19.019),
        ("second_track/two_def.mkv", 60, (640, 360), 2.0),
        ("mkv_segment/seg02.mkv", 144, (640, 360), 6.006),
        ("resolution_change/reschange.webm", 72, (640, 360), 2.4),
    ],
)
def test_shared_cases(context, case, name, count, size, seconds):
    source, frames = read(case(name), context)
    assert {frame.image.shape[1::-1] for frame in frames} == {size}
    assert (len(frames), source.stream.duration) == (count, pytest.approx(seconds * 1e6, abs=2_000))
    assert all(a.time < b.time for a, b in pairwise(frames))
    assert (context.complete, context.counts) == (True, {})


def test_a_still_of_tiles_is_sent_to_the_right_source(context, case):
    path = case("heic/grid.heic")
    with pytest.raises(UsageError, match="is a picture, not a video; read it with 'use: images'"):
        read(path, context)
    assert ImagesSource(ImagesOptions(path=str(path)))
