from __future__ import annotations

import os
import struct
import sys

import cv2
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.testing import run_source
from ferpipe_sources.images import ImagesOptions, ImagesSource

RED, BLUE = (0, 0, 255), (255, 0, 0)


def read(path, context, **options):
    source = ImagesSource(ImagesOptions(path=path if isinstance(path, list) else str(path), **options))
    return [p.frame for p in run_source(source, context=context)]


def save(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)
    return path


def flat(level, size=(6, 8)):
    return np.full((*size, 3), level, np.uint8)


def levels(frames):
    return [int(frame.image[0, 0, 0]) for frame in frames]


def test_a_folder_in_natural_order(tmp_path, context):
    for level, name in enumerate(["a1.png", "a2.png", "a10.png", "b1.png", "B2.png"]):
        save(tmp_path / "in" / name, flat(level * 10))
    (tmp_path / "in" / "notes.txt").write_text("not a picture")
    frames = read(tmp_path / "in", context)
    assert levels(frames) == [0, 10, 20, 30, 40]
    assert [frame.time for frame in frames] == [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert context.counts == {}


def test_a_glob_reaches_further_down(tmp_path, context):
    for level, name in enumerate(["x/1.png", "x/y/2.png", "z/3.png", "z/4.jpg"]):
        save(tmp_path / name, flat(level * 10))
    assert levels(read(tmp_path / "**" / "*.png", context)) == [0, 10, 20]


def test_a_list_keeps_its_order(tmp_path, context):
    first, second = save(tmp_path / "2.png", flat(20)), save(tmp_path / "1.png", flat(10))
    assert levels(read([str(first), str(second)], context)) == [20, 10]


def test_the_interval_is_exact(tmp_path, context):
    for number in range(4):
        save(tmp_path / f"{number}.png", flat(number))
    frames = read(tmp_path, context, interval=1 / 3)
    assert [frame.time for frame in frames] == [0, 333_333, 666_666, 999_999]


def test_pictures_keep_their_own_sizes(tmp_path, context):
    save(tmp_path / "1.png", flat(1, (4, 5)))
    save(tmp_path / "2.png", flat(2, (40, 50)))
    assert [frame.image.shape for frame in read(tmp_path, context)] == [(4, 5, 3), (40, 50, 3)]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("**/*.png", ["a/1.png", "a/2.png", "b/1.png"]),
        ("a", ["1.png", "2.png"]),
        ("a/2.png", ["2.png"]),
        (["b/1.png", "a/2.png"], ["b/1.png", "a/2.png"]),
    ],
)
def test_each_frame_bears_the_name_of_its_picture(tmp_path, context, asked, names):
    for name in ("b/1.png", "a/1.png", "a/2.png"):
        save(tmp_path / name, flat(0))
    path = [str(tmp_path / one) for one in asked] if isinstance(asked, list) else tmp_path / asked
    assert [frame.picture for frame in read(path, context)] == names


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_that_is_no_unicode_can_be_written_down(tmp_path, context):
    plain = save(tmp_path / "x.png", flat(0))
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    plain.rename(odd)
    (frame,) = read(odd, context)
    assert frame.picture == "caf\\udce9.png"


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_a_name_keeps_to_one_line_and_a_way_back_is_not_shown(tmp_path, context):
    save(tmp_path / "a" / "x\r\ny.png", flat(0))
    save(tmp_path / "b" / "1.png", flat(0))
    paths = [str(tmp_path / "a" / "x\r\ny.png"), str(tmp_path / "a" / ".." / "b" / "1.png")]
    assert [frame.picture for frame in read(paths, context)] == ["a/x\\r\\ny.png", "b/1.png"]


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("grey.png", np.full((5, 7), 77, np.uint8), (77, 77, 77)),
        ("alpha.png", np.full((5, 7, 4), (10, 20, 30, 0), np.uint8), (10, 20, 30)),
        ("deep.png", np.full((5, 7, 3), (257 * 10, 257 * 20, 257 * 30), np.uint16), (10, 20, 30)),
        ("deep-grey.png", np.full((5, 7), 65535, np.uint16), (255, 255, 255)),
        ("float.tiff", np.full((5, 7, 3), (0.0, 0.5, 2.0), np.float32), (0, 128, 255)),
        ("one.bmp", np.full((1, 1, 3), (1, 2, 3), np.uint8), (1, 2, 3)),
        ("web.webp", np.full((32, 32, 3), (90, 90, 90), np.uint8), (90, 90, 90)),
    ],
)
def test_every_depth_and_channel_becomes_eight_bit_bgr(tmp_path, context, name, image, expected):
    frame = read(save(tmp_path / name, image), context)[0]
    assert frame.image.shape == (*image.shape[:2], 3)
    assert frame.image.dtype == np.uint8
    assert not frame.image.flags.writeable
    assert np.abs(frame.image[0, 0].astype(int) - expected).max() <= 1


