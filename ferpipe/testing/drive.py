"""Make packets and drive one stage, or one source, as the engine does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ferpipe.measures import Measure
from ferpipe.packet import Frame, Image, Packet, StreamInfo, is_of_faces
from ferpipe.run.inspection import Inspection
from ferpipe.stages import Context, Options, Source, Stage
from ferpipe.testing.context import TestContext

__all__ = ["fake_source", "make_packet", "make_packets", "run_source", "run_stage"]


def make_packet(
    image: Image | None = None,
    *,
    time: int = 0,
    index: int = 0,
    source: str = "source",
    discontinuity: bool = False,
    **kinds: Any,
) -> Packet:
    """A packet of `image` ((H, W, 3) uint8 BGR; black, 64x48, where left out) with `kinds`."""
    picture = np.zeros((48, 64, 3), np.uint8) if image is None else np.array(image)
    return Packet(Frame(picture, time, index, source, discontinuity)).replace(**kinds)


def make_packets(images: Iterable[Image], *, step: int = 40_000, source: str = "source") -> list[Packet]:
    """Packets of `images`, `step` microseconds apart."""
    return [make_packet(image, time=i * step, index=i, source=source) for i, image in enumerate(images)]


def run_stage(
    stage: Stage[Any],
    packets: Sequence[Packet],
    *,
    context: TestContext | None = None,
    folder: Path | None = None,
) -> list[Packet]:
    """Run one stage on `packets` as the engine would, and give what came out.

    Raises AssertionError where the stage breaks its contract: a need that is missing from the
    packets, a promised kind that it does not give, time stamps it never received, a measure that it
    does not declare, or any value that the engine refuses.
    """
    context = context or TestContext(folder or Path.cwd())
    needs, gives = stage.contract(stage.options)
    arriving = _measures_in(packets)
    own = {measure.name: measure for measure in stage.measured(stage.options, arriving)}
    inspection = Inspection({**arriving, **own})
    context.measures = context.measures or (*arriving.values(), *own.values())
    results: list[Packet] = []
    for packet in packets:
        context.streams.setdefault(packet.frame.source, StreamInfo(packet.frame.source, "memory"))
        missing = _with_packets(needs) - packet.data.keys() - arriving.keys()
        assert not missing, f"the packets lack {sorted(missing)}, which the stage needs"  # noqa: S101
    stage.open(context)
    try:
        for packet in packets:
            given = stage.process(packet)
            results += [] if given is None else [given] if isinstance(given, Packet) else list(given)
        results += stage.flush()
    finally:
        stage.close()
    received = {packet.time: packet for packet in packets}
    for packet in results:
        assert packet.time in received, f"the stage invented a packet at {packet.time} us"  # noqa: S101
        lacking = _with_packets(gives) - packet.data.keys()
        assert not lacking, f"the stage promised {sorted(lacking)} and did not give it"  # noqa: S101
        wrong = inspection.objection(packet, received[packet.time])
        assert wrong is None, f"the stage gave what it may not: {wrong}"  # noqa: S101
    times = [packet.time for packet in results]
    assert times == sorted(set(times)), "the stage gave packets out of order"  # noqa: S101
    return results


def _with_packets(kinds: frozenset[str]) -> frozenset[str]:
    """The kinds that must be in every packet: what hangs on faces may be known of some only."""
    return frozenset(kind for kind in kinds if kind != "frame" and not is_of_faces(kind))


def _measures_in(packets: Sequence[Packet]) -> dict[str, Measure]:
    """The measures that packets made for a test hold, as if a stage before had declared them."""
    about = "held by the packets of the test"
    faces = {name for packet in packets for face in packet.faces for name in face.measures}
    frames = {name for packet in packets for name in packet.measures}
    return {
        **{name: Measure(name, "", None, None, about) for name in sorted(faces)},
        **{name: Measure(name, "", None, None, about, of="frame") for name in sorted(frames)},
    }


def run_source(
    source: Source[Any],
    *,
    limit: int | None = None,
    context: TestContext | None = None,
    folder: Path | None = None,
) -> list[Packet]:
    """Open a source, take up to `limit` packets, close it; checks that time increases strictly."""
    context = context or TestContext(folder or Path.cwd())
    source.open(context)
    try:
        context.streams[context.name] = source.stream
        packets = list(islice(source.frames(), limit))
    finally:
        context.stop.set()
        source.interrupt()
        source.close()
    inspection = Inspection({measure.name: measure for measure in source.measured(source.options, {})})
    for packet in packets:
        wrong = inspection.objection(packet, None)
        assert wrong is None, f"the source gave what it may not: {wrong}"  # noqa: S101
    times = [packet.time for packet in packets]
    assert all(a < b for a, b in pairwise(times)), "time must increase strictly"  # noqa: S101
    return packets


def fake_source(packets: Sequence[Packet], *, live: bool = False) -> type[Source[Options]]:
    """A source stage that gives `packets`, under the name that it has in the pipeline."""
    given, is_live = tuple(packets), live

    class FakeSource(Source[Options]):
        """Gives packets that were made beforehand."""

        live = is_live

        def open(self, context: Context) -> None:
            super().open(context)
            height, width = given[0].frame.image.shape[:2] if given else (0, 0)
            self.stream = StreamInfo(
                context.name, "memory", is_live, width, height, frames=len(given) or None
            )

        def frames(self) -> Iterator[Packet]:
            for packet in given:
                if self.context.stop.is_set():
                    return
                frame = replace(packet.frame, source=self.context.name)
                yield Packet(frame, packet.data, packet.measures)

    return FakeSource
