"""Many faces, small ones, things that are none, and people who are upside down."""

from __future__ import annotations

import logging
from typing import Any

import cv2
import numpy as np
import pytest

from ferpipe import Box, Face, Frame, Packet, Pipeline
from ferpipe.testing import make_packet, run_stage
from ferpipe_faces.align import Align
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.second_look import SecondLook, Verdict
from ferpipe_faces.track import Track, TrackOptions

FACE_OF_ASTRONAUT = (0.44, 0.23, 0.2)
"""Its centre and height, in sides of the picture."""


@pytest.fixture(scope="module")
def second_look() -> SecondLook:
    return SecondLook()


def crowd(astronaut: np.ndarray, columns: int, rows: int, size: tuple[int, int]) -> np.ndarray:
    """The same person again and again, in a grid, a little different each time."""
    picture = np.full((size[1], size[0], 3), 120, np.uint8)
    cell = min(size[0] // columns, size[1] // rows)
    small = cv2.resize(astronaut[:300, 80:380], (cell, cell), interpolation=cv2.INTER_AREA)
    for i in range(columns * rows):
        x, y = (i % columns) * size[0] // columns, (i // columns) * size[1] // rows
        picture[y : y + cell, x : x + cell] = np.clip(small * (0.8 + 0.4 * i / (columns * rows)), 0, 255)
    return picture


def text_pictures(n: int = 50) -> list[np.ndarray]:
    """Words in big letters, as on title cards: many a detector takes some for faces."""
    pictures = []
    for seed in range(n):
        rng = np.random.default_rng(seed + 300)
        picture = np.full((360, 640, 3), rng.integers(0, 255, 3), np.uint8)
        word = "".join(rng.choice(list("OoQ8B%&@DUGS03eaE")) for _ in range(int(rng.integers(3, 8))))
        colour, size = [int(x) for x in rng.integers(0, 255, 3)], float(rng.uniform(2, 5))
        thick = int(rng.integers(6, 26))
        cv2.putText(picture, word, (40, 220), int(rng.choice([0, 2, 3, 4])), size, colour, thick, cv2.LINE_AA)
        pictures.append(cv2.GaussianBlur(picture, (0, 0), 3) if seed % 2 else picture)
    return pictures


def upside_down(picture: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(picture[::-1, ::-1])


def still(picture: np.ndarray, index: int = 0) -> Packet:
    return Packet(Frame(picture, index * 1_000_000, index, "images", picture="still.png"))


def stills(pictures: list[np.ndarray]) -> list[Packet]:
    return [still(picture, i) for i, picture in enumerate(pictures)]


def film(picture: np.ndarray, frames: int = 12) -> list[Packet]:
    return [make_packet(picture, time=i * 40_000, index=i) for i in range(frames)]


def followed(packets: list[Packet], **options: Any) -> list[Packet]:
    return run_stage(Track(TrackOptions(**options)), run_stage(BlazeFace(), packets))


def test_a_crowd_is_found_whole(astronaut: np.ndarray) -> None:
    (found,) = run_stage(BlazeFace(), [still(crowd(astronaut, 9, 5, (1920, 1080)))])
    assert len(found.faces) == 45


def test_who_is_beyond_max_faces_is_counted_warned_of_and_handed_on(
    astronaut: np.ndarray, started: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stage = started(BlazeFace(BlazeFaceOptions(max_faces=5, doubt=0, follow=False)))
    picture = crowd(astronaut, 6, 3, (1280, 720))
    with caplog.at_level(logging.WARNING):
        results = [stage.process(packet) for packet in film(picture, 3)]
    assert [(len(each.faces), len(each.data["unconfirmed"])) for each in results] == [(5, 13)] * 3
    assert stage.context.counts == {"beyond_max_faces": 39}
    (line,) = [record.getMessage() for record in caplog.records]
    assert "18 faces in frame 0, of which 5 are kept" in line
    assert min(face.score for face in results[0].faces) >= max(
        f.score for f in results[0].data["unconfirmed"]
    )


@pytest.mark.parametrize(("size", "height"), [((1920, 1080), 55), ((2560, 1440), 75)])
def test_small_faces_in_large_films_are_found_by_default(
    look: Any, astronaut: np.ndarray, size: tuple[int, int], height: int
) -> None:
    picture = np.full((size[1], size[0], 3), 120, np.uint8)
    side = round(height / FACE_OF_ASTRONAUT[2])
    small = cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA)
    for x in range(0, size[0] - side, side):
        picture[200 : 200 + side, x : x + side] = small
    there = len(range(0, size[0] - side, side))
    assert len(look(picture, tiles=0)) < there
    assert len(followed(film(picture, 5))[-1].faces) == there


@pytest.mark.slow
def test_letters_are_no_people(second_look: SecondLook) -> None:
    pictures = text_pictures()
    believed = run_stage(BlazeFace(BlazeFaceOptions(doubt=0)), stills(pictures))
    taken_for_faces = [(p.frame.image, face.box) for p in believed for face in p.faces]
    assert len(taken_for_faces) >= 10
    passed = [second_look(image, box).face for image, box in taken_for_faces]
    assert sum(passed) <= 0.1 * len(passed)
    left = run_stage(BlazeFace(), stills(pictures))
    assert sum(len(packet.faces) for packet in left) <= 0.1 * len(passed)
    # Whoever hides faces hides these too.
    assert sum(len(p.faces) + len(p.data["unconfirmed"]) for p in left) == len(taken_for_faces)


def test_sharp_letters_of_two_colours_are_no_faces(second_look: SecondLook) -> None:
    """Rings, as of an O, that the full-range network likes a little."""
    pillow, draw, font, paths = (
        pytest.importorskip(name) for name in ("PIL.Image", "PIL.ImageDraw", "PIL.ImageFont", "matplotlib")
    )
    picture = pillow.new("RGB", (1280, 720), "black")
    bold = font.truetype(f"{paths.get_data_path()}/fonts/ttf/DejaVuSans-Bold.ttf", 120)
    draw.Draw(picture).multiline_text((60, 80), "THE GOOD\nOLD DAYS", font=bold, fill="white")
    packet = still(np.ascontiguousarray(np.asarray(picture)[..., ::-1]))
    (found,) = run_stage(BlazeFace(BlazeFaceOptions(doubt=0)), [packet])
    assert found.faces
    assert not any(second_look(packet.frame.image, face.box).face for face in found.faces)


def test_a_film_of_letters_has_nobody_in_it(second_look: SecondLook) -> None:
    for picture in text_pictures():
        (found,) = run_stage(BlazeFace(), [make_packet(picture)])
        if any(not second_look(picture, face.box).face for face in found.faces):
            break
    packets = film(picture, 30)
    assert any(packet.faces for packet in followed(packets, doubt=0))
    shown = followed(packets)
    assert not any(packet.faces for packet in shown)
    assert all(len(packet.data["unconfirmed"]) == len(found.faces) for packet in shown)


@pytest.mark.parametrize("height", [30, 60, 120, 240])
def test_real_faces_pass_at_any_size_and_brightness(
    second_look: SecondLook, look: Any, astronaut: np.ndarray, hopper: np.ndarray, height: int
) -> None:
    for picture, share in ((astronaut, 0.2), (hopper, 0.37)):
        side = round(height / share)
        resized = cv2.resize(picture, (side, side * picture.shape[0] // picture.shape[1]))
        for gain in (0.4, 1.0, 1.3):
            lit = np.clip(resized * gain, 0, 255).astype(np.uint8)
            for face in look(lit, tiles=0):
                assert second_look(lit, face.box) == (True, False)


def test_a_box_beyond_the_picture_is_looked_at_as_far_as_there_is_one(
    second_look: SecondLook, astronaut: np.ndarray
) -> None:
    for box in (Box(-900, -900, 80, 80), Box(-40, -40, 80, 80), Box(500, 500, 80, 80), Box(0, 0, 0.5, 0.5)):
        assert not second_look(astronaut, box).face


def test_somebody_upside_down_is_marked_and_has_no_emotion_on_stills(
    astronaut: np.ndarray, hopper: np.ndarray
) -> None:
    for picture in (astronaut, hopper):
        for shown, turned in ((picture, False), (upside_down(picture), True)):
            (found,) = run_stage(BlazeFace(BlazeFaceOptions(threshold=0.4)), [still(shown)])
            assert [bool(face.data.get("turned")) for face in found.faces] == [turned] * len(found.faces)
            (aligned,) = run_stage(Align(), [found])
            assert ["chip" not in face.data for face in aligned.faces] == [turned] * len(found.faces)


def test_somebody_upside_down_is_followed_without_an_emotion(hopper: np.ndarray) -> None:
    shown = followed(film(upside_down(hopper)))
    assert {face.track for face in shown[-1].faces} == {1}
    assert all(face.data.get("turned") for face in shown[-1].faces)


def test_who_is_upright_again_and_again_is_looked_at_less_and_less(
    hopper: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    plain = SecondLook.__call__

    def counted(self: SecondLook, image: np.ndarray, box: Box) -> Verdict:
        looks.append(None)
        return plain(self, image, box)

    monkeypatch.setattr(SecondLook, "__call__", counted)
    (face,) = run_stage(BlazeFace(BlazeFaceOptions(model="back")), [make_packet(hopper)])[0].faces
    doubtful = face.replace(score=0.5)
    times = [i * 250_000 for i in range(4 * 12)]
    packets = [make_packet(hopper, time=time, index=i, faces=(doubtful,)) for i, time in enumerate(times)]
    given = run_stage(Track(), packets)
    assert all(packet.faces for packet in given[1:])
    assert len(looks) == 5  # at 0, 1, 3, 7 and 11 seconds


def test_who_passed_once_stays_though_the_head_turns_away(astronaut: np.ndarray, started: Any) -> None:
    """A later look that says no, here at a picture with the face wiped out, ends no track."""
    stage = started(Track())
    face = Face(Box(180, 60, 100, 100), 0.8)
    stage.process(make_packet(astronaut, faces=(face,)))
    for i in range(1, 60):
        wiped = np.full_like(astronaut, 120)
        packet = make_packet(wiped, time=i * 40_000, index=i, faces=(face.replace(score=0.6),))
        assert [each.track for each in stage.process(packet).faces] == [1]


def test_faces_that_are_not_shown_are_handed_on_between_looks_too(astronaut: np.ndarray) -> None:
    """With `every`, whoever hides faces must hide the doubtful ones on the frames between."""
    found = run_stage(BlazeFace(BlazeFaceOptions(every=4)), film(astronaut, 8))
    results = run_stage(Track(TrackOptions(confirm=60, sure=1, doubt=0)), found)
    assert [len(packet.data["unconfirmed"]) for packet in results] == [1] * 8


@pytest.mark.slow
@pytest.mark.shared
def test_the_known_cases(case: Any) -> None:
    def timeline(path: Any, *stages: Any) -> list[Packet]:
        return list(
            Pipeline.of(("file" if path.suffix == ".mp4" else "images", {"path": str(path)}), *stages)
        )

    assert not any(p.faces for p in timeline(case("false_person/no_face.mp4"), "blazeface", "track"))
    (small,) = timeline(case("small_faces/size1080_080.png"), "blazeface")
    assert len(small.faces) == 5
    (many,) = timeline(case("crowd/grid3x3_45faces.png"), "blazeface")
    assert 43 <= len(many.faces) <= 46
    (turned,) = timeline(case("upside_down/rot180.png"), "blazeface", "align", "litert")
    assert len(turned.faces) >= 3
    assert all(face.emotion is None for face in turned.faces)
