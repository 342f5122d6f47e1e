"""Encoders in hardware: tried before they are used, and libx264 where none works."""

from __future__ import annotations

import logging

import av
import numpy as np
import pytest

from ferpipe import UsageError
from ferpipe.testing import TestContext, make_packet, run_stage
from ferpipe_sinks._doctor import checks
from ferpipe_sinks._hardware import HARDWARE, settings, usable
from ferpipe_sinks.video import VideoOptions, VideoSink

WORKING = [name for name in HARDWARE if usable(name)]


def film() -> list:
    grey = np.full((240, 320, 3), 90, np.uint8)
    return [make_packet(grey, time=i * 40_000, index=i) for i in range(12)]


def test_auto_uses_what_works_and_says_so_in_one_line_where_nothing_does(context: TestContext, caplog):
    with caplog.at_level(logging.INFO):
        run_stage(VideoSink(VideoOptions(path="out.mp4", codec="auto")), film(), context=context)
    lines = [record.getMessage() for record in caplog.records if "hardware" in record.getMessage()]
    assert lines == (
        [] if WORKING else ["no encoder in hardware works on this machine: libx264 encodes the video"]
    )
    with av.open(str(context.folder / "out.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in container.decode(video=0)) == 12


@pytest.mark.parametrize("codec", [name for name in HARDWARE if name not in WORKING])
def test_an_encoder_that_does_not_work_here_is_refused_in_one_line(context: TestContext, codec: str):
    with pytest.raises(UsageError, match=rf"{codec} does not work .* 320x240: use codec: auto"):
        run_stage(VideoSink(VideoOptions(path="out.mp4", codec=codec)), film(), context=context)
    assert not (context.folder / "out.mp4").exists()


def test_an_encoder_is_tried_by_encoding_a_picture():
    assert usable("libx264")
    assert not usable("libx264", (16, 15))
    assert not usable("h264_of_nobody")


@pytest.mark.parametrize("codec", HARDWARE)
def test_a_lower_crf_asks_every_encoder_for_more(codec: str):
    fine, coarse = settings(codec, 15), settings(codec, 30)
    assert fine.keys() == coarse.keys()
    assert sum(fine[key] != coarse[key] for key in fine) == 1


def test_doctor_lists_them():
    (line,) = [check for check in checks() if check.name == "hardware encoders"]
    assert line.state == "ok"
    assert ", ".join(WORKING) in line.found if WORKING else "'codec: auto' uses libx264" in line.found
