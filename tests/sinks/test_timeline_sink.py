"""The sink of timelines: what stands in the file when a run ends, and how."""

from __future__ import annotations

import json
import shutil

import jsonschema
import pytest
from pydantic import ValidationError
from sinks_material import CLASSES, face, picture

from ferpipe import RunError, StreamInfo
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe.timeline import load, schema
from ferpipe_sinks.timeline import TimelineOptions, TimelineSink

STREAM = StreamInfo("source", "/films/a.mp4", path="/films/a.mp4", size=99, duration=400_000, frames=10)


def packets(n: int = 10):
    return [
        make_packet(picture(), time=i * 40_000, index=i, faces=(face(1, 2, 30, 40),) if i % 3 else ())
        for i in range(n)
    ]


def sink(path: str, **options: object) -> TimelineSink:
    return TimelineSink(TimelineOptions.model_validate({"path": path, **options}))


@pytest.mark.parametrize("name", ["t.json", "t.jsonl", "t.csv"])
def test_the_ending_decides_the_format(context: TestContext, name: str) -> None:
    context.streams["source"] = STREAM
    context.notes.update(model={"name": "base", "sha256": "0" * 64}, classes=list(CLASSES))
    run_stage(sink(name), packets(), context=context)
    timeline = load(context.folder / name)
    assert context.outputs == [context.folder / name]
    assert timeline.classes == list(CLASSES)
    assert timeline.complete
    assert [f["index"] for f in timeline.frames if f["faces"]] == [1, 2, 4, 5, 7, 8]
    assert timeline.tracks[0]["dominant"] == "happy"
    if name != "t.csv":
        assert timeline.source == {
            "name": "a.mp4",
            "size": 99,
            "duration": 0.4,
            "frames": 10,
            "width": 160,
            "height": 96,
        }
        assert timeline.model["name"] == "base"
    if name == "t.json":
        jsonschema.validate(json.loads((context.folder / name).read_text()), schema())


def test_a_format_can_be_named(context: TestContext) -> None:
    run_stage(sink("t.txt", format="csv"), packets(), context=context)
    assert (context.folder / "t.txt").read_text().startswith("index,time,duration,track,x,y,w,h")


def test_digits_are_kept(context: TestContext) -> None:
    run_stage(sink("t.json", digits=1), packets(2), context=context)
    assert load(context.folder / "t.json").frames[1]["faces"][0]["probabilities"]["happy"] == 0.7


def test_a_source_without_frames_gives_an_empty_timeline(context: TestContext) -> None:
    context.streams["source"] = STREAM
    run_stage(sink("t.json"), [], context=context)
    timeline = load(context.folder / "t.json")
    assert (timeline.frames, timeline.source["name"]) == ([], "a.mp4")


def test_a_run_that_fails_before_its_first_frame_leaves_no_file(context: TestContext) -> None:
    stage = sink("t.json")
    stage.open(context)
    stage.close()
    assert list(context.folder.iterdir()) == []


def test_a_run_that_fails_later_leaves_a_finished_file_that_says_so(context: TestContext) -> None:
    stage = sink("t.json")
    stage.open(context)
    for packet in packets(4):
        stage.process(packet)
    stage.close()
    timeline = load(context.folder / "t.json")
    assert (len(timeline.frames), timeline.complete) == (4, False)


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_every_frame_is_in_the_part_file_at_once(context: TestContext, name: str) -> None:
    stage = sink(name)
    stage.open(context)
    for seen, packet in enumerate(packets(5), 1):
        stage.process(packet)
        assert len(load(context.folder / f"{name}.part").frames) == seen
    stage.close()


def test_in_a_table_a_frame_is_there_with_the_next_one(context: TestContext) -> None:
    """A row says how long its frame lasted; frames without a face are in no table."""
    stage = sink("t.csv")
    stage.open(context)
    for seen, packet in enumerate(packets(6)):
        stage.process(packet)
        rows = [record["index"] for record in load(context.folder / "t.csv.part").frames]
        assert rows == [index for index in range(seen) if index % 3]
    stage.close()


def test_a_folder_that_vanishes_is_one_line_and_close_stays_silent(context: TestContext) -> None:
    stage = sink("deep/t.json")
    stage.open(context)
    shutil.rmtree(context.folder / "deep")
    with pytest.raises(RunError, match=r"cannot write the timeline .*deep/t\.json.*no longer there"):
        stage.process(packets(1)[0])
    stage.close()
    assert context.outputs == []


def test_a_name_without_a_known_ending_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"does not end in one of \.json, \.jsonl, \.csv"):
        sink("t.xml")


def test_a_run_that_ends_before_its_source_leaves_a_finished_file_that_says_so(context: TestContext) -> None:
    context.complete = False
    run_stage(sink("t.json"), packets(4), context=context)
    timeline = load(context.folder / "t.json")
    assert (len(timeline.frames), timeline.complete) == (4, False)
