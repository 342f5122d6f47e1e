"""Planes of decoded frames: the same colours as the image that is made of them."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from ferpipe import Box, Frame
from ferpipe.packet import Planes
from ferpipe_sources._picture import Converter
from ferpipe_sources._planes import planes_of

UPRIGHT = (False, False, False)


def colours(width: int = 96, height: int = 64) -> np.ndarray:
    """Smooth colours, so that chroma at half the size loses nothing."""
    corners = np.array([[[30, 40, 200], [60, 190, 60]], [[220, 90, 40], [200, 200, 210]]], np.uint8)
    return cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)


def coded(bgr: np.ndarray, matrix: str = "ITU601", color_range: str = "MPEG", form: str = "yuv420p"):
    """A frame of `bgr` as a decoder would give it."""
    frame = av.VideoFrame.from_ndarray(bgr, "bgr24")
    made = VideoReformatter().reformat(frame, format=form, dst_colorspace=matrix, dst_color_range=color_range)
    made.colorspace = {"ITU601": 6, "ITU709": 1}[matrix]
    made.color_range = {"MPEG": 1, "JPEG": 2}[color_range]
    return made


@pytest.mark.parametrize("matrix", ["ITU601", "ITU709"])
@pytest.mark.parametrize("color_range", ["MPEG", "JPEG"])
def test_planes_are_the_image_in_every_matrix_and_range(matrix, color_range):
    bgr = colours()
    planes = planes_of(coded(bgr, matrix, color_range), UPRIGHT)
    assert planes.matrix == {"ITU601": "bt601", "ITU709": "bt709"}[matrix]
    assert planes.full_range == (color_range == "JPEG")
    frame, plain = Frame.of(planes, 0, 0, "film"), Frame(bgr, 0, 0, "film")
    assert np.abs(frame.image.astype(int) - bgr).mean() <= 3
    whole = Box(0, 0, 96, 64)
    assert np.abs(frame.mosaic(whole, 8, 6) - plain.mosaic(whole, 8, 6)).max() <= 6
    if matrix == "ITU601":  # BT.709 weighs the colours otherwise: skin is brighter by one or two
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)[10:50, 20:80]
        assert np.abs(frame.grey(20, 10, 60, 40).astype(int) - grey).max() <= 2


@pytest.mark.parametrize("turn", [(True, True, False), (False, True, True), (True, False, True), UPRIGHT])
def test_planes_are_turned_like_the_image(turn):
    planes = planes_of(coded(colours()), turn)
    frame = Frame.of(planes, 0, 0, "film")
    assert frame.shape == ((96, 64, 3) if turn[0] else (64, 96, 3))
    assert frame.image.shape == frame.shape
    whole = Box(0, 0, frame.shape[1], frame.shape[0])
    off = frame.mosaic(whole, 6, 6) - Frame(frame.image, 0, 0, "film").mosaic(whole, 6, 6)
    assert np.abs(off).max() <= 6


@pytest.mark.parametrize("form", ["yuv422p", "yuv444p", "yuv420p10le", "bgr24", "gray", "nv12", "yuva420p"])
def test_other_forms_are_given_as_images(form):
    frame = coded(colours(), form=form) if form != "bgr24" else av.VideoFrame.from_ndarray(colours(), form)
    picture = Converter()(frame)
    assert isinstance(picture, np.ndarray)
    shown = cv2.cvtColor(colours(), cv2.COLOR_BGR2GRAY) if form == "gray" else colours()
    assert np.abs(picture.astype(int) - shown.reshape(64, 96, -1)).mean() <= 3


@pytest.mark.parametrize("size", [(95, 64), (96, 63), (95, 63)])
def test_odd_sizes_and_foreign_matrices_are_given_as_images(size):
    assert isinstance(Converter()(coded(colours(*size))), np.ndarray)
    rec2020 = coded(colours())
    rec2020.colorspace = 9
    assert isinstance(Converter()(rec2020), np.ndarray)


def test_a_size_of_its_own_is_given_as_an_image():
    assert isinstance(Converter()(coded(colours())), Planes)
    assert isinstance(Converter(max_width=48)(coded(colours())), np.ndarray)
    convert = Converter()
    convert(coded(colours()))
    later = convert(coded(colours(48, 32)))
    assert isinstance(later, np.ndarray)
    assert later.shape == (64, 96, 3)


def test_unnamed_colours_are_guessed_as_players_do():
    for height, matrix in ((64, "bt601"), (720, "bt709")):
        frame = coded(colours(96, height))
        frame.colorspace = 2
        assert Converter()(frame).matrix == matrix
