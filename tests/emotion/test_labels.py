"""Labels are earned, and do not depend on where a clip starts."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferpipe import Emotion, Face, Packet, Pipeline, StreamInfo
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_emotion.smooth import Smooth, SmoothOptions

CLASSES = ("angry", "happy", "neutral", "sad")
SECOND = 1_000_000
SETTLED = 2 * SECOND
"""How long after its start a real clip's labels may still differ from those of one that began earlier."""
AT_MOST = 4 * SECOND
"""The same for any clip: `keep`, `window` and `lasting`, and the filter's last traces."""

Answers = list[tuple[int, tuple[float, ...]]]


def packet_of(time: int, shares: tuple[float, ...]) -> Packet:
    emotion = Emotion(CLASSES, shares, CLASSES[int(np.argmax(shares))])
    return make_packet(time=time, faces=(Face((0, 0, 9, 9), 0.9, track=1, emotion=emotion),))


def labels(answers: Answers, **options: float) -> dict[int, str | None]:
    """The label shown at each time."""
    stage = Smooth(SmoothOptions(**options))
    return {time: stage.process(packet_of(time, s)).faces[0].emotion.label for time, s in answers}


def seconds(shown: dict[int, str | None]) -> Counter[str]:
    """Microseconds a label; the last frame lasts as long as the one before."""
    times = sorted(shown)
    spent: Counter[str] = Counter()
    for i, time in enumerate(times):
        step = times[i + 1] - time if i + 1 < len(times) else time - times[i - 1]
        if (label := shown[time]) is not None:
            spent[label] += step
    return spent


def mood(seed: int, length: float = 12, step: float = 0.04, faint: float = 1.0) -> Answers:
    """Noisy answers of a face whose expression changes now and then, often hardly."""
    rng = np.random.default_rng(seed)
    answers, means = [], rng.dirichlet(np.ones(4))
    noise = np.zeros(4)
    for i in range(round(length / step)):
        if rng.random() < step / 3:
            means = rng.dirichlet(np.full(4, 1 / faint))
        noise = 0.7 * noise + rng.normal(0, 0.5, 4)
        shares = np.exp(np.log(means + 0.05) + noise)
        answers.append((round(i * step * SECOND), tuple(float(x) for x in shares / shares.sum())))
    return answers


@pytest.mark.parametrize("faint", [0.3, 1.0, 3.0])
def test_seconds_a_label_agree_for_ten_starts_within_the_time_cut_off(faint: float) -> None:
    for seed in range(2):
        answers = mood(seed, faint=faint)
        cuts = [round(i * 0.2 / 0.04) for i in range(10)]
        spent = [(answers[cut][0], seconds(labels(answers[cut:]))) for cut in cuts]
        for (first, a), (second, b) in combinations(spent, 2):
            for label in CLASSES:
                assert abs(a[label] - b[label]) <= second - first + 1.5 * SECOND, (seed, label)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 9), st.sampled_from([0.04, 0.1, 0.3]))
def test_soon_after_its_start_no_label_depends_on_it(seed, start, step):
    answers = mood(seed, 14, step, faint=0.5)
    late = [one for one in answers if one[0] >= start * SECOND]
    whole, part = labels(answers), labels(late)
    settled = [time for time in part if time >= late[0][0] + AT_MOST]
    assert [part[time] for time in settled] == [whole[time] for time in settled]


@pytest.mark.parametrize("lead", [0.01, 0.03, 0.1])
def test_a_first_weak_label_does_not_stay(lead: float) -> None:
    """One frame in which another class is a little ahead decides nothing, nor does it stay for ever."""
    first, then = (0.4, 0.2, 0.2, 0.2), (0.3 - lead, 0.2, 0.2, 0.3 + lead)
    shown = labels([(i * 40_000, first if i == 0 else then) for i in range(50)])
    assert shown[0] is None
    assert set(shown.values()) == {None, "sad"}
    assert set(list(shown.values())[20:]) == {"sad"}


def test_a_label_that_nothing_earns_any_more_is_dropped() -> None:
    happy, one, other = (0.1, 0.7, 0.1, 0.1), (0.6, 0.1, 0.1, 0.2), (0.2, 0.1, 0.1, 0.6)
    restless = [one if i % 2 else other for i in range(100)]
    shown = labels([(i * 100_000, s) for i, s in enumerate([happy] * 10 + restless)], keep=1, window=0.3)
    assert shown[1_000_000] == "happy"
    assert shown[4_000_000] is None


def test_a_still_and_a_clip_shorter_than_the_window_have_their_label_at_once(tmp_path: Path) -> None:
    for facts in ({"frames": 1}, {"duration": 400_000}, {"duration": 9 * SECOND, "start": 8_500_000}):
        context = TestContext(tmp_path, streams={"source": StreamInfo("source", "x", **facts)})
        (given_,) = run_stage(Smooth(), [packet_of(0, (0.1, 0.6, 0.2, 0.1))], context=context)
        assert given_.faces[0].emotion.label == "happy"


@pytest.mark.parametrize("step", [0.3, 1.0, 1.5, 60.0])
def test_rare_frames_have_labels(step: float) -> None:
    shown = labels([(round(i * step * SECOND), (0.1, 0.6, 0.2, 0.1)) for i in range(4)])
    assert list(shown.values()) == [None, "happy", "happy", "happy"]


def answers_of(clip: Path) -> dict[int, Answers]:
    """What `base` says of each track of a clip where it is sure, in time; only tracks that last."""
    found: dict[int, Answers] = {}
    for packet in Pipeline.of(("file", {"path": str(clip)}), "blazeface", "track", "align", "litert"):
        for face in packet.faces:
            if face.emotion is not None and face.emotion.label is not None and face.track is not None:
                found.setdefault(face.track, []).append((packet.time, face.emotion.probabilities))
    return {track: answers for track, answers in found.items() if answers[-1][0] - answers[0][0] > SETTLED}


@pytest.mark.slow
@pytest.mark.shared
def test_real_clips_cut_at_ten_starts_agree(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    monkeypatch.setattr(f"{__name__}.CLASSES", names)
    compared = 0
    for clip in sorted(media.glob("*.mp4")):
        for answers in answers_of(clip).values():
            cuts = range(0, len(answers) // 2, max(1, len(answers) // 20))
            runs = [(answers[cut][0], labels(answers[cut:])) for cut in cuts]
            for (first, a), (second, b) in combinations(runs, 2):
                one, other = seconds(a), seconds(b)
                for label in names:
                    assert abs(one[label] - other[label]) <= second - first + SECOND, (clip.stem, label)
                late = [time for time in b if time >= second + SETTLED]
                assert [b[time] for time in late] == [a[time] for time in late]
                compared += 1
    assert compared > 200
