"""Pipelines from Python."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions, Keep, Sum, doing

from ferpipe import ConfigError, Options, Pipeline, StageError, stage

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
    keep, before = Keep(), set(threading.enumerate())  # analyze() keeps its own threads for the next call
    pipeline = Pipeline.of(Counter(CounterOptions(frames=10_000)), keep, executor=executor)
    for packet in pipeline:
        if packet.frame.index == 3:
            break
    assert keep.calls == ["open", "flush", "close"]
    assert pipeline.report is not None
    assert pipeline.report.frames < 1000
    deadline = time.monotonic() + PATIENCE
    while (
        left := [t.name for t in threading.enumerate() if t.name.startswith("ferpipe") and t not in before]
    ) and (time.monotonic() < deadline):
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
def test_a_wrong_setting_is_reported_as_in_a_file(settings, told):
    with pytest.raises(ConfigError, match=told):
        Pipeline.of(Counter(), **settings)
    with pytest.raises(ConfigError, match=told):
        chain().with_settings(**settings)


def test_settings_may_be_changed_again_and_again():
    pipeline = chain().with_settings(executor="inline").with_settings(queue=3, output_dir=Path("out"))
    changed = (pipeline.settings.executor, pipeline.settings.queue, pipeline.settings.output_dir)
    assert changed == ("inline", 3, "out")


@pytest.mark.parametrize("item", [("file",), ("file", "talk.mp4"), 7, Sum])
def test_what_is_no_stage_is_reported(item):
    with pytest.raises(ConfigError, match="expected the name of a stage, a name with options, or a stage"):
        Pipeline.of(Counter(), item)


def test_a_path_may_be_given_as_one(tmp_path):
    pipeline = Pipeline.of(("file", {"path": tmp_path / "talk.mp4"}), "null")
    assert pipeline.graph["file"].options.path == str(tmp_path / "talk.mp4")


def test_a_pipeline_shows_its_stages():
    assert repr(chain()) == "<Pipeline pipeline: counter -> sum -> keep>"


def test_a_tee_and_its_names():
    left, right = Keep(), Keep()
    pipeline = Pipeline.of(
        Counter(),
        Sum(),
        stage(left, name="left"),
        stage(right, from_="sum", name="right"),
        stage("null", from_=["sum"], name="third"),
    )
    assert pipeline.graph["right"].inputs == ("sum",)
    assert pipeline.graph["third"].inputs == ("sum",)
    pipeline.run()
    assert [len(keep.packets) for keep in (left, right)] == [10, 10]


def test_a_join():
    other = doing(lambda p: p.replace(other=1), gives=frozenset({"other"}))
    pipeline = Pipeline.of(
        Counter(), Sum(), stage(other, from_="counter", name="other"), stage(Keep(), from_=("sum", "other"))
    )
    packets = list(pipeline)
    assert [(packet.data["level"], packet.data["other"]) for packet in packets] == [(n, 1) for n in range(10)]


def test_the_policy_and_the_timeout_of_a_stage():
    bad = doing(lambda p: 1 / 0 if p.frame.index % 2 else p)
    pipeline = Pipeline.of(Counter(), stage(bad, on_error={"action": "skip", "budget": 5}, timeout=2.5))
    node = pipeline.graph["doing"]
    assert (node.on_error.action, node.on_error.budget, node.timeout) == ("skip", 5, 2.5)
    assert len(list(pipeline)) == 5
    with pytest.raises(StageError, match="ZeroDivisionError"):
        Pipeline.of(Counter(), stage(bad, on_error={"action": "skip", "budget": 4})).run()


def test_options_of_a_named_stage_are_its_second_argument():
    pipeline = Pipeline.of(Counter(), stage("blazeface", {"every": 3}, name="finder"), "null")
    assert pipeline.graph["finder"].options.every == 3


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (lambda: [Counter(), stage("null", from_="sum")], "null: unknown input 'sum'"),
        (lambda: [stage(Counter(), from_="x")], "leave out its from_"),
        (lambda: [Counter(), stage("null", name="a b")], "'name': expected text of the form"),
        (lambda: [Counter(), stage("null", on_error="ignore")], "expected fail, skip or pass"),
        (lambda: [Counter(), stage("null", timeout=0)], "'timeout': expected more than 0, found 0"),
        (lambda: [Counter(), stage("null", from_=3)], "from_: expected names of stages, found 3"),
        (lambda: [Counter(), stage(3)], "expected the name of a stage or a stage, found 3"),
        (lambda: [Counter(), stage(Keep(), {"a": 1})], "give them to Keep itself"),
        (lambda: [Counter(), stage("null", [1])], r"expected a dict, found \[1\]"),
        (lambda: [Counter(), ("blazeface", {"every": None}), "null"], "expected a whole number, found None"),
        (
            lambda: [Counter(), ("video", {"path": "x.mp4", "sound": {}})],
            "'sound': expected True or False, found a dict|unknown option 'sound'",
        ),
        (
            lambda: [Counter(), stage("blazeface", name="a"), stage("null", from_="counter"), "track"],
            "track: needs faces, .*'a' gives it: name it in from_",
        ),
        (lambda: (keep := Keep()) and [Counter(), keep, Sum(), keep], "same Keep object is given twice"),
    ],
)
def test_mistakes_are_reported_in_the_words_of_python(items, message):
    with pytest.raises(ConfigError, match=message):
        Pipeline.of(*items())


def test_from_dict():
    data = {"version": 1, "stages": [{"use": "images", "with": {"path": "$x.png"}}, "null"]}
    pipeline = Pipeline.from_dict(data, overrides=["images.interval=2", "run.executor=inline"])
    assert pipeline.settings.executor == "inline"
    options = pipeline.graph["images"].options
    assert (options.path, options.interval) == ("$x.png", 2.0)
    with pytest.raises(ConfigError, match="did you mean 'interval'"):
        Pipeline.from_dict(data, overrides=["images.intervall=2"])


def test_from_dict_with_a_plugin_and_without_trust(tmp_path: Path):
    (tmp_path / "count.py").write_text(PLUGIN)
    data = {"version": 1, "stages": ["count", "null"]}
    assert len(list(Pipeline.from_dict(data, plugins=[tmp_path / "count.py"]))) == 5
    data["plugins"] = [str(tmp_path / "count.py")]
    assert len(list(Pipeline.from_dict(data))) == 5
    with pytest.raises(ConfigError, match="names the plugin file"):
        Pipeline.from_dict(data, trusted=False)
    trusted = Pipeline.from_dict({"version": 1, "stages": ["webcam", "null"]}, trusted=False)
    assert trusted.settings.trusted is False


def test_an_object_s_options_may_be_no_plain_data():
    class Holder(Keep):
        class Options(Options):
            what: Any = None
            other: int = 1

    marker = iter([1, 2])
    held = Holder(Holder.Options(what=marker))
    pipeline = Pipeline.of(Counter(), held)
    assert pipeline.graph["holder"].options.what is marker
    pipeline.run()
    assert next(marker) == 1, "nobody has used it up on the way"
