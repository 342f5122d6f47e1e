"""The smoother: exact in time, slow to change its mind, honest about what it did."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferpipe import Emotion, Face, Packet
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_emotion.smooth import Smooth, SmoothOptions

CLASSES = ("angry", "happy", "neutral")
ANGRY, HAPPY, NEUTRAL = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)


def face(shares=NEUTRAL, track: int | None = 1, *, detected: bool = True) -> Face:
    emotion = None if shares is None else Emotion(CLASSES, shares, CLASSES[int(np.argmax(shares))])
    return Face((0, 0, 9, 9), 0.9, track=track, emotion=emotion, detected=detected)


def at(seconds: float, *faces: Face, **more) -> Packet:
    return make_packet(time=round(seconds * 1e6), faces=faces, **more)


def emotions(packets: list[Packet], tmp_path, **options) -> list[Emotion]:
    given_ = run_stage(Smooth(SmoothOptions(**options)), packets, context=TestContext(tmp_path))
    assert len(given_) == len(packets)
    return [packet.faces[0].emotion for packet in given_ if packet.faces]


def test_the_first_answer_is_the_raw_one_without_a_label(tmp_path):
    (first,) = emotions([at(0, face(HAPPY))], tmp_path)
    assert first == Emotion(CLASSES, HAPPY, None, raw=HAPPY)


def test_a_step_follows_the_exponential(tmp_path):
    times = [0, 0.04, 0.1, 0.35, 0.5]  # as irregular as a real clip
    packets = [at(0, face(NEUTRAL)), *(at(t, face(HAPPY)) for t in times[1:])]
    for time, emotion in zip(times, emotions(packets, tmp_path, tau=0.3), strict=True):
        assert emotion.probabilities[1] == pytest.approx(0.8 - 0.7 * math.exp(-time / 0.3))
        assert sum(emotion.probabilities) == pytest.approx(1)


@given(st.lists(st.integers(1, 400_000), min_size=2, max_size=30))
def test_only_time_counts_not_the_number_of_frames(gaps):
    """A step that is sampled often or seldom ends at the same value."""

    def last(steps: list[int]) -> tuple[float, ...]:
        stage = Smooth(SmoothOptions(tau=0.3, forget=60))
        stage.process(make_packet(time=0, faces=(face(NEUTRAL),)))
        for step in np.cumsum(steps):
            given_ = stage.process(make_packet(time=int(step), faces=(face(HAPPY),)))
        return given_.faces[0].emotion.probabilities

    assert last(gaps) == pytest.approx(last([sum(gaps)]))


def test_raw_and_detection_are_kept(tmp_path):
    packets = [at(0, face(NEUTRAL)), at(0.04, face(HAPPY))]
    second = emotions(packets, tmp_path)[1]
    assert second.raw == HAPPY
    assert second.probabilities != HAPPY


def test_a_label_changes_only_after_the_hold(tmp_path):
    times = np.arange(0, 2, 0.04)
    packets = [at(t, face(NEUTRAL if t < 0.99 else HAPPY)) for t in times]
    labels = [e.label for e in emotions(packets, tmp_path, tau=0, margin=0.1, hold=0.2)]
    assert times[labels.index("neutral")] == pytest.approx(0.2)
    changed = times[labels.index("happy")]
    assert changed == pytest.approx(0.96 + 0.2)
    assert set(labels[labels.index("happy") :]) == {"happy"}


@pytest.mark.parametrize("interval", [0.04, 0.2, 1.0])
def test_a_label_changes_at_any_rate_of_samples(interval, tmp_path):
    packets = [
        at(i * interval, face(NEUTRAL if i * interval < 2 else HAPPY)) for i in range(round(4 / interval))
    ]
    shown = emotions(packets, tmp_path, forget=9)
    late = next(p.time for p, e in zip(packets, shown, strict=True) if e.label == "happy") / 1e6 - 2
    assert late <= max(0.6, interval)


def test_a_flash_of_another_class_is_not_shown(tmp_path):
    shares = [NEUTRAL] * 25 + [HAPPY] * 4 + [NEUTRAL] * 5
    packets = [at(i * 0.04, face(s)) for i, s in enumerate(shares)]
    assert {e.label for e in emotions(packets, tmp_path, tau=0, hold=0.2)} == {None, "neutral"}
    assert "happy" in {e.label for e in emotions(packets, tmp_path, tau=0, hold=0.1)}


def test_a_break_in_the_lead_starts_the_hold_again(tmp_path):
    shares = [NEUTRAL] * 25 + ([HAPPY] * 4 + [NEUTRAL]) * 6
    packets = [at(i * 0.04, face(s)) for i, s in enumerate(shares)]
    options = {"tau": 0, "hold": 0.2, "lasting": 60, "keep": 60}
    assert {e.label for e in emotions(packets, tmp_path, **options)} == {None, "neutral"}


def test_a_third_class_starts_the_hold_again(tmp_path):
    shares = [NEUTRAL] * 25 + ([HAPPY] * 3 + [ANGRY] * 3) * 4
    packets = [at(i * 0.04, face(s)) for i, s in enumerate(shares)]
    options = {"tau": 0, "hold": 0.2, "lasting": 60, "keep": 60}
    assert {e.label for e in emotions(packets, tmp_path, **options)} == {None, "neutral"}


@pytest.mark.parametrize(("margin", "seconds"), [(0.05, 0.2), (0.1, 0.8)])
def test_a_lead_below_the_margin_wins_when_it_lasts(margin, seconds, tmp_path):
    """A clear lead needs `hold`; a faint one must lead the mean of a window for `lasting`."""
    faint, step = (0.1, 0.48, 0.42), 0.04
    packets = [at(i * step, face((0.1, 0.42, 0.48) if i < 50 else faint)) for i in range(150)]
    shown = emotions(packets, tmp_path, tau=0, hold=0.2, margin=margin)
    first = next(i for i, e in enumerate(shown) if e.label == "happy")
    assert (first - 49) * step == pytest.approx(seconds, abs=step)
    assert {e.label for e in shown[first:]} == {"happy"}


def test_tracks_do_not_mix(tmp_path):
    packets = [at(i * 0.04, face(HAPPY, 1), face(ANGRY, 2)) for i in range(20)]
    # The order of faces in a frame says nothing: the tracks do.
    turned = [
        packet.replace(faces=packet.faces[::-1]) if i % 2 else packet for i, packet in enumerate(packets)
    ]
    for packet in run_stage(Smooth(), turned, context=TestContext(tmp_path)):
        for one in packet.faces:
            expected = HAPPY if one.track == 1 else ANGRY
            assert one.emotion.probabilities == pytest.approx(expected)


def test_sources_do_not_mix():
    stage = Smooth()
    stage.process(at(0, face(HAPPY), source="left"))
    other = stage.process(at(0.04, face(ANGRY), source="right"))
    assert other.faces[0].emotion.probabilities == ANGRY


@pytest.mark.parametrize("one", [face(HAPPY, None), face(None, 1), face(None, None)])
def test_faces_without_track_or_emotion_pass_unchanged(one, tmp_path):
    (packet,) = run_stage(Smooth(), [at(0, one)], context=TestContext(tmp_path))
    assert packet.faces[0] is one


def test_a_frame_without_faces_passes(tmp_path):
    packet = at(0)
    assert run_stage(Smooth(), [packet], context=TestContext(tmp_path)) == [packet]


def test_a_face_that_could_not_be_classified_leaves_the_state_alone(tmp_path):
    packets = [at(0, face(HAPPY)), at(0.1, face(None)), at(0.2, face(NEUTRAL))]
    middle, last = emotions(packets, tmp_path, tau=0.3)[1:]
    assert middle is None
    assert last.probabilities[1] == pytest.approx(0.1 + 0.7 * math.exp(-0.2 / 0.3))


@pytest.mark.parametrize(("away", "afresh"), [(0.9, False), (1.1, True)])
def test_a_track_that_was_away_for_long_starts_afresh(away, afresh, tmp_path):
    packets = [at(0, face(HAPPY)), at(away, face(NEUTRAL))]
    back = emotions(packets, tmp_path, tau=0.3, forget=1)[1]
    assert (back.probabilities == NEUTRAL) is afresh


def test_a_discontinuity_starts_afresh(tmp_path):
    packets = [at(0, face(HAPPY)), at(0.04, face(NEUTRAL), discontinuity=True)]
    assert emotions(packets, tmp_path)[1] == Emotion(CLASSES, NEUTRAL, None, raw=NEUTRAL)


def test_other_classes_start_afresh(tmp_path):
    other = Face((0, 0, 9, 9), 0.9, track=1, emotion=Emotion(("yes", "no"), (0.9, 0.1), "yes"))
    second = emotions([at(0, face(HAPPY)), at(0.04, other)], tmp_path)[1]
    assert second.probabilities == (0.9, 0.1)


@pytest.mark.parametrize(("carried", "time"), [(1.0, 0.2), (0.5, 0.1), (0.0, 0.0)])
def test_carried_faces_count_for_a_part_of_their_time(carried, time, tmp_path):
    packets = [at(0, face(NEUTRAL)), at(0.2, face(HAPPY, detected=False))]
    second = emotions(packets, tmp_path, tau=0.3, carried=carried)[1]
    assert second.probabilities[1] == pytest.approx(0.8 - 0.7 * math.exp(-time / 0.3))


def test_memory_of_dead_tracks_is_dropped():
    stage = Smooth(SmoothOptions(forget=0.5))
    for i in range(2000):
        stage.process(at(i * 0.04, face(HAPPY, track=i + 1)))
    assert len(stage._tracks) <= 0.5 / 0.04 + 2
    stage.process(at(2000 * 0.04 + 1))
    assert not stage._tracks
