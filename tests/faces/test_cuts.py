"""Hard cuts: found where a scene is replaced, and nowhere else; nobody is followed over one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from ferpipe import Frame, Packet, Pipeline, Stage
from ferpipe.testing import make_packet, run_stage
from ferpipe_emotion.smooth import Smooth
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.cuts import Cuts
from ferpipe_faces.track import Track, TrackOptions

SIZE = (640, 360)
STEP = 40_000
Film = list[np.ndarray]


def scene(picture: np.ndarray, frames: int = 15, seed: int = 0) -> Film:
    """A still as a hand-held camera shows it, with a sensor's noise."""
    rng = np.random.default_rng(seed)
    large = cv2.resize(picture, (SIZE[0] + 24, SIZE[1] + 24), interpolation=cv2.INTER_AREA)
    film = []
    for x, y in np.clip(np.cumsum(rng.integers(-2, 3, (frames, 2)), axis=0) + 12, 0, 24):
        part = large[y : y + SIZE[1], x : x + SIZE[0]]
        film.append(np.clip(part + rng.normal(0, 3, part.shape), 0, 255).astype(np.uint8))
    return film


@pytest.fixture(scope="module")
def scenes(astronaut: np.ndarray, hopper: np.ndarray) -> list[Film]:
    photos = [skimage.data.coffee(), skimage.data.rocket(), skimage.data.chelsea()]
    pictures = [astronaut, hopper, *(cv2.cvtColor(photo, cv2.COLOR_RGB2BGR) for photo in photos)]
    return [scene(picture, seed=i) for i, picture in enumerate(pictures)]


def cuts(film: Film) -> list[int]:
    detector = Cuts()
    return [i for i, picture in enumerate(film) if detector.update(Frame(picture, i * STEP, i, "film"))]


def panned(picture: np.ndarray, share: float, frames: int = 12) -> Film:
    """A pan over a picture by `share` of the frame's width a frame, after a second at rest."""
    large = cv2.resize(picture, (SIZE[0] * 3, SIZE[1] * 3), interpolation=cv2.INTER_AREA)
    starts = [0] * 25 + [round(i * share * SIZE[0]) for i in range(1, frames)]
    return [large[300 : 300 + SIZE[1], x : x + SIZE[0]] for x in starts if x + SIZE[0] <= large.shape[1]]


def brightened(picture: np.ndarray, gain: float, offset: float) -> np.ndarray:
    return np.clip(picture * np.float64(gain) + offset, 0, 255).astype(np.uint8)


def test_every_hard_cut_is_found_and_nothing_else(scenes: list[Film]) -> None:
    for a in range(len(scenes)):
        for b in range(len(scenes)):
            if a != b:
                assert cuts([*scenes[a], *scenes[b]]) == [15], (a, b)


def test_cuts_are_found_at_any_rate_of_frames(scenes: list[Film]) -> None:
    for step in (8_000, STEP, 1_000_000):
        detector = Cuts()
        film = [*scenes[0], *scenes[1]]
        assert [i for i, each in enumerate(film) if detector.update(Frame(each, i * step, i, "film"))] == [15]


@pytest.mark.parametrize(("gain", "offset"), [(1.3, 20), (1, 250), (4, 200), (0.3, 0), (0.02, 0)])
def test_a_flash_and_a_dark_moment_are_no_cuts(scenes: list[Film], gain: float, offset: float) -> None:
    for film in scenes:
        lit = [brightened(each, gain, offset) if i in {8, 9} else each for i, each in enumerate(film)]
        assert cuts(lit) == []


def test_pans_and_dissolves_are_no_hard_cuts(scenes: list[Film]) -> None:
    for film in scenes:
        for share in (0.03, 0.08):
            assert cuts(panned(film[0], share)) == []
    a, b = scenes[0], scenes[1]
    mixed = [cv2.addWeighted(a[i], 1 - i / 14, b[i], i / 14, 0) for i in range(15)]
    assert cuts([*scenes[0], *mixed, *scenes[1]]) == []


def test_a_fade_through_black_begins_another_scene_and_blackness_alone_does_not(scenes: list[Film]) -> None:
    black = [np.zeros_like(scenes[0][0])] * 5
    out = [brightened(each, 1 - i / 15, 0) for i, each in enumerate(scenes[0])]
    back = [brightened(each, (i + 1) / 15, 0) for i, each in enumerate(scenes[1])]
    assert len(cuts([*scenes[0], *out, *black, *back, *scenes[1]])) == 1
    assert cuts([*scenes[0], *black, *scenes[0]]) == []


