"""What a source gives is checked where it gives it: the error names the source."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.graphs import EXECUTORS, Bench
from support.stages import Counter, CounterOptions, Keep

from ferpipe import Frame, Packet, StreamInfo

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)

GREY = np.zeros((8, 8), np.uint8)


WRONG_IMAGES: dict[str, tuple[Any, str]] = {
    "rgba": (
        np.zeros((8, 6, 4), np.uint8),
        "(8, 6, 4) uint8, where (H, W, 3) uint8, BGR is expected: leave out",
    ),
    "float": (np.zeros((8, 6, 3)), "(8, 6, 3) float64, where (H, W, 3) uint8, BGR is expected: scale it"),
    "chw": (np.zeros((3, 8, 6), np.uint8), "put the channels last, image.transpose(1, 2, 0)"),
    "grey": (GREY, "repeat the grey channel"),
    "one channel": (np.zeros((8, 6, 1), np.uint8), "repeat the grey channel"),
    "wide": (np.zeros((8, 6, 3), np.uint16), "(8, 6, 3) uint16"),
    "empty": (np.zeros((0, 6, 3), np.uint8), "(0, 6, 3) uint8"),
}


@pytest.mark.parametrize("case", WRONG_IMAGES)
@pytest.mark.parametrize("live", [False, True])
def test_a_source_of_other_pictures_is_blamed_itself(executor: str, case: str, live: bool) -> None:
    image, message = WRONG_IMAGES[case]

    class Other(Counter):
        def frames(self):
            yield Packet(Frame(image, 0, 0, self.context.name))

    keep = Keep()
    report = Bench(executor).add("in", Other(CounterOptions(live=live))).add("keep", keep).run(5)
    assert "stage 'in' failed in frames: the image of a frame is" in str(report.error)
    assert message in str(report.error)
    assert keep.packets == []


WRONG_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no index": ({"index": None}, "the index of a frame is None, where a whole number from 0 is expected"),
    "half": ({"index": 0.5}, "the index of a frame is 0.5, where a whole number from 0 is expected"),
    "before": ({"time": -3}, "the time of a frame is -3 us"),
    "path": ({"picture": Path("a.png")}, "the picture of a frame is a PosixPath, where the name of a file"),
    "when": ({"captured": "now"}, "'captured' of a frame is a str, where time.monotonic() is expected"),
}


@pytest.mark.parametrize("case", WRONG_FIELDS)
def test_a_frame_that_cannot_be(executor: str, case: str) -> None:
    fields, message = WRONG_FIELDS[case]

    class Other(Counter):
        def frames(self):
            values = {"image": np.zeros((8, 8, 3), np.uint8), "time": 0, "index": 0, "source": "in"}
            yield Packet(Frame(**{**values, **fields}))

    keep = Keep()
    report = Bench(executor).add("in", Other()).add("keep", keep).run(5)
    assert f"stage 'in' failed in frames: {message}" in str(report.error)
    assert keep.packets == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rate": math.nan}, "the rate of its stream is nan, where a number is expected"),
        ({"width": 640.0}, "the width of its stream is 640.0, where a whole number is expected"),
        ({"uri": None}, "the uri of its stream is None, where a str is expected"),
    ],
)
def test_a_stream_that_cannot_be(executor: str, fields: dict[str, Any], message: str) -> None:
    class Other(Counter):
        def open(self, context):
            super().open(context)
            self.stream = StreamInfo(**{"name": "in", "uri": "memory", **fields})

    report = Bench(executor).add("in", Other()).add("keep", Keep()).run(5)
    assert str(report.error) == f"stage 'in' failed in open: {message}"


def test_a_size_of_numpy_is_a_whole_number_too(executor: str) -> None:
    assert executor
    info = StreamInfo("in", "memory", width=np.int64(640))
    assert type(info.width) is int
