"""The kit for plugin authors: it lets good stages pass and names what is wrong with bad ones."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from ferpipe import Box, Context, Face, Options, Packet, Source, Stage, StreamInfo
from ferpipe.testing import (
    TestContext,
    check_stage,
    fake_source,
    make_packet,
    make_packets,
    run_source,
    run_stage,
)


class Mean(Stage[Options]):
    """Measures the mean brightness."""

    gives = frozenset({"mean"})

    class Options(Options):
        digits: int = Field(2, description="Digits after the point.")

    def process(self, packet: Packet) -> Packet:
        return packet.replace(mean=round(float(packet.frame.image.mean()), self.options.digits))  # type: ignore[attr-defined]


class Late(Stage[Options]):
    """Keeps one packet back."""

    delays = True

    def open(self, context: Context) -> None:
        super().open(context)
        self.kept: list[Packet] = []

    def process(self, packet: Packet) -> Iterable[Packet]:
        self.kept.append(packet)
        return [self.kept.pop(0)] if len(self.kept) > 1 else []

    def flush(self) -> Iterable[Packet]:
        return self.kept


class Count(Source[Options]):
    """Counts, for ever."""

    def open(self, context: Context) -> None:
        super().open(context)
        self.stream = StreamInfo(context.name, "memory")

    def frames(self) -> Iterator[Packet]:
        index = 0
        while not self.context.stop.is_set():
            yield make_packet(time=index * 1000, index=index, source=self.context.name)
            index += 1


@pytest.mark.parametrize("stage", [Mean, Late, Count])
def test_a_good_stage_passes(stage: type[Stage[Any]]) -> None:
    check_stage(stage)


def test_the_first_party_style_of_faces_passes() -> None:
    class Named(Stage[Options]):
        """Gives every face a number."""

        needs = frozenset({"faces"})
        gives = frozenset({"tracks"})

        def process(self, packet: Packet) -> Packet:
            faces = packet.data["faces"]
            return packet.replace(faces=[face.replace(track=i + 1) for i, face in enumerate(faces)])

    landmarks = np.zeros((2, 2), np.float32)
    packets = [
        make_packet(faces=[Face(Box(0, 0, 4, 4), 0.9, landmarks)], canvas=np.zeros((4, 4, 3), np.uint8))
    ]
    check_stage(Named, packets=packets)


def test_options_are_given_as_in_a_pipeline() -> None:
    check_stage(Mean, {"digits": 4})
    with pytest.raises(ValueError, match="digits"):
        check_stage(Mean, {"digits": "many"})


class Silent(Mean):
    __doc__ = None


class Undescribed(Mean):
    """Has an option without words."""

    class Options(Options):
        digits: int = 2


class Listed(Mean):
    """Declares a list."""

    gives = ["mean"]  # type: ignore[assignment]  # noqa: RUF012


class Undeclared(Mean):
    """Declares nothing."""

    gives = frozenset()


class Promising(Mean):
    """Promises what it never gives."""

    gives = frozenset({"mean", "more"})


class Scribbler(Mean):
    """Draws into the picture it was given."""

    def process(self, packet: Packet) -> Packet:
        packet.frame.image.flags.writeable = True
        packet.frame.image[:] += 1
        return super().process(packet)


class Mover(Mean):
    """Moves the landmarks it was given."""

    def process(self, packet: Packet) -> Packet:
        packet.faces[0].landmarks.flags.writeable = True  # type: ignore[union-attr]
        packet.faces[0].landmarks[:] += 1  # type: ignore[index]
        return super().process(packet)


class Reuser(Mean):
    """Gives the same picture again, drawn over."""

    gives = frozenset({"mean", "canvas"})

    def open(self, context: Context) -> None:
        super().open(context)
        self.canvas = np.zeros((48, 64, 3), np.uint8)

    def process(self, packet: Packet) -> Packet:
        self.canvas += 1
        return super().process(packet).replace(canvas=self.canvas)


class Leaky(Mean):
    """Leaves a thread behind."""

    release = threading.Event()

    def open(self, context: Context) -> None:
        super().open(context)
        threading.Thread(target=self.release.wait, name="leaky", daemon=True).start()


class Once(Mean):
    """Works only the first time."""

    used: list[bool] = []  # noqa: RUF012

    def process(self, packet: Packet) -> Packet | None:  # type: ignore[override]
        self.used.append(True)
        return super().process(packet) if len(self.used) < 4 else None


class Greedy(Mean):
    """Uses faces without saying so."""

    def process(self, packet: Packet) -> Packet:
        assert packet.data["faces"] is not None
        return super().process(packet)


class Unclosable(Mean):
    """Cannot be closed before its first packet."""

    def close(self) -> None:
        self.writer.close()  # type: ignore[attr-defined]

    def process(self, packet: Packet) -> Packet:
        self.writer = BytesIO()
        return super().process(packet)


BAD = {
    Silent: "no docstring",
    Undescribed: "'digits' has no description",
    Listed: "gives must be a frozenset",
    Undeclared: r"\['mean'\] undeclared",
    Promising: "without the 'more' that it declares",
    Scribbler: "changed a packet",
    Mover: "changed a packet",
    Reuser: "changed an array after returning it",
    Leaky: "'leaky' still runs",
    Once: "second, new instance",
    Greedy: "only what it needs",
}


@pytest.mark.parametrize("stage", BAD)
def test_a_bad_stage_is_reported(stage: type[Stage[Any]]) -> None:
    faces = [Face(Box(0, 0, 4, 4), 0.9, np.zeros((2, 2), np.float32))]
    packets = [make_packet(time=i, faces=faces) for i in range(3)]
    with pytest.raises(AssertionError, match=BAD[stage]):
        check_stage(stage, packets=packets)
    if stage is Leaky:
        Leaky.release.set()


def test_a_stage_must_close_right_after_opening() -> None:
    with pytest.raises(AttributeError, match="writer"):
        check_stage(Unclosable)


def test_a_fake_source_gives_its_packets_under_its_own_name() -> None:
    packets = make_packets([np.full((6, 8, 3), value, np.uint8) for value in (1, 2)])
    source = fake_source(packets)()
    given = run_source(source, context=TestContext(Path(), name="cam"))
    assert [(p.time, p.frame.index, p.frame.source) for p in given] == [(0, 0, "cam"), (40_000, 1, "cam")]
    assert source.stream == StreamInfo("cam", "memory", width=8, height=6, frames=2)
    check_stage(fake_source(packets, live=True))


def test_a_fake_source_heeds_the_stop(tmp_path: Path) -> None:
    context = TestContext(tmp_path)
    source = fake_source(make_packets([np.zeros((2, 2, 3), np.uint8)] * 3))()
    source.open(context)
    frames = source.frames()
    next(frames)
    context.stop.set()
    assert list(frames) == []


def test_run_stage_refuses_what_the_engine_refuses(tmp_path: Path) -> None:
    class Inventor(Stage[Options]):
        def process(self, packet: Packet) -> Packet:
            return make_packet(time=packet.time + 1)

    class Doubler(Stage[Options]):
        def process(self, packet: Packet) -> Iterable[Packet]:
            return [packet, packet]

    with pytest.raises(AssertionError, match="returned a packet with another time"):
        run_stage(Inventor(), [make_packet()], folder=tmp_path)
    with pytest.raises(AssertionError, match="returned several packets"):
        run_stage(Doubler(), [make_packet()], folder=tmp_path)


def test_the_fixture_writes_under_tmp_path(ferpipe_context: TestContext, tmp_path: Path) -> None:
    target = ferpipe_context.output("deep/out.txt")
    assert target == tmp_path / "deep" / "out.txt"
    assert target.parent.is_dir()
