"""Durations, segments and sums, by examples that one can add up in one's head."""

from __future__ import annotations

import pytest

from ferpipe.timeline.model import FrameRecord, SourceRecord
from ferpipe.timeline.summary import SummaryBuilder, paced

CLASSES = ("happy", "sad")


def record(time: float, *labels: str | None, track: int | None = 1, cut: bool = False) -> FrameRecord:
    faces = [
        {
            "track": None if track is None else track + i,
            "box": [0.0, 0.0, 1.0, 1.0],
            "score": 1.0,
            "label": label,
            "probabilities": None if label is None else {label: 0.5 + time / 100},
            "raw": None,
        }
        for i, label in enumerate(labels)
    ]
    return {"index": 0, "time": time, "faces": faces, **({"discontinuity": True} if cut else {})}


def tally(*records: FrameRecord) -> SummaryBuilder:
    result = SummaryBuilder()
    for each, duration in paced(records):
        result.add(each, duration)
    return result


def durations(*moments: float, cut: int | None = None) -> list[int]:
    return [d for _, d in paced(record(t, cut=i == cut) for i, t in enumerate(moments))]


def segments(*records: FrameRecord) -> list[tuple[float, float, str | None]]:
    return [(s["start"], s["end"], s["label"]) for s in tally(*records).tracks(CLASSES)[0]["segments"]]


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ((), []),
        ((3.0,), [0]),
        ((0.0, 0.04, 0.09, 0.13), [40_000, 50_000, 40_000, 40_000]),
        ((0.0, 0.5, 0.6, 0.7), [500_000, 100_000, 100_000, 100_000]),
        ((0.0, 0.04, 0.08, 30.0, 30.04), [40_000, 40_000, 40_000, 40_000, 40_000]),
        ((0.0, 5.0, 10.0, 22.0), [5_000_000, 5_000_000, 12_000_000, 5_000_000]),
    ],
    ids=["none", "still", "steady", "variable", "outage", "few a minute"],
)
def test_a_frame_lasts_until_the_next_unless_the_stream_stood_still(
    moments: tuple[float, ...], expected: list[int]
) -> None:
    assert durations(*moments) == expected


def test_a_frame_before_an_interruption_lasts_the_usual_time() -> None:
    assert durations(0.0, 0.04, 0.08, 0.9, 0.94, cut=3) == [40_000] * 5


def test_a_segment_ends_where_the_next_begins() -> None:
    assert segments(record(0, "happy"), record(1, "happy"), record(2, "sad"), record(3, "sad")) == [
        (0, 2, "happy"),
        (2, 4, "sad"),
    ]


def test_a_short_loss_does_not_end_a_segment_and_a_long_one_does() -> None:
    lost = [record(i / 10, *(["happy"] if i in (0, 1, 2, 6, 7) else [])) for i in range(8)]
    assert segments(*lost) == [(0, 0.8, "happy")]
    gone = [record(i / 10, *(["happy"] if i in (0, 1, 2, 9) else [])) for i in range(10)]
    assert segments(*gone) == [(0, 0.3, "happy"), (0.9, 1.0, "happy")]


def test_no_segment_reaches_over_an_interruption() -> None:
    assert segments(record(0, "happy"), record(0.1, "happy"), record(0.2, "happy", cut=True)) == [
        (0, 0.2, "happy"),
        (0.2, 0.3, "happy"),
    ]


def test_a_face_without_an_emotion_has_a_segment_without_a_label() -> None:
    made = tally(record(0, None), record(1, "sad"), record(2, "sad"))
    (track,) = made.tracks(CLASSES)
    assert [(s["label"], s["mean_probability"]) for s in track["segments"]] == [(None, None), ("sad", 0.515)]
    assert (track["seconds"], track["dominant"]) == ({"sad": 2.0}, "sad")


def test_the_summary_adds_up() -> None:
    summary = tally(record(0, "happy", "sad"), record(1, "happy"), record(2), record(3, "sad")).summary(
        CLASSES
    )
    assert summary == {
        "frames": 4,
        "frames_without_faces": 1,
        "faces": 4,
        "tracks": 2,
        "duration": 4.0,
        "seconds": {"happy": 2.0, "sad": 2.0},
        "share": {"happy": 0.5, "sad": 0.5},
        "dominant": "happy",
    }


def test_faces_without_a_track_count_in_the_summary() -> None:
    made = tally(record(0, "sad", "happy", track=None), record(2, "sad", track=None))
    assert made.tracks(CLASSES) == []
    assert made.summary(CLASSES)["seconds"] == {"happy": 2.0, "sad": 4.0}


def test_a_still_has_a_dominant_label_though_it_takes_no_time() -> None:
    made = tally(record(0, "sad"))
    assert made.tracks(CLASSES)[0]["dominant"] == "sad"
    assert made.summary(CLASSES)["share"] == {}


def test_one_id_on_two_faces_of_a_frame_counts_once() -> None:
    twice = record(0, "happy")
    twice["faces"] = [*twice["faces"], *record(0, "sad")["faces"]]
    made = tally(twice, record(1, "happy"))
    assert made.tracks(CLASSES)[0]["seconds"] == {"happy": 2.0}


@pytest.mark.parametrize(
    ("length", "last"),
    [(1.045, 35_000), (5.0, 330_000), (0.8, 330_000), (None, 330_000)],
    ids=["short", "sound goes on", "wrong", "unknown"],
)
def test_the_last_frame_lasts_no_longer_than_its_source(length: float | None, last: int) -> None:
    """As in an animation, whose frames are shown for 70, 330, 610 and 35 ms."""
    source: SourceRecord = {
        "name": "x.gif",
        "size": None,
        "duration": length,
        "frames": None,
        "width": 8,
        "height": 8,
    }
    found = paced((record(t) for t in (0.0, 0.07, 0.4, 1.01)), source)
    assert [lasted for _, lasted in found] == [70_000, 330_000, 610_000, last]
