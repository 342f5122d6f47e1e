"""Frames: of an image, or of planes of which the image is made when it is used."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading

import numpy as np
import pytest

from ferpipe import Box, Frame, Packet
from ferpipe.packet import Planes

COLOURS = np.random.default_rng(3).integers(0, 256, (12, 16, 3), np.uint8)


class Maker:
    """Makes the image of planes, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> np.ndarray:
        self.calls += 1
        return COLOURS.copy()


def planes(maker: Maker | None = None, **changes: object) -> Planes:
    parts = [np.full((12, 16), 126, np.uint8), *(np.full((6, 8), 128, np.uint8) for _ in range(2))]
    return Planes(*parts, **{"matrix": "bt601", "full_range": False, "convert": maker or Maker()} | changes)


def test_the_image_is_made_once_when_it_is_used_and_is_read_only():
    maker = Maker()
    frame = Frame.of(planes(maker), 5, 0, "film")
    assert (frame.shape, frame.time, frame.discontinuity, maker.calls) == ((12, 16, 3), 5, False, 0)
    assert np.array_equal(frame.image, COLOURS)
    assert frame.image is frame.image
    assert not frame.image.flags.writeable
    assert maker.calls == 1


def test_threads_that_ask_at_once_get_the_same_image():
    maker, gate, seen = Maker(), threading.Barrier(8), []
    frame = Frame.of(planes(maker), 0, 0, "film")

    def look() -> None:
        gate.wait()
        seen.append(frame.image)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert maker.calls == 1
    assert all(image is seen[0] for image in seen)


def test_a_changed_copy_shares_the_planes_and_the_image():
    maker = Maker()
    frame = Frame.of(planes(maker), 0, 0, "film", captured=1.5)
    cut = frame.replace(discontinuity=True)
    assert maker.calls == 0
    assert (cut.discontinuity, cut.captured, cut.planes) == (True, 1.5, frame.planes)
    assert cut.image is frame.image


def test_another_image_leaves_the_planes_behind():
    frame = Frame.of(planes(), 0, 0, "film")
    black = np.zeros((12, 16, 3), np.uint8)
    for other in (frame.replace(image=black), dataclasses.replace(frame, image=black)):
        assert other.planes is None
        assert other.grey(0, 0, 16, 12).max() == 0
    assert np.array_equal(dataclasses.replace(frame, time=7).image, COLOURS)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))])  # noqa: S301
def test_a_pickle_or_a_copy_has_the_image(clone):
    frame = Frame.of(planes(), 3, 1, "film", picture="a.png")
    again = clone(frame)
    assert (again.time, again.index, again.source, again.picture) == (3, 1, "film", "a.png")
    assert np.array_equal(again.image, COLOURS)
    assert not again.image.flags.writeable


def test_a_frame_of_an_image_is_what_it_was():
    image = COLOURS.copy()
    frame = Frame(image, 0, 0, "film")
    assert np.shares_memory(frame.image, image)
    assert image.flags.writeable
    assert (frame.planes, frame.shape, frame.nbytes) == (None, (12, 16, 3), image.nbytes)
    assert "COLOURS" not in repr(frame)
    with pytest.raises(AttributeError, match="'pictures'"):
        frame.pictures  # noqa: B018


def test_the_picture_of_a_packet_makes_no_image_where_there_is_a_canvas():
    maker = Maker()
    packet = Packet(Frame.of(planes(maker), 0, 0, "film")).replace(canvas=COLOURS.copy())
    assert packet.picture is packet.data["canvas"]
    assert maker.calls == 0


def test_grey_is_spread_over_the_whole_range():
    assert (Frame.of(planes(), 0, 0, "film").grey(2, 1, 5, 3) == 128).all()
    assert (Frame.of(planes(full_range=True), 0, 0, "film").grey(2, 1, 5, 3) == 126).all()
    weights = COLOURS[1:4, 2:7].astype(float) @ [0.114, 0.587, 0.299]
    assert np.abs(Frame(COLOURS.copy(), 0, 0, "film").grey(2, 1, 5, 3) - weights).max() <= 0.5 + 1e-4


@pytest.mark.parametrize("part", [(-1, 0, 4, 4), (0, -1, 4, 4), (13, 0, 4, 4), (0, 9, 4, 4), (0, 0, 0, 4)])
@pytest.mark.parametrize("picture", [planes(), COLOURS.copy()], ids=["planes", "image"])
def test_a_part_beyond_the_picture_is_refused(part, picture):
    with pytest.raises(ValueError, match="is not within 16x12 pixels"):
        Frame.of(picture, 0, 0, "film").grey(*part)


def test_a_mosaic_is_of_nine_pixels_a_cell_and_repeats_the_border():
    image = np.zeros((12, 12, 3), np.uint8)
    image[:, 6:] = 90, 180, 30
    cells = Frame(image, 0, 0, "film").mosaic(Box(0, 0, 12, 12), 2, 2)
    assert cells.tolist() == pytest.approx(np.array([[[0] * 3, [90, 180, 30]]] * 2))
    beyond = Frame(image, 0, 0, "film").mosaic(Box(12, -40, 30, 10), 3, 1)
    assert beyond.tolist() == pytest.approx(np.array([[[90, 180, 30]] * 3]))


@pytest.mark.parametrize("wrong", [np.zeros((6, 7), np.uint8), np.zeros((6, 8), np.uint16)])
def test_planes_that_do_not_fit_are_refused(wrong):
    y, u = np.zeros((12, 16), np.uint8), np.zeros((6, 8), np.uint8)
    with pytest.raises(ValueError, match="planes of"):
        Planes(y, u, wrong, matrix="bt601", full_range=True, convert=Maker())
    with pytest.raises(ValueError, match=r"no picture in 4:2:0"):
        Planes(y[:11], u, u, matrix="bt601", full_range=True, convert=Maker())
