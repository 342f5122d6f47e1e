"""Many people at once, against sums that are done frame by frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.timelines import CLASSES, planned, wandering

from ferpipe.resources import shipped
from ferpipe_report.merge import merged
from ferpipe_report.numbers import numbers_of
from ferpipe_report.recording import open_recording
from ferpipe_report.together import interval, together


def test_share_and_mean_count_people_by_their_time_in_view(tmp_path):
    times = [i / 10 for i in range(100)]
    plans = [lambda t: "happy", lambda t: "happy" if t < 5 else "sad", lambda t: "sad" if t < 2.5 else None]
    for i, plan in enumerate(plans):
        planned(tmp_path / f"{i}.json", times, plan)
    found = together([open_recording(tmp_path / f"{i}.json") for i in range(3)], CLASSES)
    happy, sad = CLASSES.index("happy"), CLASSES.index("sad")
    at = lambda seconds: int(np.searchsorted(found.edges, seconds * 1e6, side="right")) - 1  # noqa: E731
    assert found.share[at(1), happy] == pytest.approx(2 / 3)
    assert found.people[at(1)] == 3
    assert found.share[at(4), happy] == pytest.approx(1)
    assert found.share[at(8), [happy, sad]] == pytest.approx([0.5, 0.5])
    assert found.people[at(8)] == 2
    assert found.mean[at(1), happy] == pytest.approx((0.8 + 0.8 + 0.0333) / 3, abs=1e-3)


def test_means_are_those_of_a_sum_frame_by_frame_whatever_the_bins(tmp_path):
    wandering(tmp_path / "w.json", seconds=40, people=3, seed=9, fps=7.0)
    recording = open_recording(tmp_path / "w.json")
    found = together([recording], CLASSES)
    rng = np.random.default_rng(0)
    for at in rng.choice(len(found.edges) - 2, 25):
        start, end = found.edges[at], found.edges[at + 1]
        sums = np.zeros(len(CLASSES))
        total = 0.0
        for person in recording.people:
            for row, frame in enumerate(person.frames):
                begin = recording.times[frame]
                part = min(end, begin + recording.durations[frame]) - max(start, begin)
                if part > 0:
                    sums += part * person.probabilities[row]
                    total += part
        expected = sums / total if total else np.full(len(CLASSES), np.nan)
        np.testing.assert_allclose(found.mean[at], expected, atol=1e-6)


def test_an_interval_of_equal_weights_is_students(tmp_path):
    values = np.array([0.2, 0.4, 0.5, 0.9])[:, None]
    mean, low, high = interval(values, np.ones((4, 1)))
    half = 3.182 * values.std(ddof=1) / 2
    assert mean[0] == pytest.approx(0.5)
    assert [low[0], high[0]] == pytest.approx([0.5 - half, 0.5 + half])


def test_an_interval_covers_the_mean_in_95_of_100_draws():
    rng = np.random.default_rng(4)
    for n in (3, 8, 40):
        values = rng.normal(0.5, 0.1, (n, 4000))
        _, low, high = interval(values, np.ones((n, 4000)))
        assert ((low < 0.5) & (high > 0.5)).mean() == pytest.approx(0.95, abs=0.012)


def test_one_person_has_a_mean_and_no_interval():
    mean, low, _ = interval(np.array([[0.3]]), np.array([[1.0]]))
    assert mean[0] == 0.3
    assert np.isnan(low[0])


def test_recordings_lie_at_their_offsets(tmp_path):
    planned(tmp_path / "a.json", [i / 10 for i in range(50)], lambda t: "happy" if t < 2 else "sad")
    recording = open_recording(tmp_path / "a.json")
    moved = [replace(recording, offset=2_000_000), replace(recording, offset=0)]
    found = together(moved, CLASSES)
    assert found.edges[0] == -2_000_000
    at = int(np.searchsorted(found.edges, 500_000)) - 1
    assert found.share[at, CLASSES.index("sad")] == pytest.approx(0.5)


def test_one_row_a_file_has_the_segments_of_its_only_track(tmp_path):
    wandering(tmp_path / "w.json", seconds=120, people=1, seed=12, fps=12.5)
    recording = open_recording(tmp_path / "w.json")
    assert len(recording.people[0].spans) > 15
    assert merged(recording).people[0].spans == recording.people[0].spans


def test_one_row_a_file_joins_the_tracks_of_one_participant():
    recording = open_recording(shipped("samples") / "demo.timeline.json")
    (person,) = merged(recording).people
    labels = [span.label for span in person.spans]
    assert "happy" in labels
    assert "neutral" in labels
    assert sum(span.end - span.start for span in person.spans) == pytest.approx(
        sum(d for d, f in zip(recording.durations, recording.timeline.frames, strict=True) if f["faces"]),
        abs=500_000,
    )


def test_the_summary_of_a_joined_recording_is_of_its_one_person(tmp_path):
    wandering(tmp_path / "w.json", seconds=60, people=3, seed=4, fps=10)
    recording = open_recording(tmp_path / "w.json")
    one = merged(recording)
    spent = numbers_of(one, one.people[0])["seconds"]
    summary = one.timeline.summary
    assert summary["seconds"] == {label: seconds for label, seconds in spent.items() if seconds}
    assert sum(summary["seconds"].values()) < sum(recording.timeline.summary["seconds"].values()) / 2
    assert sum(summary["share"].values()) == pytest.approx(1)
    assert summary["dominant"] == max(spent, key=lambda label: spent[label])
