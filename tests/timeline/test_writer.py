"""What is written is what is read, in all three formats, whatever flowed."""

from __future__ import annotations

import json
import math
import time
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.handles import held_below
from support.portraits import STREAM, portrait

from ferpipe import Box, Emotion, Face, Packet, StreamInfo
from ferpipe.testing import make_packet
from ferpipe.timeline import FORMATS, Timeline, Writer, format_of, header_of, load, record_of, schema

CLASSES = ("angry", "happy", "neutral")

WHOLE = jsonschema.Draft202012Validator(schema())
DEFS = schema()["$defs"]
PARTS = {name: jsonschema.Draft202012Validator({**DEFS[name], "$defs": DEFS}) for name in DEFS}

times = st.lists(st.integers(0, 20_000_000), unique=True, max_size=12).map(sorted)
odd = st.floats(width=32)


@st.composite
def emotions(draw: st.DrawFn) -> Emotion | None:
    kind = draw(st.sampled_from(["none", "plain", "smoothed", "broken"]))
    weights = draw(st.tuples(*[st.floats(0.01, 1)] * 3))
    probabilities = tuple(weight / sum(weights) for weight in weights)
    if kind == "broken":
        probabilities = (math.nan, *probabilities[1:])
    raw = probabilities[::-1] if kind == "smoothed" else None
    label = draw(st.sampled_from(CLASSES))
    return None if kind == "none" else Emotion(CLASSES, probabilities, label, raw)


@st.composite
def faces(draw: st.DrawFn) -> tuple[Face, ...]:
    tracks = draw(st.lists(st.one_of(st.none(), st.integers(1, 3)), max_size=3, unique=True))
    return tuple(
        Face(
            Box(*draw(st.tuples(odd, odd, odd, odd))),
            draw(odd),
            track=track,
            emotion=draw(emotions()),
            detected=draw(st.booleans()),
        )
        for track in tracks
    )


@st.composite
def streams_of_packets(draw: st.DrawFn) -> list[Packet]:
    return [
        make_packet(time=moment, index=i, discontinuity=draw(st.integers(0, 9)) == 9, faces=draw(faces()))
        for i, moment in enumerate(draw(times))
    ]


def write(target: Path, packets: list[Packet], form: str, *, complete: bool = True) -> Path:
    header = header_of(STREAM, packets[0] if packets else None, model={"name": "m"}, classes=CLASSES)
    writer = Writer(target, form, header)  # type: ignore[arg-type]
    for packet in packets:
        writer.write(record_of(packet))
    writer.close(complete=complete)
    return target


