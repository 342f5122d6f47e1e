"""Measures in a timeline: written, added up over time, read back, and held to what is declared."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferpipe import Box, Emotion, Face, Measure, StreamInfo
from ferpipe.testing import make_packet
from ferpipe.timeline import FORMATS, Timeline, Writer, header_of, load, record_of, schema
from ferpipe.timeline.spread import Moments

YAW = Measure("head.yaw", "deg", -90, 90, "Where the head turns.")
PULSE = Measure("pulse", "1/min", 0, None, "Beats of the heart.")
LIGHT = Measure("light", "", 0, 255, "How bright the picture is.", of="frame")
DECLARED = (YAW, PULSE, LIGHT)
HAPPY = Emotion(("happy", "sad"), (0.75, 0.25), "happy")


def write(
    target: Path, frames: list[tuple[float, dict[str, Any], list[Face]]], *, close: bool = True
) -> Path:
    """Frames of (seconds, measures of the frame, faces)."""
    header = header_of(StreamInfo("cam", "a.mp4"), measures=DECLARED, notes={"detector": {"name": "eyes"}})
    form = next(form for form in FORMATS if target.suffix == f".{form}")
    writer = Writer(target, form, header)
    for index, (seconds, measures, faces) in enumerate(frames):
        packet = make_packet(time=round(seconds * 1e6), index=index, faces=faces).with_measures(measures)
        writer.write(record_of(packet))
    if close:
        writer.close()
        return target
    return writer.part


def person(track: int | None, **measures: float) -> Face:
    named = {name.replace("_", "."): value for name, value in measures.items()}
    return Face(Box(1, 2, 3, 4), 0.9, track=track, emotion=HAPPY, measures=named)


FRAMES = [
    (0.0, {"light": 100.0}, [person(1, head_yaw=10.0), person(2, head_yaw=-30.0, pulse=60)]),
    (1.0, {"light": 200.0}, [person(1, head_yaw=40.0), person(2)]),
    (4.0, {}, [person(None, head_yaw=-90.0)]),
    (5.0, {"light": 50.0}, []),
]
"""The second frame lasts three seconds, the others one."""

YAW_OF_ONE = {"mean": 32.5, "sd": 12.9904, "min": 10.0, "max": 40.0}
"""10 for 1 s and 40 for 3 s: mean (10 + 120) / 4, variance (22.5^2 + 3 * 7.5^2) / 4 = 168.75."""


@pytest.fixture(params=FORMATS)
def written(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return write(tmp_path / f"t.{request.param}", FRAMES)


def test_tracks_and_summary_weigh_by_how_long_frames_last(written: Path) -> None:
    timeline = load(written)
    one, two = timeline.tracks
    assert one["measures"] == {"head.yaw": YAW_OF_ONE}
    assert two["measures"] == {
        "head.yaw": {"mean": -30.0, "sd": 0.0, "min": -30.0, "max": -30.0},
        "pulse": {"mean": 60.0, "sd": 0.0, "min": 60.0, "max": 60.0},
    }
    everybody = timeline.summary["measures"]["head.yaw"]
    assert everybody["mean"] == pytest.approx((10 + 40 * 3 - 30 - 90) / 6, abs=1e-4)
    assert (everybody["min"], everybody["max"]) == (-90.0, 40.0)


def test_measures_of_the_frame_stand_in_the_frame_and_in_the_summary(tmp_path: Path) -> None:
    timeline = load(write(tmp_path / "t.json", FRAMES))
    assert [frame.get("measures") for frame in timeline.frames] == [
        {"light": 100.0},
        {"light": 200.0},
        None,
        {"light": 50.0},
    ]
    assert timeline.summary["measures"]["light"]["mean"] == pytest.approx((100 + 600 + 50) / 5)


def test_what_is_not_known_is_absent(written: Path) -> None:
    timeline = load(written)
    assert "measures" not in timeline.frames[1]["faces"][1]
    bare = load(write(written.with_name("bare.json"), [(0.0, {}, [person(1)]), (1.0, {}, [])]))
    assert "measures" not in bare.tracks[0]
    assert "measures" not in bare.summary
    assert "measures" not in bare.frames[0]
    assert bare.measures == load(write(written.with_name("more.json"), FRAMES)).measures


def test_every_format_gives_the_measures_of_faces_back(written: Path) -> None:
    timeline = load(written)
    assert [[face.get("measures") for face in frame["faces"]] for frame in timeline.frames][:3] == [
        [{"head.yaw": 10.0}, {"head.yaw": -30.0, "pulse": 60.0}],
        [{"head.yaw": 40.0}, None],
        [{"head.yaw": -90.0}],
    ]
    assert [(each["name"], each["of"]) for each in timeline.measures] == [
        ("head.yaw", "face"),
        ("pulse", "face"),
        ("light", "frame"),
    ]
    assert timeline.frames[0]["measures"] == {"light": 100.0}


def test_the_header_describes_the_measures_and_holds_the_notes(tmp_path: Path) -> None:
    timeline = load(write(tmp_path / "t.jsonl", FRAMES))
    assert timeline.measures[0] == {
        "name": "head.yaw",
        "unit": "deg",
        "low": -90,
        "high": 90,
        "about": "Where the head turns.",
        "of": "face",
    }
    assert timeline.notes == {"detector": {"name": "eyes"}}


def test_the_table_has_a_column_each(tmp_path: Path) -> None:
    lines = write(tmp_path / "t.csv", FRAMES).read_text().splitlines()
    assert lines[0].endswith("p_happy,p_sad,raw_happy,raw_sad,m_head.yaw,m_pulse,frame_light")
    assert [line.split(",")[-3:] for line in lines[1:]] == [
        ["10.0", "", "100.0"],
        ["-30.0", "60.0", "100.0"],
        ["40.0", "", "200.0"],
        ["", "", "200.0"],
        ["-90.0", "", ""],
    ]


def test_a_run_that_was_killed_is_added_up_anew(tmp_path: Path) -> None:
    timeline = load(write(tmp_path / "t.json", FRAMES, close=False))
    whole = load(write(tmp_path / "u.json", FRAMES))
    assert not timeline.complete
    assert (timeline.tracks, timeline.summary) == (whole.tracks, whole.summary)
    assert (timeline.measures, timeline.notes) == (whole.measures, whole.notes)


def test_pandas_has_the_columns(written: Path) -> None:
    table = load(written).to_pandas()
    assert table["m_head.yaw"].tolist()[:3] == [10.0, -30.0, 40.0]
    assert str(table["m_pulse"].dtype) == "float64"
    assert math.isnan(table["m_pulse"][0])
    assert table["frame_light"].tolist()[:4] == [100.0, 100.0, 200.0, 200.0]


def test_measures_that_never_came_are_columns_of_numbers_too(tmp_path: Path) -> None:
    table = load(write(tmp_path / "t.json", [(0.0, {}, [person(1)])])).to_pandas()
    assert str(table["frame_light"].dtype) == "float64"


def document(folder: Path) -> dict[str, Any]:
    return json.loads(write(folder / "t.json", FRAMES).read_text())  # type: ignore[no-any-return]


def holds(value: dict[str, Any], rules: dict[str, Any]) -> bool:
    return jsonschema.Draft202012Validator(rules).is_valid(value)


def test_the_schema_allows_what_is_declared_and_nothing_else(tmp_path: Path) -> None:
    whole = document(tmp_path)
    narrow = schema(load(tmp_path / "t.json").measures)
    jsonschema.Draft202012Validator.check_schema(narrow)
    assert holds(whole, schema())
    assert holds(whole, narrow)

    def spoiled(*path: Any, value: Any) -> dict[str, Any]:
        twin: Any = copy.deepcopy(whole)
        inner = twin
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        return twin  # type: ignore[no-any-return]

    for other in (
        spoiled("frames", 0, "faces", 0, "measures", "mood", value=1.0),
        spoiled("frames", 0, "faces", 0, "measures", "light", value=1.0),
        spoiled("frames", 0, "faces", 0, "measures", "head.yaw", value=90.5),
        spoiled("frames", 0, "measures", "head.yaw", value=1.0),
        spoiled("tracks", 0, "measures", "mood", value=YAW_OF_ONE),
        spoiled("measures", value=[]),
    ):
        assert holds(other, schema())
        assert not holds(other, narrow)
    for other in (
        spoiled("frames", 0, "faces", 0, "measures", "Head Yaw", value=1.0),
        spoiled("frames", 0, "faces", 0, "measures", "head.yaw", value="left"),
        spoiled("tracks", 0, "measures", "head.yaw", "median", value=1.0),
        spoiled("measures", 0, "of", value="person"),
    ):
        assert not holds(other, schema())


def test_version_1_still_loads(tmp_path: Path) -> None:
    new = document(tmp_path)
    old = {**new, "format": "ferpipe.timeline/1"}
    del old["measures"], old["notes"], old["summary"]["measures"]
    for part in (*old["tracks"], *old["frames"], *(face for f in old["frames"] for face in f["faces"])):
        part.pop("measures", None)
    assert holds(old, schema(version=1))
    assert not holds(old, schema())
    (tmp_path / "old.json").write_text(json.dumps(old, indent=1))
    timeline = load(tmp_path / "old.json")
    assert (timeline.measures, timeline.notes) == ([], {})
    assert timeline.tracks == old["tracks"]
    assert "m_head.yaw" not in timeline.to_pandas().columns
    lines = [{key: old[key] for key in ("format", "source", "model", "classes")}, *old["frames"]]
    (tmp_path / "old.jsonl.part").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert isinstance(load(tmp_path / "old.jsonl.part"), Timeline)


def test_numbers_have_six_digits_and_none_is_not_finite() -> None:
    face = Face(Box(0, 0, 1, 1), 1.0, measures={"a": 1234567.8, "b": 1 / 3, "c": -0.0, "d": math.nan})
    (record,) = record_of(make_packet(faces=[face]))["faces"]
    assert json.dumps(record["measures"]) == '{"a": 1234570.0, "b": 0.333333, "c": 0.0}'


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(1, 10**9)), min_size=1, max_size=50))
def test_the_moments_are_those_of_all_values_at_once(samples: list[tuple[float, int]]) -> None:
    moments = Moments()
    for value, duration in samples:
        moments.add(value, duration)
    values, weights = np.array([s[0] for s in samples]), np.array([s[1] for s in samples], float)
    mean = np.average(values, weights=weights)
    sd = math.sqrt(np.average((values - mean) ** 2, weights=weights))
    assert moments.as_record() == {
        "mean": pytest.approx(mean, rel=1e-5, abs=1e-5),
        "sd": pytest.approx(sd, rel=1e-4, abs=1e-4),
        "min": pytest.approx(values.min(), rel=1e-5),
        "max": pytest.approx(values.max(), rel=1e-5),
    }


def test_far_from_zero_nothing_is_lost() -> None:
    """Sums of squares would cancel here."""
    moments = Moments()
    for i in range(1000):
        moments.add(1e9 + i % 2, 40_000)
    assert moments.as_record()["sd"] == pytest.approx(0.5, rel=1e-5)


def test_stills_that_last_no_time_have_a_mean(tmp_path: Path) -> None:
    timeline = load(write(tmp_path / "t.json", [(0.0, {"light": 7.0}, [person(1, head_yaw=5.0)])]))
    assert timeline.tracks[0]["measures"]["head.yaw"]["mean"] == 5.0
    assert timeline.summary["measures"]["light"]["sd"] == 0.0
