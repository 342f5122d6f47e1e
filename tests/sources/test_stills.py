"""Files of pictures that hold more than one, or need a reader of their own."""

from __future__ import annotations

import builtins
import shutil

import cv2
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.testing import TestContext, run_source
from ferpipe_sources.images import ImagesOptions, ImagesSource

COLOURS = [(0, 0, 255), (0, 255, 0), (255, 0, 0)]


def read(path, context, **options):
    source = ImagesSource(ImagesOptions(path=str(path), **options))
    return source, [p.frame for p in run_source(source, context=context)]


def colours(frames):
    return [tuple(round(c / 255) * 255 for c in frame.image[8, 8].tolist()) for frame in frames]


def animation(path, count=3, length=200):
    made = cv2.Animation()
    made.frames = [np.full((32, 48, 3), COLOURS[i % 3], np.uint8) for i in range(count)]
    made.durations = [length] * count
    assert cv2.imwriteanimation(str(path), made)
    return path


@pytest.mark.parametrize("name", ["x.webp", "x.png", "x.gif", "x.avif"])
def test_all_frames_of_an_animation_at_their_times(tmp_path, context, name):
    source, frames = read(animation(tmp_path / name), context)
    assert colours(frames) == COLOURS
    assert [frame.time for frame in frames] == [0, 200_000, 400_000]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert {frame.picture for frame in frames} == {name}
    assert (source.stream.width, source.stream.frames, source.stream.duration) == (48, None, None)
    assert context.counts == {}


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, "top left"),
        (2, "top right"),
        (3, "bottom right"),
        (4, "bottom left"),
        (5, "top left"),
        (6, "top right"),
        (7, "bottom right"),
        (8, "bottom left"),
    ],
)
def test_an_avif_stands_upright(tmp_path, context, orientation, corner):
    pillow = pytest.importorskip("PIL.Image", reason="Pillow writes AVIF that is turned")
    pytest.importorskip("PIL.features").check("avif") or pytest.skip("this Pillow writes no AVIF")
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16, :24] = 255
    exif = pillow.Exif()
    exif[0x112] = orientation  # Pillow makes the boxes irot and imir of it
    pillow.fromarray(image).save(tmp_path / "x.avif", exif=exif)
    (frame,) = read(tmp_path / "x.avif", context)[1]
    height, width = frame.image.shape[:2]
    assert (width, height) == ((48, 32) if orientation < 5 else (32, 48))
    corners = {
        f"{down} {across}"
        for down, y in (("top", 4), ("bottom", height - 4))
        for across, x in (("left", 4), ("right", width - 4))
        if frame.image[y, x].min() > 128
    }
    assert corners == {corner}


def test_a_long_animation_is_read_in_parts(tmp_path, context):
    _, frames = read(animation(tmp_path / "x.webp", 35), context)
    assert colours(frames) == [COLOURS[i % 3] for i in range(35)]
    assert frames[-1].time == 34 * 200_000


def test_all_pages_of_a_tiff(tmp_path, context):
    pages = [np.full((20, 30, 3), COLOURS[i % 3], np.uint8) for i in range(20)]
    assert cv2.imwritemulti(str(tmp_path / "x.tiff"), pages)
    _, frames = read(tmp_path / "x.tiff", context)
    assert colours(frames) == [COLOURS[i % 3] for i in range(20)]
    assert [frame.time for frame in frames] == [i * 1_000_000 for i in range(20)]


def test_animations_and_stills_share_one_line_of_time(tmp_path, context):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    animation(tmp_path / "2.webp")
    (tmp_path / "3.png").write_bytes(b"broken")
    cv2.imwrite(str(tmp_path / "4.png"), np.zeros((8, 8, 3), np.uint8))
    _, frames = read(tmp_path, context)
    assert [frame.time for frame in frames] == [0, 1_000_000, 1_200_000, 1_400_000, 2_600_000]
    assert context.counts == {"unreadable": 1}


def test_an_animation_that_is_cut_gives_what_it_has_or_is_omitted(tmp_path):
    """No bytes whatever end in anything but pictures or a line."""
    whole = animation(tmp_path / "x.png", 9).read_bytes()
    for part in range(1, 20):
        (tmp_path / "x.png").write_bytes(whole[: len(whole) * part // 20])
        try:
            _, frames = read(tmp_path / "x.png", TestContext(tmp_path))
        except UsageError as error:
            assert "not a picture that can be read" in str(error)  # noqa: PT017
        else:
            assert 1 <= len(frames) <= 9


def heic(path, size=(96, 64)):
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[:, : size[0] // 2] = (255, 0, 0)
    pillow_heif.from_bytes("RGB", size, image.tobytes()).save(path, quality=90)
    return path


def test_heic_is_read_with_its_extra(tmp_path, context):
    _, frames = read(heic(tmp_path / "x.heic"), context)
    assert frames[0].image.shape == (64, 96, 3)
    assert np.abs(frames[0].image[30, 10].astype(int) - (0, 0, 255)).max() < 20


@pytest.fixture
def without_the_extra(monkeypatch):
    plain = builtins.__import__

    def refuse(name, *rest):
        if name == "pillow_heif":
            raise ImportError(name)
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)


HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


def test_heic_without_its_extra_is_one_line(tmp_path, context, without_the_extra):
    (tmp_path / "x.heic").write_bytes(HEAD)
    with pytest.raises(UsageError, match=r"x\.heic is a HEIC picture.*pip install 'ferpipe\[heic\]'"):
        read(tmp_path / "x.heic", context)


def test_a_mixed_folder_loses_nothing_silently(tmp_path, context, caplog, without_the_extra):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "2.heic").write_bytes(HEAD)
    for name in ("a.mp4", "b.mov", "notes.txt", "z.raw", ".hidden"):
        (tmp_path / name).write_bytes(b"?")
    _, frames = read(tmp_path, context)
    assert (len(frames), context.counts) == (1, {"unreadable": 1})
    assert "2.heic is a HEIC picture" in caplog.text
    assert "skipped, since they are not pictures: a.mp4, b.mov, notes.txt and 1 more" in caplog.text


def test_a_folder_of_videos_says_who_reads_them(tmp_path, context):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(UsageError, match=r"holds no pictures, but a\.mp4;.*'ferpipe timeline "):
        read(tmp_path, context)


def test_pictures_of_which_none_can_be_read_are_an_error(tmp_path, context):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"not one of the 2 pictures of .*\*\.mp4 can be read"):
        read(tmp_path / "*.mp4", context)


@pytest.mark.parametrize("name", ["anim.webp", "anim.png"])
def test_shared_animations(context, case, name):
    _, frames = read(case(f"animated/{name}"), context)
    assert [frame.time for frame in frames] == [0, 500_000]  # the third picture repeats the second
    assert np.abs(frames[0].image.astype(int) - frames[1].image).mean() > 1


def test_a_shared_photo_of_tiles(context, case, tmp_path):
    pytest.importorskip("pillow_heif", reason="needs the extra heic")
    shutil.copy(case("heic/grid.heic"), tmp_path / "grid.heic")
    _, frames = read(tmp_path, context)
    image = frames[0].image  # its grid says 1024 x 1024, of which the picture fills 1000 x 667
    rows, columns = np.nonzero(image.max(2) > 40)
    assert image.shape == (1024, 1024, 3)
    assert (abs(int(rows.max()) - 667) < 8, abs(int(columns.max()) - 1000) < 8) == (True, True)
