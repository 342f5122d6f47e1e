"""Check the contract of a stage, or of a source, as far as it shows from outside."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ferpipe.packet import Chip, Face, Packet, StreamInfo, is_of_faces
from ferpipe.stages import Options, Source, Stage
from ferpipe.testing.context import TestContext
from ferpipe.testing.drive import make_packets, run_source, run_stage


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


__all__ = ["check_stage"]

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
    hanging = any(map(is_of_faces, needs))
    wanted = needs | {"faces"} if hanging else needs  # what hangs on faces comes with them
    bare = [
        Packet(
            p.frame,
            {kind: p.data[kind] for kind in p.data.keys() & wanted},
            {name: p.measures[name] for name in p.measures.keys() & wanted},
        )
        for p in packets
    ]
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
    flat += [value for part in flat if isinstance(part, Face) for value in part.data.values()]
    inner = [part.landmarks if isinstance(part, Face) else part for part in flat]
    inner = [part.image if isinstance(part, Chip) else part for part in inner]
    return [part.tobytes() for part in inner if isinstance(part, np.ndarray)]


def _check_threads(before: set[threading.Thread]) -> None:
    deadline = clock.monotonic() + 2.0
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, deadline - clock.monotonic()))
        _demand(not thread.is_alive(), f"the thread '{thread.name}' still runs after close")
