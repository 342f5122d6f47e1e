"""What the overlay draws of measures and of what plugins mark."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sinks_material import face, picture

from ferpipe import ConfigError, Face, Mark, Measure, Options, Packet, Pipeline, Stage
from ferpipe.graph import Node, check
from ferpipe.testing import TestContext, fake_source, make_packet, run_stage
from ferpipe_sinks._labels import sizes_for
from ferpipe_sinks._layout import Area
from ferpipe_sinks._measures import plate_size, value_text
from ferpipe_sinks._palette import WHITE
from ferpipe_sinks.overlay import OverlayOptions, OverlayStage

YAW = Measure("head.yaw", "deg", -90, 90, "Where the head turns.")
OPEN = Measure("mouth.open", "", 0, 1, "How far the mouth is open.")
LIGHT = Measure("light", "", 0, 255, "How bright the picture is.", of="frame")
SIZES = [(480, 270), (1280, 720), (3840, 2160), (720, 1280)]
GREY = 128


def plain(width: int = 1280, height: int = 720) -> np.ndarray:
    return np.full((height, width, 3), GREY, np.uint8)


def drawn(
    image: np.ndarray, *faces: Face, light: float | None = None, marks: Any = (), **options: Any
) -> np.ndarray:
    stage = OverlayStage(OverlayOptions.model_validate({"show": ["measures"], **options}))
    packet = make_packet(image, faces=faces, marks=marks)
    packet = packet if light is None else packet.with_measures({"light": light})
    context = TestContext(Path.cwd(), measures=(YAW, OPEN, LIGHT))
    (given,) = run_stage(stage, [packet], context=context)
    return given.picture


def area(before: np.ndarray, after: np.ndarray) -> Area | None:
    """The smallest rectangle around all that differs."""
    rows, columns = np.nonzero(np.any(before != after, axis=2))
    if not rows.size:
        return None
    left, top = int(columns.min()), int(rows.min())
    return Area(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)


def measured(x: float, y: float, w: float, h: float, track: int = 1, **values: float) -> Face:
    named = {name.replace("_", "."): value for name, value in values.items()}
    return face(x, y, w, h, track=track).with_measures(named)


@pytest.mark.parametrize("size", SIZES)
def test_the_plate_stands_beside_its_face_inside_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    image = plain(*size)
    one = measured(width * 0.4, height * 0.4, width * 0.12, width * 0.15, head_yaw=12.0)
    plate = area(image, drawn(image, one))
    assert plate is not None
    assert (plate.w, plate.h) == plate_size((YAW, OPEN), sizes_for(*size))
    assert plate.is_within(*size)
    assert not plate.meets(Area(*(round(side) for side in one.box)))


def test_only_the_value_changes_from_frame_to_frame() -> None:
    image = plain()
    first, second = (drawn(image, measured(300, 200, 120, 150, head_yaw=yaw)) for yaw in (-88.0, 7.0))
    plate, moved = area(image, first), area(first, second)
    assert area(image, second) == plate
    assert plate is not None
    assert moved is not None
    assert moved.x > plate.x + plate.w / 2
    assert moved.h < plate.h / 2


def test_nothing_is_drawn_of_a_face_of_which_nothing_is_known() -> None:
    image = plain()
    assert area(image, drawn(image, face(300, 200, 120, 150))) is None


def test_a_measure_that_is_not_known_has_a_dash_and_no_number() -> None:
    image = plain()
    known = drawn(image, measured(300, 200, 120, 150, head_yaw=1.0, mouth_open=0.5))
    unknown = drawn(image, measured(300, 200, 120, 150, head_yaw=1.0))
    assert area(image, known) == area(image, unknown)
    difference = area(known, unknown)
    assert difference is not None
    assert int((unknown == 255).sum()) < int((known == 255).sum())


def test_names_choose_and_need_no_word_in_show() -> None:
    image, one = plain(), measured(300, 200, 120, 150, head_yaw=1.0, mouth_open=0.5)
    for show in (["box"], ["box", "measures"]):
        some = drawn(image, one, light=9.0, show=show, measures=["head.yaw"])
        plate = area(drawn(image, one, light=9.0, show=["box"]), some)
        assert plate is not None
        assert (plate.w, plate.h) == plate_size((YAW,), sizes_for(1280, 720))


def test_a_measure_of_the_frame_stands_in_a_free_corner() -> None:
    image, size = plain(), plate_size((LIGHT,), sizes_for(1280, 720))
    for box, right in (((600, 300, 100, 100), False), ((0, 0, 200, 200), True)):
        plate = area(image, drawn(image, face(*box), light=97.0))
        assert plate is not None
        assert (plate.w, plate.h) == size
        assert (plate.x > 640) is right
        assert plate.y < 100


def test_plates_of_neighbours_cover_neither_faces_nor_each_other() -> None:
    image = plain()
    pair = [measured(400, 200, 100, 130, 1, head_yaw=1.0), measured(560, 200, 100, 130, 2, head_yaw=2.0)]
    single = [area(image, drawn(image, one)) for one in pair]
    both = drawn(image, *pair, show=["measures"])
    covered = int(np.any(both != image, axis=2).sum())
    assert covered == pytest.approx(2 * single[0].w * single[0].h, rel=0.02)  # type: ignore[union-attr]
    for one in pair:
        x, y, w, h = (round(side) for side in one.box)
        assert np.array_equal(both[y : y + h, x : x + w], image[y : y + h, x : x + w])


def test_where_there_is_no_room_the_plate_is_drawn_all_the_same() -> None:
    image = plain(480, 270)
    assert area(image, drawn(image, measured(0, 0, 480, 270, head_yaw=1.0))) is not None


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        (YAW, -12.34, "-12 deg"),
        (OPEN, 0.456, "0.46"),
        (Measure("a", "s", 0, 0.1, "A."), 0.0123, "0.012 s"),
        (Measure("a", "px/s", 0, None, "A."), 1234.5, "1234 px/s"),
        (Measure("a", "px", None, None, "A."), -0.12345, "-0.123 px"),
        (Measure("a", "\N{DEGREE SIGN}", 0, 360, "The font has no such sign."), 7.0, "7"),
        (Measure("a", "", 5, 5, "Always the same."), 5.0, "5"),
    ],
)
def test_a_value_is_as_exact_as_its_range_asks(measure: Measure, value: float, text: str) -> None:
    assert value_text(measure, value) == text


def test_marks_are_boxes_with_their_text_over_them() -> None:
    image = plain()
    seen = drawn(
        image, marks=[Mark((400, 300, 200, 150), "dog 0.9"), Mark((800, 300, 50, 50))], show=["marks"]
    )
    assert (seen[375, 396:404] == WHITE).all(axis=1).sum() == sizes_for(1280, 720).line
    assert area(image[:298], seen[:298]) is not None
    beside = area(image[:, 700:], seen[:, 700:])
    assert beside is not None
    assert beside.y > 290
    assert np.array_equal(drawn(image, marks=[Mark((400, 300, 200, 150))]), image)


@pytest.mark.parametrize("box", [(math.nan, 0, 1, 1), (0, 0, -5, 5), (-1e9, -1e9, 2e9, 2e9), (5000, 0, 9, 9)])
def test_marks_that_lie_anywhere_do_no_harm(box: tuple[float, ...]) -> None:
    drawn(picture(640, 480), marks=[Mark(box, "x" * 300)], show=["marks"])


def test_what_is_requested_is_proven() -> None:
    class Camera(Stage[Options]):
        gives = frozenset({"faces"})

    source = fake_source([make_packet()])
    camera = Node("cam", "cam", source, Options())
    found = Node("found", "found", Camera, Options(), ("cam",))
    options = OverlayOptions(show=("marks",), measures=("head.yaw",))
    with pytest.raises(ConfigError) as error:
        check([camera, found, Node("overlay", "overlay", OverlayStage, options, ("found",))])
    assert "overlay: needs head.yaw, which no stage before it gives" in str(error.value)
    assert "overlay: needs marks, which no stage before it gives" in str(error.value)


def test_a_second_detector_draws_what_it_finds() -> None:
    class Dogs(Stage[Options]):
        """Marks a dog."""

        gives = frozenset({"faces", "marks"})

        def process(self, packet: Packet) -> Packet:
            return packet.replace(faces=(), marks=[Mark((20, 30, 60, 40), "dog")])

    source = fake_source([make_packet(plain(160, 120))])()
    (packet,) = Pipeline.of(source, Dogs(), ("overlay", {"show": ["box", "marks"]}))
    assert area(packet.frame.image, packet.picture) is not None
