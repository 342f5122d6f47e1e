"""Pipelines from Python."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from support.stages import Counter, CounterOptions, Keep, Sum, doing

from ferpipe import ConfigError, Pipeline, StageError

PLUGIN = """
from collections.abc import Iterator, Mapping
import numpy as np
from ferpipe import Frame, Options, Packet, Source, Stage, StreamInfo, hookimpl

class CountOptions(Options):
    frames: int = 5

class Count(Source[CountOptions]):
    Options = CountOptions
    def open(self, context):
        super().open(context)
        self.stream = StreamInfo(context.name, "memory")
    def frames(self):
        for i in range(self.options.frames):
            yield Packet(Frame(np.zeros((4, 4, 3), np.uint8), i, i, self.context.name))

@hookimpl
def ferpipe_stages():
    return {"count": Count}
"""


def chain(frames: int = 10) -> Pipeline:
    return Pipeline.of(Counter(CounterOptions(frames=frames)), Sum(), Keep())


def test_run_gives_a_report():
    pipeline = chain()
    report = pipeline.run()
    assert report.frames == 10
    assert pipeline.report is report


def test_results_can_be_iterated_as_they_come():
    assert [packet.data["level"] for packet in chain(30)] == list(range(30))


def test_a_slow_caller_loses_nothing():
    levels = []
    for packet in chain(30):
        time.sleep(0.002)
        levels.append(packet.data["level"])
    assert levels == list(range(30))


@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_leaving_the_loop_ends_the_run(executor):
    keep = Keep()
    pipeline = Pipeline.of(Counter(CounterOptions(frames=10_000)), keep, executor=executor)
    for packet in pipeline:
        if packet.frame.index == 3:
            break
    assert keep.calls == ["open", "flush", "close"]
    assert pipeline.report is not None
    assert pipeline.report.frames < 1000
    deadline = time.monotonic() + 2
    while (left := [t.name for t in threading.enumerate() if t.name.startswith("ferpipe")]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.01)
    assert not left


def test_an_error_is_raised_after_the_results():
    seen = []
    bad = doing(lambda p: p if p.frame.index < 3 else 1 / 0)
    with pytest.raises(StageError, match="at frame 3"):
        seen.extend(packet.frame.index for packet in Pipeline.of(Counter(), bad))
    assert seen == [0, 1, 2]
    with pytest.raises(StageError, match="ZeroDivisionError"):
        Pipeline.of(Counter(), bad).run()


def test_a_pipeline_runs_again():
    pipeline = chain(4)
    assert [pipeline.run().frames for _ in range(3)] == [4, 4, 4]


def test_the_same_kind_of_stage_twice_gets_two_names():
    pipeline = Pipeline.of(Counter(), Keep(), Keep())
    assert [node.name for node in pipeline.graph.nodes] == ["counter", "keep", "keep-2"]


def test_an_object_never_takes_the_place_of_an_installed_stage():
    class Track(Keep):
        pass

    keep = Track()
    pipeline = Pipeline.of(Counter(), "blazeface", "track", keep)
    kinds = {node.name: node.stage.__name__ for node in pipeline.graph.nodes}
    assert kinds["track"] == "Track"
    assert pipeline.graph["track"].stage is not Track
    assert pipeline.graph["track-2"].stage is Track


def test_a_dollar_in_an_option_is_only_a_dollar(tmp_path):
    path = str(tmp_path / "${odd}.json")
    pipeline = Pipeline.of(Counter(), "blazeface", ("timeline", {"path": path}))
    assert pipeline.graph["timeline"].options.path == path


def test_mistakes_are_found_before_anything_opens():
    keep = Keep()
    with pytest.raises(ConfigError, match="no-such-stage"):
        Pipeline.of(Counter(), "no-such-stage", keep)
    assert keep.calls == []


def test_from_yaml(tmp_path: Path):
    (tmp_path / "count.py").write_text(PLUGIN)
    (tmp_path / "p.yaml").write_text(
        "version: 1\nplugins: [./count.py]\nstages:\n  - use: count\n  - use: 'null'\n"
    )
    pipeline = Pipeline.from_yaml(tmp_path / "p.yaml", overrides=["count.frames=7", "run.executor=inline"])
    assert pipeline.settings.executor == "inline"
    assert len(list(pipeline)) == 7


def test_settings_can_be_changed():
    assert chain().with_settings(executor="inline").settings.executor == "inline"


def test_a_plugin_file_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "p.yaml").write_text("version: 1\nstages: [file]\n")
    with pytest.raises(ConfigError, match=r"plugins: .*none\.py: there is no such file"):
        Pipeline.from_yaml(tmp_path / "p.yaml", plugins=[tmp_path / "none.py"])


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"executor": "thread"}, "'executor': expected inline or threads, found 'thread'"),
        ({"mode": "fast"}, "'mode': expected auto, lossless or live, found 'fast'"),
        ({"queue": 0}, "'queue': expected at least 1, found 0"),
        ({"excutor": "inline"}, r"unknown setting 'excutor' \(did you mean 'executor'\?\)"),
    ],
)
def test_a_wrong_setting_is_told_as_in_a_file(settings, told):
    with pytest.raises(ConfigError, match=told):
        Pipeline.of(Counter(), **settings)
    with pytest.raises(ConfigError, match=told):
        chain().with_settings(**settings)


def test_settings_may_be_changed_again_and_again():
    pipeline = chain().with_settings(executor="inline").with_settings(queue=3, output_dir=Path("out"))
    changed = (pipeline.settings.executor, pipeline.settings.queue, pipeline.settings.output_dir)
    assert changed == ("inline", 3, "out")


@pytest.mark.parametrize("item", [("file",), ("file", "talk.mp4"), 7, Sum])
def test_what_is_no_stage_is_told(item):
    with pytest.raises(ConfigError, match="expected the name of a stage, a name with options, or a stage"):
        Pipeline.of(Counter(), item)


def test_a_path_may_be_given_as_one(tmp_path):
    pipeline = Pipeline.of(("file", {"path": tmp_path / "talk.mp4"}), "null")
    assert pipeline.graph["file"].options.path == str(tmp_path / "talk.mp4")


def test_a_pipeline_shows_its_stages():
    assert repr(chain()) == "<Pipeline pipeline: counter -> sum -> keep>"
