"""The kit for plugin authors: run one stage, or one source, on made or real packets.

`run_stage` drives a stage exactly as the engine does (open, process..., flush, close) and checks
its contract on the way.  `check_stage` checks all that can be checked of a stage from outside.
`fake_source` makes a source of given packets, for whole pipelines.  Installed as a pytest plugin,
it offers the fixture `ferpipe_context`.
"""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from ferpipe.packet import FACE_KINDS, Chip, Face, Frame, Image, Packet, StreamInfo
from ferpipe.pretend import TestContext
from ferpipe.stages import Context, Options, Source, Stage

__all__ = [
    "TestContext",
    "check_stage",
    "fake_source",
    "ferpipe_context",
    "make_packet",
    "make_packets",
    "run_source",
    "run_stage",
]


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
                yield Packet(replace(packet.frame, source=self.context.name), packet.data)

    return FakeSource


def check_stage(
    stage: type[Stage[Any]],
    options: Mapping[str, Any] | Options | None = None,
    packets: Sequence[Packet] | None = None,
    *,
    limit: int = 5,
) -> None:
    """Check the contract of a stage, or of a source, as far as it shows from outside.

    options: what stands under `with:` in a pipeline.  packets: what to run a stage on, with every
    kind that it needs; None makes three black frames.  limit: packets to take from a source.

    Raises AssertionError: no docstring; an option without a description; needs or gives that are
    not sets of names; a kind given or needed but not declared; an input that was changed; a second
    instance that behaves otherwise; no closing right after `open`; a thread left behind; an
    `independent` stage that gives other things when a packet reaches it alone.
    """
    _check_words(stage)
    settings = options if isinstance(options, Options) else stage.Options.model_validate(options or {})
    _check_contract(stage, settings)
    before = set(threading.enumerate())
    with TemporaryDirectory() as folder:
        _open_and_close(stage(settings), Path(folder) / "unused")
        if issubclass(stage, Source):
            _check_repeats(lambda run: run_source(stage(settings), limit=limit, folder=Path(folder) / run))
        else:
            _check_packets(stage, settings, packets or make_packets([_BLACK] * 3), Path(folder))
    _check_threads(before)


def _demand(condition: object, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)


_BLACK = np.zeros((48, 64, 3), np.uint8)


def _check_words(stage: type[Stage[Any]]) -> None:
    _demand((stage.__doc__ or "").strip(), f"{stage.__name__} has no docstring: it is its description")
    for name, option in stage.Options.model_fields.items():
        _demand(option.description, f"the option '{name}' has no description: Field(..., description=...)")


def _check_contract(stage: type[Stage[Any]], options: Options) -> None:
    for word, kinds in zip(("needs", "gives"), stage.contract(options), strict=True):
        names = isinstance(kinds, frozenset) and all(isinstance(kind, str) for kind in kinds)
        _demand(names, f"{word} must be a frozenset of names, not {kinds!r}")


def _open_and_close(stage: Stage[Any], folder: Path) -> None:
    folder.mkdir()
    stage.open(TestContext(folder, streams={"source": StreamInfo("source", "memory", width=64, height=48)}))
    stage.close()


def _check_packets(
    stage: type[Stage[Any]], options: Options, packets: Sequence[Packet], folder: Path
) -> None:
    needs, gives = stage.contract(options)
    before = [_arrays(packet) for packet in packets]

    def run(name: str) -> list[Packet]:
        return run_stage(stage(options), packets, folder=folder / name)

    for packet in _check_repeats(run):
        declared = gives | {kind for given in packets for kind in given.data}
        _demand(
            packet.data.keys() <= declared, f"it gives {sorted(packet.data.keys() - declared)} undeclared"
        )
    _demand(
        before == [_arrays(packet) for packet in packets],
        "it changed a packet it was given: work on a copy of the picture",
    )
    if stage.independent(options):
        _demand(not stage.delays, "it is independent and delays: copies could not keep the order")
        alone = [run_stage(stage(options), [p], folder=folder / f"alone-{i}") for i, p in enumerate(packets)]
        _demand(
            [_arrays(packet) for packet in run("together")] == [_arrays(p) for one in alone for p in one],
            "it is independent, but gives other things when a packet reaches it alone",
        )
    wanted = needs | {"faces"} if needs & FACE_KINDS else needs  # what lives in faces comes with them
    bare = [Packet(p.frame, {kind: p.data[kind] for kind in p.data.keys() & wanted}) for p in packets]
    try:
        run_stage(stage(options), bare, folder=folder / "bare")
    except Exception as error:
        message = f"it fails on packets with only what it needs ({sorted(needs)}): {error!r}"
        raise AssertionError(message) from error


def _check_repeats(run: Callable[[str], list[Packet]]) -> list[Packet]:
    first, second = run("one"), run("two")
    shapes = [[(packet.time, sorted(packet.data)) for packet in results] for results in (first, second)]
    _demand(shapes[0] == shapes[1], "a second, new instance behaves otherwise than the first")
    return first


def _arrays(packet: Packet) -> list[bytes]:
    """The bytes of every array in a packet, to see whether one was changed."""
    values = [packet.frame.image, *packet.data.values()]
    flat = [part for value in values for part in (value if isinstance(value, tuple) else (value,))]
    inner = [part.landmarks if isinstance(part, Face) else part for part in flat]
    inner = [part.image if isinstance(part, Chip) else part for part in inner]
    return [part.tobytes() for part in inner if isinstance(part, np.ndarray)]


def _check_threads(before: set[threading.Thread]) -> None:
    deadline = clock.monotonic() + 2.0
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, deadline - clock.monotonic()))
        _demand(not thread.is_alive(), f"the thread '{thread.name}' still runs after close")
