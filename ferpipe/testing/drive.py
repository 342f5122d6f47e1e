"""Make packets and drive one stage, or one source, as the engine does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ferpipe.errors import FerpipeError, UsageError
from ferpipe.graph.model import Arrival, Node
from ferpipe.measures import Measure
from ferpipe.packet import Frame, Image, Packet, StreamInfo, is_of_faces
from ferpipe.run.control import Control
from ferpipe.run.message import Message
from ferpipe.run.source import packets_of
from ferpipe.run.statements import stream_objection
from ferpipe.run.worker import Worker
from ferpipe.stages import Context, Options, Source, Stage
from ferpipe.testing.context import TestContext

__all__ = ["fake_source", "make_packet", "make_packets", "results_of", "run_source", "run_stage"]


def make_packet(
    image: Image | None = None,
    *,
    time: int = 0,
    index: int = 0,
    source: str = "source",
    discontinuity: bool = False,
    **kinds: Any,
) -> Packet:
    """A packet of `image` ((H, W, 3) uint8 BGR; black, 64x48, if omitted) with `kinds`."""
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
    """Run one stage on `packets` by the engine's own code, and give what came out.

    Raises what the stage raises, and AssertionError where it breaks its contract: a need that is
    missing from the packets, a promised kind that it does not give, a packet of another moment, a
    measure that it does not declare, or any other value that the engine refuses.
    """
    return list(results_of(stage, packets, context=context, folder=folder))


def results_of(
    stage: Stage[Any],
    packets: Sequence[Packet],
    *,
    context: TestContext | None = None,
    folder: Path | None = None,
) -> Iterator[Packet]:
    """What `run_stage` gives, each packet as soon as the stage gives it."""
    context = context or TestContext(folder or Path.cwd())
    needs, _ = stage.contract(stage.options)
    arriving = _measures_in(packets)
    own = {measure.name: measure for measure in stage.measured(stage.options, arriving)}
    context.measures = context.measures or (*arriving.values(), *own.values())
    for packet in packets:
        context.streams.setdefault(packet.frame.source, StreamInfo(packet.frame.source, "memory"))
        missing = _with_packets(needs) - packet.data.keys() - arriving.keys()
        if missing:
            raise AssertionError(f"the packets lack {sorted(missing)}, which the stage needs")
    worker = _TestedWorker(stage, context, {**arriving, **own})
    stage.open(context)
    try:
        for number, packet in enumerate(packets):
            yield from _packets(worker.accept(0, Message(number, packet.time, packet)))
            worker.raise_trouble()
        yield from _packets(worker.finish())
        worker.raise_trouble()
    finally:
        stage.close()


def _packets(messages: Iterable[Message]) -> Iterator[Packet]:
    return (message.packet for message in messages if message.packet is not None)


class _TestedWorker(Worker):
    """The engine's worker, outside of a run: it raises what a run would report."""

    def __init__(self, stage: Stage[Any], context: TestContext, measures: dict[str, Measure]) -> None:
        node = Node(context.name, context.name, type(stage), stage.options)
        super().__init__(node, stage, Control(), arrival=Arrival(measures=measures))
        self.opened = True
        self._raised: BaseException | None = None

    def as_error(self, call: str, error: BaseException, message: Message | None = None) -> FerpipeError:
        """Keep the stage's own exception."""
        reported = super().as_error(call, error, message)
        if reported.trace or isinstance(error, UsageError):  # what the engine objects to has no trace
            self._raised = error
        return reported

    def raise_trouble(self) -> None:
        """Raise the stage's exception, or AssertionError with what the engine refuses."""
        if self._raised is not None:
            raise self._raised
        if self.control.error is not None:
            raise AssertionError(str(self.control.error))


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
    """Open a source, take up to `limit` packets by the engine's own code, end and close it.

    Raises what the source raises, and AssertionError for what the engine refuses: no stream, packets
    of another name, time that does not increase.
    """
    context = context or TestContext(folder or Path.cwd())
    context.live = source.live
    measures = {measure.name: measure for measure in source.measured(source.options, {})}
    worker = _TestedWorker(source, context, measures)
    source.open(context)
    try:
        context.live = source.live
        stream = getattr(source, "stream", None)
        if (wrong := stream_objection(stream)) is not None:
            raise AssertionError(f"in open: {wrong}")
        context.streams[context.name] = source.stream
        packets = list(islice(packets_of(worker), limit))
        worker.raise_trouble()
    finally:
        context.stop.set()
        source.interrupt()
        source.close()
    return packets


def fake_source(packets: Sequence[Packet], *, live: bool = False) -> type[Source[Options]]:
    """A source stage that gives `packets`, under the name that it has in the pipeline."""
    given, is_live = tuple(packets), live

    class FakeSource(Source[Options]):
        """Gives packets that were made beforehand."""

        live = is_live

        def open(self, context: Context) -> None:
            super().open(context)
            height, width = given[0].frame.shape[:2] if given else (0, 0)
            self.stream = StreamInfo(
                context.name, "memory", is_live, width, height, frames=len(given) or None
            )

        def frames(self) -> Iterator[Packet]:
            for packet in given:
                if self.context.stop.is_set():
                    return
                frame = packet.frame.replace(source=self.context.name)
                yield Packet(frame, packet.data, packet.measures)

    return FakeSource
