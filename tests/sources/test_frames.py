"""The source `frames`: arrays of a program's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from ferpipe import ConfigError, Pipeline, UsageError
from ferpipe.testing import check_stage
from ferpipe_sources.frames import FramesSource


def grey(level: int) -> np.ndarray[Any, Any]:
    return np.full((6, 8, 3), level, np.uint8)


def packets_of(**options: Any) -> list[tuple[float, int]]:
    found = list(Pipeline.of(("frames", options), "null"))
    assert [packet.frame.index for packet in found] == list(range(len(found)))
    return [(packet.frame.seconds, int(packet.frame.image[0, 0, 0])) for packet in found]


def test_it_keeps_the_contract() -> None:
    check_stage(FramesSource, {"images": [grey(1), grey(2)], "rate": 10})


@pytest.mark.parametrize(
    "options",
    [
        {"images": [(grey(1), 0.0), (grey(2), 0.5), (grey(3), 2.25)]},
        {"images": [grey(1), grey(2), grey(3)], "seconds": [0, 0.5, np.float32(2.25)]},
        {"images": np.stack([grey(1), grey(2), grey(3)]), "seconds": iter([0, 0.5, 2.25])},
        {"images": ((grey(level)[:, :, 0], time) for level, time in ((1, 0), (2, 0.5), (3, 2.25)))},
    ],
)
def test_the_times_are_the_caller_s(options: dict[str, Any]) -> None:
    assert packets_of(**options) == [(0.0, 1), (0.5, 2), (2.25, 3)]


def test_a_rate_makes_times() -> None:
    assert packets_of(images=[grey(1), grey(2), grey(3)], rate=4) == [(0.0, 1), (0.25, 2), (0.5, 3)]


def test_colours() -> None:
    picture = np.dstack([grey(n)[:, :, 0] for n in (1, 2, 3)])
    assert packets_of(images=[picture], rate=1) == [(0.0, 1)]
    assert packets_of(images=[picture], rate=1, color="rgb") == [(0.0, 3)]


def test_one_buffer_may_be_used_for_all() -> None:
    buffer = grey(0)

    def reading() -> Iterator[np.ndarray[Any, Any]]:
        for level in range(20):
            buffer[:] = level
            yield buffer

    assert [level for _, level in packets_of(images=reading(), rate=10)] == list(range(20))
    assert buffer.flags.writeable


def test_a_list_serves_several_runs_and_what_is_known_is_announced() -> None:
    pipeline = Pipeline.of(("frames", {"images": [grey(1), grey(2)], "rate": 10}), "null")
    for _ in range(2):
        assert pipeline.run().frames == 2
    stream = pipeline.report.sources[0].stream
    assert (stream.width, stream.height, stream.frames, stream.live) == (8, 6, 2, False)


def test_live_frames_get_the_time_at_which_they_came() -> None:
    report = Pipeline.of(("frames", {"images": (grey(n) for n in range(50)), "live": True}), "null").run()
    source = report.sources[0]
    assert source.live
    assert source.entered == 50 == source.out + sum(source.dropped.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": [grey(1)]}, r"frame 0 has no time: give \(array, seconds\) pairs"),
        ({"images": [grey(1), grey(2)], "seconds": [0.0]}, "frame 1 has no time"),
        ({"images": [grey(1), grey(2)], "seconds": [1.0, 1.0]}, "frame 1: its time, 1 s, is not after 1 s"),
        ({"images": [(grey(1), float("nan"))]}, "frame 0: expected a time of 0 s or more, found nan"),
        ({"images": [(grey(1), "now")]}, "found 'now'"),
        ({"images": [(grey(1), 0, 1)]}, r"expected an array or an \(array, seconds\) pair, found 3 values"),
        ({"images": [grey(1).astype(float)], "rate": 1}, "holds float64"),
    ],
)
def test_what_is_wrong_with_a_frame_is_an_error_of_the_run(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Pipeline.of(("frames", options), "null").run()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "the option 'images' is missing"),
        ({"images": "talk.mp4"}, "'images': expected an iterable, given from Python"),
        ({"images": [grey(1)], "seconds": 3}, "'seconds': expected an iterable"),
        ({"images": [grey(1)], "seconds": [0], "rate": 3}, "give seconds or rate, not both"),
        ({"images": [grey(1)], "rate": 0}, "'rate': expected more than 0, found 0"),
    ],
)
def test_wrong_options_are_found_before_anything_runs(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Pipeline.of(("frames", options), "null")
