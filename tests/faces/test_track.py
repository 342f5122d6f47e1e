"""The tracker on synthetic paths with real faces, in seconds and not frames, and on real clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from ferpipe import Box, Face, Packet
from ferpipe.testing import make_packet, run_stage
from ferpipe_faces.assignment import assign
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.motion import Motion
from ferpipe_faces.one_euro import OneEuro
from ferpipe_faces.track import Track, TrackOptions

FACE = 48
SECOND = 1_000_000
Path2D = Callable[[float], tuple[float, float] | None]


@pytest.fixture(scope="module")
def people(astronaut: np.ndarray, hopper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two real people from hair to chest, each with a face box of FACE pixels at (12, 16)."""
    first = cv2.resize(astronaut[34:274, 146:302], (72, 111), interpolation=cv2.INTER_AREA)
    second = cv2.resize(hopper[50:530, 108:420], (72, 111), interpolation=cv2.INTER_AREA)
    return first, second


def scene(people: Any, places: list[tuple[float, float] | None]) -> np.ndarray:
    """A picture with the people at the places of their faces; the last one stands in front."""
    picture = np.full((240, 480, 3), 110, np.uint8)
    for person, place in zip(people, places, strict=True):
        if place is None:
            continue
        x, y = round(place[0]) - 12, round(place[1]) - 16
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + 72, 480), min(y + 111, 240)
        if left < right and top < bottom:
            picture[top:bottom, left:right] = person[top - y : bottom - y, left - x : right - x]
    return picture


def film(
    people: Any, paths: list[Path2D], times: list[float], *, jitter: float = 0, drop: float = 0, seed: int = 0
) -> list[Packet]:
    """Packets as a detector gives them: who is covered by more than half is not found."""
    rng = np.random.default_rng(seed)
    packets = []
    for index, time in enumerate(times):
        places = [path(time) for path in paths]
        faces = []
        for i, place in enumerate(places):
            if place is None or (drop and rng.random() < drop):
                continue
            covered = any(
                other is not None
                and abs(other[0] - place[0]) < FACE / 2
                and abs(other[1] - place[1]) < FACE / 2
                for other in places[i + 1 :]
            )
            if not covered:
                x, y = np.array(place) + rng.normal(0, jitter * FACE, 2)
                size = FACE * np.exp(rng.normal(0, jitter))
                eyes = np.array(
                    [[x + 0.3 * size, y + 0.4 * size], [x + 0.7 * size, y + 0.4 * size]], np.float32
                )
                faces.append(Face(Box(x, y, size, size), 0.9, eyes, ("left_eye", "right_eye")))
        rng.shuffle(faces)
        packets.append(
            make_packet(scene(people, places), time=round(time * SECOND), index=index, faces=tuple(faces))
        )
    return packets


def true_owner(face: Face, paths: list[Path2D], time: float) -> int:
    places = [path(time) for path in paths]
    return min(
        (i for i, place in enumerate(places) if place is not None),
        key=lambda i: np.hypot(face.box.x - places[i][0], face.box.y - places[i][1]),
    )


def identities(packets: list[Packet], paths: list[Path2D], *, apart: float = FACE) -> list[set[int]]:
    """The ids each person had on frames where nobody else was near."""
    ids: list[set[int]] = [set() for _ in paths]
    for packet in packets:
        time = packet.time / SECOND
        places = [place for place in (path(time) for path in paths) if place is not None]
        near = len(places) > 1 and abs(places[0][0] - places[1][0]) < apart
        for face in packet.faces:
            if not near and face.detected:
                ids[true_owner(face, paths, time)].add(face.track)
    return ids


def every(step: float, end: float) -> list[float]:
    return [i * step for i in range(round(end / step))]


def crossing(speed: float) -> list[Path2D]:
    return [lambda t: (40 + speed * t, 70), lambda t: (360 - speed * t, 76)]


