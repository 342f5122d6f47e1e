"""What a new stage, source or sink begins with, and its tests."""

from __future__ import annotations

__all__ = ["SINK", "SINK_TEST", "SOURCE", "SOURCE_TEST", "STAGE", "STAGE_TEST"]

STAGE = '''\
"""The stage `$name`: how bright each picture is, as a measure."""

from __future__ import annotations

from ferpipe import Measure, Options, Packet, Stage
from pydantic import Field


class ${stage}Options(Options):
    """What a pipeline may write under `with:`."""

    step: int = Field(default=4, ge=1, description="Look at every so many pixels.")


class $stage(Stage[${stage}Options]):
    """Measures how bright each picture is, from 0 (black) to 1 (white)."""

    Options = ${stage}Options
    needs = frozenset({"frame"})
    measures = (Measure("$kind.level", "", 0, 1, "How bright the picture is.", of="frame"),)

    def process(self, packet: Packet) -> Packet:
        """Add the brightness; the packet itself is shared and never changed."""
        pixels = packet.frame.image[:: self.options.step, :: self.options.step]
        return packet.with_measures({"$kind.level": float(pixels.mean()) / 255})
'''

STAGE_TEST = '''\
"""The stage `$name`, run on pictures made here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ferpipe import Pipeline
from ferpipe.testing import check_stage, make_packet, run_stage

from $module.stage import $stage


def test_it_keeps_the_contract() -> None:
    check_stage($stage)


@pytest.mark.parametrize(("value", "level"), [(0, 0.0), (51, 0.2), (255, 1.0)])
def test_it_measures_brightness(value: int, level: float, tmp_path: Path) -> None:
    picture = np.full((48, 64, 3), value, np.uint8)
    (packet,) = run_stage($stage(), [make_packet(picture)], folder=tmp_path)
    assert packet.measures["$kind.level"] == pytest.approx(level)


def test_a_pipeline_finds_it_once_installed() -> None:
    frames = [np.full((48, 64, 3), 102, np.uint8)]
    pipeline = Pipeline.of(("frames", {"images": frames, "rate": 25}), "$name")
    assert [packet.measures["$kind.level"] for packet in pipeline] == [pytest.approx(0.4)]
'''

SOURCE = '''\
"""The source `$name`: a test picture in which a white square moves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from ferpipe import Context, Frame, Options, Packet, Source, StreamInfo
from pydantic import Field

WIDTH, HEIGHT, SIDE = 320, 240, 40


class ${stage}Options(Options):
    """What a pipeline may write under `with:`."""

    frames: int = Field(default=100, ge=1, description="How many frames there are.")
    rate: float = Field(default=25, gt=0, description="Frames a second.")


class $stage(Source[${stage}Options]):
    """Gives a test picture in which a white square moves from left to right."""

    Options = ${stage}Options

    def open(self, context: Context) -> None:
        """Describe the stream; raise ferpipe.UsageError here for what the user can correct."""
        super().open(context)
        self.stream = StreamInfo(
            context.name, "$name", width=WIDTH, height=HEIGHT, frames=self.options.frames
        )

    def frames(self) -> Iterator[Packet]:
        """One packet a frame; its time is in microseconds and always increases."""
        for index in range(self.options.frames):
            if self.context.stop.is_set():
                return
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            left = 4 * index % (WIDTH - SIDE)
            image[100 : 100 + SIDE, left : left + SIDE] = 255
            time = round(index / self.options.rate * 1_000_000)
            yield Packet(Frame(image, time, index, self.context.name))
'''

SOURCE_TEST = '''\
"""The source `$name`."""

from __future__ import annotations

from pathlib import Path

from ferpipe import Pipeline
from ferpipe.testing import check_stage, run_source

from $module.stage import $stage, ${stage}Options


def test_it_keeps_the_contract() -> None:
    check_stage($stage, {"frames": 10})


def test_the_square_moves(tmp_path: Path) -> None:
    packets = run_source($stage(${stage}Options(frames=3, rate=10)), folder=tmp_path)
    assert [packet.time for packet in packets] == [0, 100_000, 200_000]
    lefts = [int(packet.frame.image.any(axis=(0, 2)).argmax()) for packet in packets]
    assert lefts == [0, 4, 8]


def test_a_pipeline_finds_it_once_installed() -> None:
    packets = list(Pipeline.of(("$name", {"frames": 5}), "null"))
    assert [packet.frame.index for packet in packets] == [0, 1, 2, 3, 4]
'''

SINK = '''\
"""The sink `$name`: how many faces there are, as a table."""

from __future__ import annotations

from collections.abc import Iterable

from ferpipe import FileOptions, FileSink, Packet
from pydantic import Field


class ${stage}Options(FileOptions):
    """What a pipeline may write under `with:`; `path` is there already."""

    separator: str = Field(default=",", min_length=1, description="What stands between the columns.")


class $stage(FileSink[${stage}Options]):
    """Writes the time of each frame and how many faces it has, a line each."""

    Options = ${stage}Options
    needs = frozenset({"faces"})

    def begin(self, first: Packet | None) -> None:
        """Write the head of the table."""
        self.lines = 0
        self.put(f"time{self.options.separator}faces\\n")

    def write(self, packet: Packet) -> None:
        """Write one line."""
        self.put(f"{packet.frame.seconds:.3f}{self.options.separator}{len(packet.faces)}\\n")
        self.lines += 1

    def about(self) -> Iterable[str]:
        """Say in the closing report what is in the file."""
        return [f"{self.lines} frames"]
'''

SINK_TEST = '''\
"""The sink `$name`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ferpipe import Box, Face, Pipeline, UsageError
from ferpipe.testing import check_stage, make_packet, run_stage

from $module.stage import $stage, ${stage}Options

FACE = Face(Box(10, 10, 20, 20), score=0.9)


def test_it_keeps_the_contract() -> None:
    check_stage($stage, {"path": "out.csv"}, [make_packet(faces=[FACE])])


def test_a_line_for_each_frame(tmp_path: Path) -> None:
    packets = [make_packet(faces=[FACE]), make_packet(time=500_000, index=1, faces=[FACE, FACE])]
    run_stage($stage(${stage}Options(path="out.csv", separator=";")), packets, folder=tmp_path)
    assert (tmp_path / "out.csv").read_text() == "time;faces\\n0.000;1\\n0.500;2\\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_pipeline_finds_it_once_installed(tmp_path: Path) -> None:
    frames = [np.zeros((48, 64, 3), np.uint8)]
    path = tmp_path / "out.csv"
    source = ("frames", {"images": frames, "rate": 25})
    pipeline = Pipeline.of(source, "blazeface", ("$name", {"path": str(path)}))
    pipeline.run()
    assert path.read_text() == "time,faces\\n0.000,0\\n"
    with pytest.raises(UsageError, match="exists"):
        pipeline.run()
'''
