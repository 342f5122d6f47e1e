"""What the overlay draws, where it stands, and what it leaves alone."""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sinks_material import CLASSES, face, picture

from ferpipe import Box, Emotion, Face
from ferpipe.testing import make_packet, run_stage
from ferpipe_sinks._labels import bars_size, sizes_for
from ferpipe_sinks._layout import Area, area_of, place
from ferpipe_sinks._palette import DARK, WHITE, colour_of, ink_on
from ferpipe_sinks.overlay import OverlayOptions, OverlayStage

SIZES = [(480, 270), (640, 480), (1280, 720), (3840, 2160), (720, 1280)]


def drawn(image: np.ndarray, *faces: Face, time: int = 0, **options: object) -> np.ndarray:
    stage = OverlayStage(OverlayOptions.model_validate(options))
    (packet,) = run_stage(stage, [make_packet(image, faces=faces, time=time)])
    return packet.picture


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.any(before != after, axis=2)


def test_the_frame_itself_is_left_alone() -> None:
    packet = make_packet(picture(640, 480), faces=(face(200, 100, 80, 100),))
    before = packet.frame.image.copy()
    (given_on,) = run_stage(OverlayStage(), [packet])
    assert np.array_equal(packet.frame.image, before)
    assert given_on.picture is not packet.frame.image
    assert not given_on.picture.flags.writeable


def test_without_faces_nothing_is_drawn() -> None:
    assert np.array_equal(drawn(picture(640, 480)), picture(640, 480))


@pytest.mark.parametrize("size", SIZES)
def test_the_box_has_the_colour_of_the_label_and_grows_with_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    x, y, w, h = width * 0.4, height * 0.4, width * 0.12, width * 0.15
    image = np.full((height, width, 3), 128, np.uint8)
    seen = drawn(image, face(x, y, w, h), show=["box"])
    column = seen[round(y + h / 2), round(x) - 20 : round(x) + 20]
    lines = int(np.all(column == colour_of("happy"), axis=1).sum())
    assert lines == pytest.approx(sizes_for(width, height).line, abs=1)
    middle = changed(image, seen)[
        round(y + h * 0.3) : round(y + h * 0.7), round(x + w * 0.3) : round(x + w * 0.7)
    ]
    assert not middle.any()


@pytest.mark.parametrize("size", SIZES)
def test_the_longest_bar_is_the_most_likely_class(size: tuple[int, int]) -> None:
    width, height = size
    image = np.full((height, width, 3), 128, np.uint8)
    seen = drawn(
        image, face(width * 0.05, height * 0.3, width * 0.1, width * 0.12, "surprise"), show=["bars"]
    )
    lengths = {
        name: int(np.all(seen == colour_of(name), axis=2).sum(axis=1).max())
        for name in CLASSES
        if name != "neutral"
    }
    assert max(lengths, key=lengths.__getitem__) == "surprise"
    assert lengths["surprise"] == pytest.approx(0.7 * sizes_for(width, height).bar, abs=1)
    assert lengths["happy"] == pytest.approx(0.05 * sizes_for(width, height).bar, abs=1)


@pytest.mark.parametrize("where", [(0, 0), (560, 0), (0, 380), (560, 380), (280, 190)])
def test_bars_cover_neither_a_face_nor_the_edge(where: tuple[int, int]) -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    one = face(*where, 80, 100)
    seen = changed(image, drawn(image, one, show=["bars"]))
    assert not seen[where[1] : where[1] + 100, where[0] : where[0] + 80].any()
    width, height = bars_size(CLASSES, sizes_for(640, 480))
    rows, columns = np.nonzero(seen)
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == (width, height)


def test_a_face_without_room_beside_it_has_its_bars_inside() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    seen = changed(image, drawn(image, face(20, 10, 600, 460), show=["bars"]))
    rows, columns = np.nonzero(seen)
    assert rows.min() > 240
    assert columns.min() > 320


def test_a_crowd_gets_one_bar_each() -> None:
    image = np.full((270, 480, 3), 128, np.uint8)
    crowd = [face(10 + 58 * i, 40 + 110 * j, 44, 60, track=8 * j + i + 1) for i in range(8) for j in range(2)]
    seen = drawn(image, *crowd, show=["bars"])
    for one in crowd:
        assert not changed(image, seen)[
            int(one.box.y) : int(one.box.y + 60), int(one.box.x) : int(one.box.x + 44)
        ].any()
        below = seen[int(one.box.y) + 60 : int(one.box.y) + 72, int(one.box.x) : int(one.box.x) + 44]
        assert np.all(below == colour_of("happy"), axis=2).sum() >= 0.6 * 44


def test_bars_stay_on_their_side_while_there_is_room() -> None:
    stage = OverlayStage(OverlayOptions(show=("bars",)))
    packets = [
        make_packet(picture(640, 480), time=i, faces=(face(x, 200, 80, 100),))
        for i, x in enumerate((520, 300, 300))
    ]
    first, second, _ = run_stage(stage, packets)
    columns = np.nonzero(changed(picture(640, 480), first.picture))[1]
    assert columns.max() < 520
    columns = np.nonzero(changed(picture(640, 480), second.picture))[1]
    assert columns.max() < 300


