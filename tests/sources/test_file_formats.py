from __future__ import annotations

import av
import numpy as np
import pytest

from ferpipe.testing import run_source
from ferpipe_sources.file import FileOptions, FileSource

BARS = "smptebars=s=128x96:r=10:d=1"


def read(path, context):
    return [p.frame for p in run_source(FileSource(FileOptions(path=str(path))), context=context)]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("h264.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p")),
        ("hevc.mp4", ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none")),
        ("hevc10.mkv", ("-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none")),
        ("h264-10.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p10le")),
        ("h264-444.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv444p")),
        ("vp9.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-cpu-used", "8", "-b:v", "1M")),
        ("vp9-alpha.webm", ("-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-cpu-used", "8", "-b:v", "1M")),
        ("qtrle-alpha.mov", ("-c:v", "qtrle", "-pix_fmt", "argb")),
        ("png-alpha.mov", ("-c:v", "png", "-pix_fmt", "rgba")),
        ("mjpeg.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2")),
        ("ffv1.mkv", ("-c:v", "ffv1", "-pix_fmt", "bgr0")),
        ("mpeg2.ts", ("-c:v", "mpeg2video", "-r", "25", "-q:v", "2")),
        ("gif.gif", ()),
    ],
)
def test_formats_give_their_colours_and_times(ffmpeg, tmp_path, context, name, arguments):
    path = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", BARS, *arguments, path)
    frames = read(path, context)
    step = 40_000 if name.endswith(".ts") else 100_000
    assert [frame.time for frame in frames][:8] == [i * step for i in range(8)]
    yellow, cyan = frames[3].image[10:40, 24:32], frames[3].image[10:40, 42:50]
    assert np.abs(yellow.mean((0, 1)) - (0, 191, 191)).max() < 12
    assert np.abs(cyan.mean((0, 1)) - (191, 191, 0)).max() < 12
    assert {frame.image.shape for frame in frames} == {(96, 128, 3)}
    assert "corrupt_packets" not in context.counts


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m", "bt2020nc"])
@pytest.mark.parametrize("color_range", ["tv", "pc"])
def test_matrix_and_range_are_those_of_the_stream(ffmpeg, tmp_path, context, matrix, color_range):
    path = tmp_path / "colours.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "color=0xC86432:s=64x64:r=5:d=0.4"),
        *("-vf", f"scale=out_color_matrix={matrix}:out_range={color_range},format=yuv444p"),
        *("-colorspace", matrix, "-color_range", color_range, "-c:v", "ffv1", path),
    )
    assert np.abs(read(path, context)[0].image[32, 32].astype(int) - (0x32, 0x64, 0xC8)).max() <= 4


@pytest.mark.parametrize(("size", "matrix"), [("64x720", "bt709"), ("64x480", "smpte170m")])
def test_without_a_named_matrix_the_height_decides(ffmpeg, tmp_path, context, size, matrix):
    path = tmp_path / "unnamed.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=0xC86432:s={size}:r=5:d=0.4"),
        *("-vf", f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p,setparams=colorspace=unknown"),
        *("-c:v", "libx264", "-qp", "1", path),
    )
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).colorspace == 2
    assert np.abs(read(path, context)[0].image[32, 32].astype(int) - (0x32, 0x64, 0xC8)).max() <= 5


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (65, 33), (17, 480), (641, 2)])
def test_odd_sizes(ffmpeg, tmp_path, context, size):
    path = tmp_path / "odd.mkv"
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        f"color=red:s={size[0]}x{size[1]}:r=5:d=1",
        "-c:v",
        "ffv1",
        "-pix_fmt",
        "yuv444p",
        path,
    )
    frames = read(path, context)
    assert len(frames) == 5
    assert frames[0].image.shape == (size[1], size[0], 3)
    assert np.abs(frames[0].image[-1, -1].astype(int) - (0, 0, 255)).max() < 8
    assert frames[0].image.flags.c_contiguous


def test_8k(ffmpeg, tmp_path, context):
    path = tmp_path / "8k.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=blue:s=7680x4320", "-frames:v", "1", "-c:v", "mjpeg", path)
    assert [frame.image.shape for frame in read(path, context)] == [(4320, 7680, 3)]


def test_a_size_that_changes_on_the_way(ffmpeg, tmp_path, context):
    small, large, both = tmp_path / "a.ts", tmp_path / "b.ts", tmp_path / "both.ts"
    for path, size in ((small, "64x48"), (large, "128x96")):
        ffmpeg("-f", "lavfi", "-i", f"testsrc=s={size}:r=10:d=1", "-pix_fmt", "yuv420p", "-bf", "0", path)
    both.write_bytes(small.read_bytes() + large.read_bytes())
    frames = read(both, context)
    assert len(frames) >= 19
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    first, last = (frames[i].image.astype(int) for i in (0, -1))
    assert np.abs(first - last).mean() < 30  # the test picture, at the same place
    assert frames[-1].time - frames[0].time == pytest.approx(1_900_000, abs=250_000)


def test_sound_beside_the_pictures_and_a_cover_are_left_alone(ffmpeg, tmp_path, context):
    path = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", BARS, "-shortest", path)
    assert len(read(path, context)) == 10


def test_a_raw_stream_without_any_time(ffmpeg, coded, tmp_path, context, shown):
    path = tmp_path / "raw.h264"
    ffmpeg("-i", coded([40 * i for i in range(20)], bf="0"), "-c", "copy", path)
    frames = read(path, context)
    assert shown(frames) == list(range(20))
    assert all(frame.time > 0 for frame in frames[1:])
    assert context.counts["repaired_pts"] == 20


def test_a_rate_of_zero_does_no_harm(coded, tmp_path, context, shown):
    """The frame rate in the header of an AVI set to 0 frames in 1 second."""
    data = bytearray(coded([0, 40, 80, 120], "zero.avi", codec="mjpeg", pixels="yuvj420p").read_bytes())
    header = data.index(b"strh") + 8
    data[header + 24 : header + 28] = bytes(4)
    path = tmp_path / "zero-rate.avi"
    path.write_bytes(data)
    assert len(read(path, context)) >= 4
