"""The kit for plugin authors: run one stage, or one source, on made or real packets.

`run_stage` drives a stage exactly as the engine does (open, process..., flush, close) and checks
its contract on the way.  Installed as a pytest plugin, it offers the fixture `ferpipe_context`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferpipe.packet import FACE_KINDS, Frame, Image, Packet, StreamInfo
from ferpipe.stage import Source, Stage

__all__ = ["TestContext", "ferpipe_context", "make_packet", "make_packets", "run_source", "run_stage"]


@dataclass
class TestContext:
    """A `Context` outside a run: it writes under `folder` and remembers what it was told."""

    __test__ = False

    folder: Path
    name: str = "stage"
    live: bool = False
    streams: dict[str, StreamInfo] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    outputs: list[Path] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("ferpipe.testing"))

    def note(self, key: str, value: Any) -> None:
        """Keep a fact in `notes`."""
        self.notes[key] = value

    def alive(self, state: str | None = None) -> None:
        """Keep the state in `states`."""
        if state is not None:
            self.states.append(state)

    def count(self, what: str, n: int = 1) -> None:
        """Add to `counts`."""
        self.counts[what] = self.counts.get(what, 0) + n

    def input(self, path: str | Path) -> Path:
        """The path itself."""
        return Path(path)

    def output(self, path: str | Path) -> Path:
        """A path under `folder`."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def finish(self) -> None:
        """Set `stop`."""
        self.stop.set()

    def wrote(self, path: str | Path) -> None:
        """Keep the path in `outputs`."""
        self.outputs.append(Path(path))


@pytest.fixture
def ferpipe_context(tmp_path: Path) -> TestContext:
    """A context that writes under pytest's `tmp_path`."""
    return TestContext(tmp_path)


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
    packets, a promised kind that it does not give, time stamps it never received.
    """
    context = context or TestContext(folder or Path.cwd())
    needs, gives = stage.contract(stage.options)
    results: list[Packet] = []
    for packet in packets:
        context.streams.setdefault(packet.frame.source, StreamInfo(packet.frame.source, "memory"))
        missing = needs - {"frame"} - FACE_KINDS - packet.data.keys()
        assert not missing, f"the packets lack {sorted(missing)}, which the stage needs"  # noqa: S101
    stage.open(context)
    try:
        for packet in packets:
            given = stage.process(packet)
            results += [] if given is None else [given] if isinstance(given, Packet) else list(given)
        results += stage.flush()
    finally:
        stage.close()
    received = {packet.time for packet in packets}
    for packet in results:
        assert packet.time in received, f"the stage invented a packet at {packet.time} us"  # noqa: S101
        lacking = gives - FACE_KINDS - {"frame"} - packet.data.keys()
        assert not lacking, f"the stage promised {sorted(lacking)} and did not give it"  # noqa: S101
    times = [packet.time for packet in results]
    assert times == sorted(set(times)), "the stage gave packets out of order"  # noqa: S101
    return results


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
    times = [packet.time for packet in packets]
    assert all(a < b for a, b in pairwise(times)), "time must increase strictly"  # noqa: S101
    return packets