def test_cmyk(ffmpeg, tmp_path, context):
    image_module = pytest.importorskip("PIL.Image")
    path = tmp_path / "cmyk.jpg"
    image_module.new("CMYK", (16, 16), (0, 255, 255, 0)).save(path)
    assert np.abs(read(path, context)[0].image[8, 8].astype(int) - RED).max() < 40


def with_orientation(path, value):
    """Give a JPEG the EXIF orientation `value` (JEITA CP-3451, tag 0x0112)."""
    data = path.read_bytes()
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, value, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    body = b"Exif\0\0" + tiff
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])


@pytest.mark.parametrize(
    ("value", "shape", "red"),
    [(1, (32, 64), (4, 4)), (3, (32, 64), (-4, -4)), (6, (64, 32), (4, -4)), (8, (64, 32), (-4, 4))],
)
def test_exif_orientation_is_honoured(tmp_path, context, value, shape, red):
    image = np.full((32, 64, 3), BLUE, np.uint8)
    image[:16, :16] = RED
    path = save(tmp_path / "turned.jpg", image)
    with_orientation(path, value)
    upright = read(path, context)[0].image
    assert upright.shape[:2] == shape
    assert upright[red][2] > 200
    assert upright[red][0] < 60


def test_a_broken_picture_is_omitted_and_counted_and_the_others_keep_their_times(tmp_path, context):
    for number in range(3):
        save(tmp_path / f"{number}.png", flat(number))
    (tmp_path / "1.png").write_bytes(b"not a picture")
    frames = read(tmp_path, context)
    assert [(frame.time, frame.index) for frame in frames] == [(0, 0), (2_000_000, 1)]
    assert context.counts == {"unreadable": 1}


def test_a_broken_picture_ends_the_run_where_that_is_requested(tmp_path, context):
    save(tmp_path / "0.png", flat(0))
    (tmp_path / "1.png").touch()
    with pytest.raises(UsageError, match=r"1\.png is not a picture"):
        read(tmp_path, context, unreadable="fail")


def test_the_stream_says_how_many_and_how_long(tmp_path, context):
    for number in range(4):
        save(tmp_path / f"{number}.png", flat(number))
    source = ImagesSource(ImagesOptions(path=str(tmp_path), interval=0.5))
    run_source(source, context=context)
    assert (source.stream.frames, source.stream.duration, source.stream.width) == (4, 2_000_000, None)


def test_a_still_reports_its_size(tmp_path, context):
    source = ImagesSource(ImagesOptions(path=str(save(tmp_path / "a.png", flat(1, (6, 8))))))
    run_source(source, context=context)
    assert (source.stream.width, source.stream.height, source.stream.frames) == (8, 6, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing.png", "is not there"),
        ("empty", "holds no pictures"),
        ("*.gif", "nothing matches"),
        ("bad.png", "not a picture"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, context, name, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n garbage")
    with pytest.raises(UsageError, match=said) as caught:
        read(tmp_path / name, context)
    assert "\n" not in str(caught.value)


def test_the_stop_event_ends_it(tmp_path, context):
    for number in range(3):
        save(tmp_path / f"{number}.png", flat(number))
    source = ImagesSource(ImagesOptions(path=str(tmp_path)))
    source.open(context)
    frames = source.frames()
    next(frames)
    context.stop.set()
    assert list(frames) == []