@pytest.mark.parametrize("step", [1 / 30, 1 / 12.5, 1 / 6])
@pytest.mark.parametrize("speed", [60.0, 120.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_two_who_cross_keep_their_ids_at_any_frame_rate(
    people: Any, step: float, speed: float, seed: int
) -> None:
    paths = crossing(speed)
    packets = film(people, paths, every(step, 300 / speed), jitter=0.03, drop=0.05, seed=seed)
    first, second = identities(run_stage(Track(), packets), paths)
    assert {len(first), len(second)} == {1}
    assert first != second


def test_two_who_meet_and_turn_back_keep_their_ids(people: Any) -> None:
    def swing(t: float) -> float:
        return 85 * min(t, 4 - t)

    paths: list[Path2D] = [lambda t: (60 + swing(t), 70), lambda t: (400 - swing(t), 74)]
    first, second = identities(run_stage(Track(), film(people, paths, every(0.05, 4), jitter=0.02)), paths)
    assert (len(first), len(second)) == (1, 1)
    assert first != second


def test_an_occlusion_shorter_than_lost_after_keeps_the_id_and_a_longer_one_ends_it(people: Any) -> None:
    def hidden(start: float, end: float) -> Path2D:
        return lambda t: None if start < t < end else (50 + 60 * t, 80)

    for gap, expected in ((0.8, 1), (1.4, 2)):
        path = hidden(1, 1 + gap)
        packets = film(people[:1], [path], every(0.04, 4))
        (ids,) = identities(run_stage(Track(TrackOptions(lost_after=1.0)), packets), [path])
        assert len(ids) == expected, gap


def test_dropped_frames_do_not_matter(people: Any) -> None:
    paths = crossing(100)
    rng = np.random.default_rng(4)
    times = [time for time in every(0.04, 3) if rng.random() < 0.3]
    first, second = identities(run_stage(Track(), film(people, paths, times, jitter=0.02)), paths)
    assert (len(first), len(second)) == (1, 1)
    assert first != second


def test_ids_are_never_used_twice_and_a_discontinuity_starts_afresh(people: Any) -> None:
    def still(_: float) -> tuple[float, float]:
        return 100, 80

    packets = film(people[:1], [still], every(0.04, 0.4))
    cut = packets[5].frame
    packets[5] = make_packet(cut.image, time=cut.time, index=5, discontinuity=True, faces=packets[5].faces)
    ids = [face.track for packet in run_stage(Track(), packets) for face in packet.faces]
    assert ids == [1] * 5 + [2] * 5


def test_who_enters_later_gets_the_next_id(people: Any) -> None:
    paths: list[Path2D] = [lambda _: (60, 80), lambda t: (330 - 20 * t, 80) if t > 0.5 else None]
    results = run_stage(Track(), film(people, paths, every(0.1, 2)))
    assert identities(results, paths) == [{1}, {2}]
    assert [face.track for face in results[-1].faces] == [1, 2]


def test_frames_without_a_look_show_faces_where_they_should_be(people: Any) -> None:
    path: Path2D = lambda t: (50 + 90 * t, 80)  # noqa: E731
    looked = film(people[:1], [path], every(0.04, 3))
    packets, last = [], ()
    for i, packet in enumerate(looked):
        last = packet.faces if i % 5 == 0 else tuple(face.replace(detected=False) for face in last)
        packets.append(packet.replace(faces=last))
    results = run_stage(Track(), packets)
    assert [packet.faces[0].detected for packet in results[:6]] == [True, False, False, False, False, True]
    away, frozen, eyes = [], [], []
    for given_packet, packet in zip(packets[25:], results[25:], strict=True):
        (face,) = packet.faces
        assert face.track == 1
        x = path(packet.time / SECOND)[0]
        away.append(abs(face.box.x - x))
        frozen.append(abs(given_packet.faces[0].box.x - x))
        eyes.append(abs(face.landmarks[0, 0] - (x + 0.3 * FACE)))
    assert max(frozen) > 12
    assert max(away) < 4
    assert max(eyes) < 4


def test_a_missed_face_is_carried_for_a_moment_only(people: Any) -> None:
    path: Path2D = lambda t: (100, 80) if t < 0.5 else None  # noqa: E731
    packets = film(people[:1], [path], every(0.05, 1))
    results = run_stage(Track(TrackOptions(carry=0.12)), packets)
    shown = [packet.time / SECOND for packet in results if packet.faces]
    assert max(shown) == pytest.approx(0.55)
    assert [packet.faces[0].detected for packet in results[8:12]] == [True, True, False, False]
    without = run_stage(Track(TrackOptions(carry=0)), packets)
    assert max(packet.time / SECOND for packet in without if packet.faces) == pytest.approx(0.45)


def test_confirm_hides_short_false_faces_without_spending_ids(people: Any) -> None:
    paths: list[Path2D] = [
        lambda t: (60, 80) if 0.4 < t < 0.5 else None,
        lambda t: (300, 80) if t > 0.6 else None,
    ]
    packets = film(people, paths, every(0.04, 2))
    assert {face.track for p in run_stage(Track(), packets) for face in p.faces} == {1, 2}
    results = run_stage(Track(TrackOptions(confirm=0.2, sure=1)), packets)
    assert {face.track for packet in results for face in packet.faces} == {1}
    assert min(packet.time for packet in results if packet.faces) / SECOND == pytest.approx(0.84)


def test_only_doubtful_faces_have_to_be_confirmed(people: Any) -> None:
    packets = film(people[:1], [lambda t: (100, 80)], every(0.04, 0.5))
    first = packets[0].faces[0].score
    shown = [
        min(p.time for p in run_stage(Track(TrackOptions(confirm=0.2, sure=sure)), packets) if p.faces)
        for sure in (first - 0.01, first + 0.01)
    ]
    assert shown == [0, pytest.approx(0.2 * SECOND, abs=0.04 * SECOND)]


def test_what_is_not_shown_yet_can_still_be_hidden(people: Any) -> None:
    packets = film(people[:1], [lambda t: (100, 80)], every(0.04, 0.5))
    results = run_stage(Track(TrackOptions(confirm=0.2, sure=1)), packets)
    for packet in results:
        assert len(packet.faces) + len(packet.data["unconfirmed"]) == 1


@pytest.mark.parametrize(
    ("times", "ids"),
    [
        ([0, 0.1, 600, 600.1], [1, 1, 2, 2]),
        ([0, 600, 600.1], [1, 2, 2]),
        ([0, 2, 4, 6], [1, 1, 1, 1]),
        ([0, 0.04, 0.9, 0.94], [1, 1, 1, 1]),
    ],
)
def test_nobody_is_followed_over_a_gap(people: Any, times: list[float], ids: list[int]) -> None:
    packets = film(people[:1], [lambda t: (100, 80)], times)
    results = run_stage(Track(TrackOptions(confirm=0)), packets)
    assert [packet.faces[0].track for packet in results] == ids


def test_steadying_calms_rest_and_follows_motion(people: Any) -> None:
    def go(t: float) -> tuple[float, float]:
        return 60 + 200 * max(t - 2, 0), 80

    packets = film(people[:1], [go], every(0.04, 3), jitter=0.03)
    plain, steady = (run_stage(Track(TrackOptions(steady=cutoff)), packets) for cutoff in (0, 1.0))

    def eyes(results: list[Packet]) -> np.ndarray:
        return np.array([packet.faces[0].landmarks[0] for packet in results])

    assert np.diff(eyes(steady)[5:45], axis=0).std() < 0.5 * np.diff(eyes(plain)[5:45], axis=0).std()
    assert abs(eyes(steady)[-1, 0] - (go(2.96)[0] + 0.3 * FACE)) < 0.25 * FACE


def test_a_frame_without_people_is_no_trouble() -> None:
    results = run_stage(Track(), [make_packet(time=i, faces=()) for i in range(3)])
    assert [packet.faces for packet in results] == [(), (), ()]


def test_the_filter_means_the_same_at_any_frame_rate() -> None:
    places = []
    for steps in (10, 50):
        motion = Motion(Box(0, 0, 40, 40))
        for i in range(1, steps + 1):
            motion.advance(1 / steps, seen=True)
            motion.correct(Box(60 * i / steps, 0, 40, 40))
        motion.advance(0.2, seen=True)
        places.append(motion.box.x)
    assert places[0] == pytest.approx(places[1], abs=2)
    assert places[0] == pytest.approx(72, abs=3)


def test_one_euro_starts_afresh_with_other_points() -> None:
    calm = OneEuro(1, 0)
    assert calm(np.zeros(2), 0, 1) == pytest.approx([0, 0])
    assert calm(np.ones(2), 0.02, 1).max() < 0.2
    assert calm(np.ones(3), 0.02, 1) == pytest.approx([1, 1, 1])


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.one_of(st.floats(-50, 50), st.just(np.inf)),
    )
)
def test_assignments_are_the_cheapest(cost: np.ndarray) -> None:
    pairs = assign(cost)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    big = 1e5
    filled = np.where(np.isfinite(cost), cost, big)
    rows, columns = linear_sum_assignment(filled)
    best = [(i, j) for i, j in zip(rows, columns, strict=True) if np.isfinite(cost[i, j])]
    assert len(pairs) == len(best)
    assert sum(cost[pair] for pair in pairs) == pytest.approx(sum(cost[pair] for pair in best), abs=1e-4)


@pytest.mark.shared
@pytest.mark.parametrize("interval", [1, 4])
@pytest.mark.parametrize(
    ("clip", "model", "faces"),
    [
        ("intel_head-pose-female-and-male", "full", 2),
        ("intel_face-demographics-walking-and-pause", "full", 3),
        ("intel_classroom", "back", 4),
    ],
)
def test_on_real_clips_everybody_has_one_id(
    media: Path, clip: str, model: str, faces: int, interval: int
) -> None:
    capture = cv2.VideoCapture(str(media / f"{clip}.mp4"))
    pictures = []
    while (picture := capture.read()[1]) is not None:
        pictures.append(picture)
    packets = [make_packet(picture, time=i * 83_333, index=i) for i, picture in enumerate(pictures[:40])]
    found = run_stage(BlazeFace(BlazeFaceOptions(model=model, every=interval)), packets)
    results = run_stage(Track(TrackOptions(confirm=0)), found)
    assert {face.track for packet in results for face in packet.faces} == set(range(1, faces + 1))
    assert min(len(packet.faces) for packet in results) >= faces - (interval > 1)
