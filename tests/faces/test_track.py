"""Who keeps which id: on synthetic paths with real faces, in seconds and not frames, and on real clips."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferpipe.testing import make_packet, run_stage
from ferpipe_faces.blazeface import BlazeFace, BlazeFaceOptions
from ferpipe_faces.track import Track, TrackOptions

from .walks import Path2D, crossing, every, film, identities


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


def test_a_frame_without_people_is_no_trouble() -> None:
    results = run_stage(Track(), [make_packet(time=i, faces=()) for i in range(3)])
    assert [packet.faces for packet in results] == [(), (), ()]


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
