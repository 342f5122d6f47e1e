"""What the tracker shows: faces between looks, after a miss, once confirmed, and held steady."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferpipe import Packet
from ferpipe.testing import run_stage
from ferpipe_faces.track import Track, TrackOptions

from .walks import FACE, SECOND, Path2D, every, film


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


def test_steadying_calms_rest_and_follows_motion(people: Any) -> None:
    def go(t: float) -> tuple[float, float]:
        return 60 + 200 * max(t - 2, 0), 80

    packets = film(people[:1], [go], every(0.04, 3), jitter=0.03)
    plain, steady = (run_stage(Track(TrackOptions(steady=cutoff)), packets) for cutoff in (0, 1.0))

    def eyes(results: list[Packet]) -> np.ndarray:
        return np.array([packet.faces[0].landmarks[0] for packet in results])

    assert np.diff(eyes(steady)[5:45], axis=0).std() < 0.5 * np.diff(eyes(plain)[5:45], axis=0).std()
    assert abs(eyes(steady)[-1, 0] - (go(2.96)[0] + 0.3 * FACE)) < 0.25 * FACE