def test_a_camera_that_is_swung_round_is_one_cut_at_most(scenes: list[Film]) -> None:
    photo = scenes[2][0]
    assert len(cuts(panned(photo, 0.35))) <= 1
    assert len(cuts([each for pair in zip(scenes[0], scenes[1], strict=True) for each in pair])) <= 4


def at_one_place(people: tuple[np.ndarray, np.ndarray]) -> list[Packet]:
    """One person, then at once another at the same place, as a detector finds them."""
    packets = []
    for i in range(30):
        picture = np.full((240, 320, 3), (110, 120, 130) if i < 15 else (90, 100, 140), np.uint8)
        picture[60:171, 100:172] = people[0] if i < 15 else people[1]
        packets.append(make_packet(cv2.resize(picture, (640, 480)), time=i * STEP, index=i))
    return run_stage(BlazeFace(BlazeFaceOptions(threshold=0.4)), packets)


def ids(packets: list[Packet]) -> list[set[int | None]]:
    return [{face.track for packet in half for face in packet.faces} for half in (packets[:15], packets[15:])]


def test_a_cut_to_somebody_at_the_same_place_begins_another_track(people: Any) -> None:
    packets = at_one_place(people)
    assert ids(run_stage(Track(), packets)) == [{1}, {2}]


def test_the_frame_of_a_cut_is_marked_so_that_the_smoother_begins_anew(people: Any, started: Any) -> None:
    stage = started(Track())
    followed = [stage.process(packet) for packet in at_one_place(people)]
    assert [i for i, packet in enumerate(followed) if packet.frame.discontinuity] == [15]
    assert stage.context.counts["cuts"] == 1
    assert [packet.frame.discontinuity for packet in run_stage(Smooth(), followed)][15]


def test_cuts_can_be_left_alone(people: Any) -> None:
    packets = run_stage(Track(TrackOptions(cuts=False)), at_one_place(people))
    assert not any(packet.frame.discontinuity for packet in packets)


def test_who_is_still_there_is_followed_though_the_light_changes(astronaut: np.ndarray) -> None:
    light = np.linspace(1, 3, 512)[None, :, None]
    pictures = [astronaut if i < 10 else brightened(astronaut * light, 1, 0) for i in range(20)]
    assert len(cuts(pictures)) == 1
    packets = [make_packet(picture, time=i * STEP, index=i) for i, picture in enumerate(pictures)]
    followed = run_stage(Track(), run_stage(BlazeFace(), packets))
    assert {face.track for packet in followed for face in packet.faces} == {1}
    assert not any(packet.frame.discontinuity for packet in followed)


def test_the_detector_looks_at_once_after_a_cut(scenes: list[Film]) -> None:
    stage: Stage[Any] = BlazeFace(BlazeFaceOptions(every=10))
    film = [*scenes[2][:13], *scenes[0][:5]]
    packets = run_stage(stage, [make_packet(each, time=i * STEP, index=i) for i, each in enumerate(film)])
    assert [face.detected for face in packets[13].faces] == [True]
    assert [face.detected for face in packets[14].faces] == [False]


def test_a_cut_to_a_bright_scene_is_found_soon(scenes: list[Film]) -> None:
    snow = scene(np.clip(scenes[2][0].astype(np.float64) / 6 + 205, 0, 255).astype(np.uint8), 20)
    dark = [brightened(each, 0.5, 0) for each in scenes[0]]
    (at,) = cuts([*dark, *snow])
    assert 15 <= at <= 15 + 8


@pytest.mark.slow
@pytest.mark.shared
def test_real_clips_have_no_cuts_and_their_joins_are_cuts(media: Path) -> None:
    clips = []
    for file in sorted(media.glob("*.mp4")):
        film = [packet.frame.image for packet in Pipeline.of(("file", {"path": str(file)}))]
        for step in (1, 2, 5):
            assert cuts(film[::step]) == [], file.stem
        clips.append(film[:14])
    for a in clips:
        for b in clips:
            if a is not b:
                assert cuts([*a, *b]) == [14]