@pytest.mark.parametrize("how", ["soft", "pixels"])
@pytest.mark.parametrize("size", [(40, 50), (300, 380)])
def test_a_blurred_face_keeps_no_detail(how: str, size: tuple[int, int]) -> None:
    chance = np.random.default_rng(0)
    image = chance.integers(0, 255, (480, 640, 3), np.uint8)
    w, h = size
    seen = drawn(image, face(150, 60, w, h), blur=how, show=[])
    inner = seen[60 : 60 + h, 150 : 150 + w].astype(np.float32)
    assert (
        cv2.Laplacian(inner, cv2.CV_32F).std()
        < 0.25 * cv2.Laplacian(image.astype(np.float32), cv2.CV_32F).std()
    )
    cells = cv2.resize(image[60 : 60 + h, 150 : 150 + w], (6, 6), interpolation=cv2.INTER_AREA)
    assert np.ptp(inner[h // 4 : -h // 4, w // 4 : -w // 4]) < np.ptp(cells) + 60
    assert not changed(image, seen)[:, 150 + 2 * w :].any()


def test_the_time_is_shown_where_it_is_requested() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    early, late = drawn(image, show=["time"]), drawn(image, show=["time"], time=61_250_000)
    assert changed(image, early)[440:, :200].any()
    assert changed(early, late).any()
    assert not changed(image, late)[:440].any()


def test_landmarks_are_points() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    points = np.array([[220, 140], [260, 140], [math.nan, 0]], np.float32)
    one = Face(
        Box(200, 100, 80, 100), 0.9, landmarks=points, landmark_names=("left_eye", "right_eye", "nose")
    )
    seen = drawn(image, one, show=["landmarks"])
    assert tuple(seen[140, 220]) == WHITE
    assert tuple(seen[140, 260]) == WHITE
    assert changed(image, seen).sum() < 200


def test_a_face_at_the_upper_edge_has_its_name_inside_the_picture() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    seen = np.nonzero(changed(image, drawn(image, face(600, -20, 80, 100), show=["label"])))
    assert (seen[0].min(), seen[1].max()) >= (0, 630)
    assert np.ptp(seen[0]) + 1 >= 2 * sizes_for(640, 480).cap


box_values = st.one_of(
    st.floats(-500, 900), st.sampled_from([math.nan, math.inf, -math.inf, 1e30, -1e30, 0.0])
)


@settings(max_examples=150, deadline=None)
@given(
    boxes=st.lists(st.tuples(*[box_values] * 4), max_size=6),
    size=st.tuples(st.integers(1, 400), st.integers(1, 300)),
    likely=st.lists(st.floats(), min_size=1, max_size=4),
    blur=st.sampled_from(["none", "soft", "pixels"]),
)
def test_no_box_whatever_breaks_it(
    boxes: list[tuple[float, ...]], size: tuple[int, int], likely: list[float], blur: str
) -> None:
    emotion = Emotion(("happy", "sad", "something else entirely"), tuple(likely), "no such label")
    faces = [Face(Box(*box), 0.5, track=i, emotion=emotion) for i, box in enumerate(boxes)]
    shown = ["box", "track", "label", "bars", "landmarks", "time"]
    seen = drawn(picture(*size), *faces, blur=blur, show=shown)
    assert seen.shape == (size[1], size[0], 3)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_plate_is_inside_and_free_of_what_is_taken(data: st.DataObject) -> None:
    number = st.integers(-50, 300)
    size = st.integers(1, 200)
    areas = st.builds(Area, number, number, size, size)
    one, taken = data.draw(areas), data.draw(st.lists(areas, max_size=4))
    spot = place(one, data.draw(st.tuples(size, size)), (320, 240), taken, gap=3)
    if spot is not None:
        side, area = spot
        assert area.is_within(320, 240)
        assert not any(area.meets(other) for other in taken)
        assert side == "inside" or not area.meets(one)


def test_a_box_that_is_no_box_has_no_area() -> None:
    assert area_of(Box(0, 0, 0, 5)) is None
    assert area_of(Box(math.nan, 0, 5, 5)) is None
    assert area_of(Box(-2.4, 1e12, 10.2, 4)) == Area(-2, 100_000, 10, 1)


def luminance(colour: tuple[int, int, int]) -> float:
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in (c / 255 for c in colour)]
    return 0.0722 * parts[0] + 0.7152 * parts[1] + 0.2126 * parts[2]


@pytest.mark.parametrize("label", CLASSES)
def test_names_can_be_read_on_their_colour(label: str) -> None:
    """WCAG 2.2 asks for a contrast of 4.5 for text, and of 3 for graphics."""
    colour = colour_of(label)
    light, dark = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert (luminance(colour) + 0.05) / (luminance(DARK) + 0.05) >= 3


# G. M. Machado et al., "A Physiologically-based Model for Simulation of Color Vision Deficiency",
# IEEE TVCG 15 (6), 2009: severity 1.0, linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_the_colours_differ_for_every_kind_of_colour_vision(deficiency: str) -> None:
    linear = np.array([[(c / 255) ** 2.2 for c in colour_of(name)[::-1]] for name in CLASSES])
    seen = np.clip(linear @ np.array(DEFICIENCIES[deficiency]).T, 0, 1) ** (1 / 2.2)
    lab = cv2.cvtColor(seen.astype(np.float32)[None], cv2.COLOR_RGB2Lab)[0]
    for (a, one), (b, other) in itertools.combinations(zip(CLASSES, lab, strict=True), 2):
        assert np.linalg.norm(one - other) > 10, f"{a} and {b} look alike with {deficiency}"
