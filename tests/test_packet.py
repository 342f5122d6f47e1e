"""What flows is read-only, and the arrays that it was made of stay their owner's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from ferpipe import Box, Chip, Face, Frame, Packet

Floats = npt.NDArray[np.float32]


def frame(image: npt.NDArray[np.uint8] | None = None) -> Frame:
    return Frame(np.zeros((4, 6, 3), np.uint8) if image is None else image, 0, 0, "source")


WAYS: dict[str, Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]] = {
    "the image of a frame": lambda array: frame(array).image,
    "the image of a chip": lambda array: Chip(array, np.zeros((2, 3))).image,
    "data of a packet": lambda array: Packet(frame()).replace(canvas=array).data["canvas"],
    "data of a face": lambda array: Face(Box(0, 0, 1, 1), 1.0, data={"map": array}).data["map"],
    "data added to a face": lambda array: Face(Box(0, 0, 1, 1), 1.0).with_data(map=array).data["map"],
}


@pytest.mark.parametrize("way", WAYS)
def test_an_array_stays_its_owner_s_and_cannot_be_written_to_through_the_packet(way: str) -> None:
    mine = np.zeros((4, 6, 3), np.uint8)
    held = WAYS[way](mine)
    assert mine.flags.writeable
    assert np.shares_memory(held, mine)
    with pytest.raises(ValueError, match="read-only"):
        held[0, 0] = 1


def test_landmarks_and_the_matrix_of_a_chip_are_read_only_too() -> None:
    landmarks, matrix = np.zeros((2, 2), np.float32), np.zeros((2, 3))
    face = Face(Box(0, 0, 1, 1), 1.0, landmarks)
    chip = Chip(np.zeros((4, 4), np.uint8), matrix)
    for held in (face.landmarks, face.replace(track=1).landmarks, chip.matrix):
        assert held is not None
        with pytest.raises(ValueError, match="read-only"):
            held[0, 0] = 1
    assert landmarks.flags.writeable
    assert matrix.flags.writeable


def test_a_read_only_array_is_held_as_it_is() -> None:
    image = frame().image
    assert frame(image).image is image
    assert Chip(image, np.zeros((2, 3))).image is image
    assert Packet(frame()).replace(canvas=image).data["canvas"] is image