@settings(max_examples=60, deadline=None)
@given(packets=streams_of_packets())
def test_lines_and_document_say_the_same_and_validate(
    packets: list[Packet], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("t")
    document = load(write(folder / "a.json", packets, "json"))
    lines = load(write(folder / "a.jsonl", packets, "jsonl"))
    assert document == lines
    WHOLE.validate(json.loads((folder / "a.json").read_text()))
    assert document.frames == [record_of(packet) for packet in packets]
    assert [record["time"] for record in document.frames] == [packet.time / 1e6 for packet in packets]
    parts = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    names = ["header", *["frame"] * len(packets), "closing"]
    for name, part in zip(names, parts, strict=True):
        PARTS[name].validate(part)
    assert sorted(path.name for path in folder.iterdir()) == ["a.json", "a.jsonl"]


@settings(max_examples=60, deadline=None)
@given(packets=streams_of_packets())
def test_segments_partition_the_time_of_a_track(
    packets: list[Packet], tmp_path_factory: pytest.TempPathFactory
) -> None:
    timeline = load(write(tmp_path_factory.mktemp("t") / "a.json", packets, "json"))
    for track in timeline.tracks:
        segments = track["segments"]
        assert all(segment["start"] <= segment["end"] for segment in segments)
        assert all(a["end"] <= b["start"] for a, b in pairwise(segments))
        assert segments[0]["start"] == track["first"]
        assert segments[-1]["start"] <= track["last"] <= segments[-1]["end"]
        labelled = [segment for segment in segments if segment["label"] is not None]
        spent = sum(segment["end"] - segment["start"] for segment in labelled)
        assert sum(track["seconds"].values()) == pytest.approx(spent, abs=1e-5)
        seen = [r["time"] for r in timeline.frames if track["id"] in [f["track"] for f in r["faces"]]]
        assert len(seen) == track["frames"]
        for moment in seen:
            assert sum(s["start"] <= moment <= s["end"] for s in segments) >= 1


@settings(max_examples=40, deadline=None)
@given(packets=streams_of_packets())
def test_a_table_gives_the_faces_back(
    packets: list[Packet], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("t")
    document = load(write(folder / "a.json", packets, "json"))
    table = load(write(folder / "a.csv", packets, "csv"))
    expected = [{**r, "faces": r["faces"]} for r in document.frames if r["faces"]]
    for record in expected:
        record.pop("discontinuity", None)
    assert table.frames == expected
    if not any(packet.frame.discontinuity for packet in packets):
        assert table.tracks == document.tracks


@settings(max_examples=30, deadline=None)
@given(packets=streams_of_packets(), cut=st.integers(1, 400))
def test_a_file_that_is_cut_anywhere_can_be_read(
    packets: list[Packet], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("t") / "a.jsonl", packets, "jsonl")
    data = path.read_bytes()
    header = data.index(b"\n") + 1
    kept = max(header, len(data) - cut)
    path.write_bytes(data[:kept])
    timeline = load(path)
    whole = data[:kept].count(b"\n") - 1
    # A last line is whole, too, when only its line end is cut off.
    assert len(timeline.frames) in (whole, whole + 1)
    assert timeline.frames == [record_of(packet) for packet in packets[: len(timeline.frames)]]


@settings(max_examples=30, deadline=None)
@given(packets=streams_of_packets(), cut=st.integers(0, 400))
def test_a_document_that_is_cut_anywhere_can_be_read(
    packets: list[Packet], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("t") / "a.json", packets, "json")
    data = path.read_bytes()
    frames = data.index(b'"frames": [') + len(b'"frames": [\n')
    kept = max(frames, len(data) - 1 - cut)
    path.write_bytes(data[:kept])
    timeline = load(path)
    assert timeline.frames == [record_of(packet) for packet in packets[: len(timeline.frames)]]
    if data[:kept].count(b"\n]"):
        assert len(timeline.frames) == len(packets)
    assert not timeline.complete or len(timeline.frames) == len(packets)


def test_classes_that_become_known_late_widen_the_table(tmp_path: Path) -> None:
    """A plugin's classifier may say nothing until it has seen a face well."""
    writer = Writer(tmp_path / "a.csv", "csv", header_of(STREAM))
    for i in range(5):
        writer.write(record_of(portrait(i * 40_000, "happy" if i > 2 else None)))
    writer.close()
    table = load(tmp_path / "a.csv")
    assert table.classes == ["happy", "other"]
    assert [face["label"] for record in table.frames for face in record["faces"]] == [None] * 3 + [
        "happy"
    ] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_single_frame_lasts_as_long_as_its_source_says(tmp_path: Path) -> None:
    stream = StreamInfo("one", "one.mp4", duration=33_333, frames=1)
    for form in FORMATS:
        writer = Writer(tmp_path / f"a.{form}", form, header_of(stream, classes=["happy", "other"]))
        writer.write(record_of(portrait(0)))
        assert writer.close()
        assert writer.findings() == ["person 1 (0.0 to 0.0 s): happy 0.033 s"]
        assert load(tmp_path / f"a.{form}").summary["seconds"] == {"happy": 0.033333}


def test_a_run_that_ended_early_says_so(tmp_path: Path) -> None:
    for form in ("json", "jsonl"):
        assert not load(write(tmp_path / f"a.{form}", [portrait(0)], form, complete=False)).complete


@pytest.mark.parametrize("form", FORMATS)
def test_the_bytes_depend_on_nothing_but_the_packets(tmp_path: Path, form: str) -> None:
    packets = [portrait(i * 33_333, ["happy", "other"][i % 7 == 0]) for i in range(60)]
    first = write(tmp_path / "a", packets, form).read_bytes()
    time.sleep(0.01)
    (tmp_path / "elsewhere").mkdir()
    assert write(tmp_path / "elsewhere" / "b", packets, form).read_bytes() == first


def test_a_timeline_of_nothing_is_whole(tmp_path: Path) -> None:
    for form in FORMATS:
        timeline = load(write(tmp_path / f"a.{form}", [], form))
        assert (timeline.frames, timeline.tracks, timeline.complete) == ([], [], True)
        assert timeline.summary["duration"] == 0


def test_classes_that_nobody_announced_come_from_the_first_emotion(tmp_path: Path) -> None:
    packets = [make_packet(time=0), portrait(40_000)]
    for form in FORMATS:
        writer = Writer(tmp_path / f"a.{form}", form, header_of(STREAM, packets[0]))
        for packet in packets:
            writer.write(record_of(packet))
        writer.close()
        assert load(tmp_path / f"a.{form}").classes == ["happy", "other"]


def test_credentials_and_folders_stay_out(tmp_path: Path) -> None:
    camera = StreamInfo("cam", "rtsp://user:secret@host/cam", live=True)
    model = {"path": Path("/home/someone/base.tflite"), "url": "http://u:secret@h/m", "bad": math.inf}
    header = header_of(camera, make_packet(np.zeros((10, 20, 3), np.uint8)), model=model)
    assert header["source"]["name"] == "rtsp://***@host/cam"
    assert (header["source"]["width"], header["source"]["height"]) == (20, 10)
    assert header["model"] == {"path": "base.tflite", "url": "http://***@h/m", "bad": None}
    film = StreamInfo("cam", "/home/someone/a.mp4", path="/home/someone/a.mp4")
    assert header_of(film)["source"]["name"] == "a.mp4"


def test_the_extension_decides_the_format() -> None:
    assert [format_of(name) for name in ("a.JSON", "a.jsonl", "b/c.csv", "a.txt", "a")] == [
        "json",
        "jsonl",
        "csv",
        None,
        None,
    ]


def test_no_file_handle_is_left(tmp_path: Path) -> None:
    with (tmp_path / "other").open("w"):
        assert held_below(tmp_path) == [str(tmp_path / "other")]
    for form in FORMATS:
        write(tmp_path / f"a.{form}", [portrait(0)], form)
    assert held_below(tmp_path) == []


def test_equal_timelines_are_equal(tmp_path: Path) -> None:
    assert isinstance(load(write(tmp_path / "a.json", [portrait(0)], "json")), Timeline)
    assert load(tmp_path / "a.json") != load(write(tmp_path / "b.json", [portrait(1)], "json"))
