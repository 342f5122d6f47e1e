"""Check the contract of a stage, or of a source, as far as it shows from outside."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Mapping, Sequence
from inspect import isgeneratorfunction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ferpipe.packet import Chip, Face, Packet, StreamInfo, is_of_faces
from ferpipe.stages import Options, Source, Stage
from ferpipe.testing.context import TestContext
from ferpipe.testing.drive import results_of, run_source, run_stage
from ferpipe.testing.examples import default_packets
from ferpipe.testing.traces import class_state, files_outside

_SECONDS = 10.0
"""Time for a source to give its packets; then it is asked to stop."""


def check_stage(
    stage: type[Stage[Any]],
    options: Mapping[str, Any] | Options | None = None,
    packets: Sequence[Packet] | None = None,
    *,
    limit: int = 5,
) -> None:
    """Check the contract of a stage, or of a source, as far as it shows from outside.

    The stage is run by the engine's own code, several times.
    options: what stands under `with:` in a pipeline.  packets: what to run a stage on, with every
    kind that it needs; None makes three frames, with a face where faces are needed.  limit: packets
    to take from a source.

    Raises AssertionError: no docstring; an option without a description; needs or gives that are
    not sets of names; a value that the engine refuses, such as faces that are no tuple of `Face`; a
    kind given or needed but not declared; a kind of faces that is promised and that no face has; no
    packet given at all; an input that was changed; an array that was changed after it was returned; a
    second instance that behaves otherwise; a class attribute that was changed; a file written outside
    `context.output`; no closing right after `open`; a thread left behind; an `independent` stage that
    gives other things when a packet reaches it alone.  Of a live source the times may differ from one
    instance to the next.
    """
    _check_words(stage)
    settings = options if isinstance(options, Options) else stage.Options.model_validate(options or {})
    _check_contract(stage, settings)
    before, state = set(threading.enumerate()), class_state(stage)
    with TemporaryDirectory() as folder, files_outside(Path(folder)) as outside:
        _open_and_close(stage(settings), Path(folder) / "unused")
        if issubclass(stage, Source):
            _check_source(stage, settings, limit, Path(folder))
        else:
            _check_packets(stage, settings, packets or default_packets(stage, settings), Path(folder))
    changed = [name for name, value in class_state(stage).items() if state.get(name, ()) != value]
    _demand(not changed, f"it changes {', '.join(changed)}, which all instances share: set it in open")
    _demand(not outside, f"it writes outside context.output: {', '.join(dict.fromkeys(outside))}")
    _check_threads(before)


def _demand(condition: object, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)


__all__ = ["check_stage"]


def _check_words(stage: type[Stage[Any]]) -> None:
    _demand((stage.__doc__ or "").strip(), f"{stage.__name__} has no docstring: it is its description")
    for name, option in stage.Options.model_fields.items():
        _demand(option.description, f"the option '{name}' has no description: Field(..., description=...)")


def _check_contract(stage: type[Stage[Any]], options: Options) -> None:
    for word, kinds in zip(("needs", "gives"), stage.contract(options), strict=True):
        names = isinstance(kinds, frozenset) and all(isinstance(kind, str) for kind in kinds)
        _demand(names, f"{word} must be a frozenset of names, not {kinds!r}")


def _open_and_close(stage: Stage[Any], folder: Path) -> None:
    stage.open(TestContext(folder, streams={"source": StreamInfo("source", "memory", width=64, height=48)}))
    stage.close()


def _check_source(stage: type[Source[Any]], options: Options, limit: int, folder: Path) -> None:
    live = []

    def run(name: str) -> list[Packet]:
        source, context = stage(options), TestContext(folder / name)

        def end() -> None:
            context.stop.set()
            source.interrupt()

        ending = threading.Timer(_SECONDS, end)
        ending.daemon = True
        ending.start()
        try:
            packets = run_source(source, limit=limit, context=context)
        finally:
            ending.cancel()
            ending.join()
        _demand(packets or not limit, f"the source gave no packet within {_SECONDS:g} s")
        live.append(source.live)
        return packets

    one, two = run("one"), run("two")
    if any(live):  # its time is that of arrival
        kinds = [{tuple(sorted(packet.data)) for packet in packets} for packets in (one, two)]
        _demand(kinds[0] == kinds[1], _OTHERWISE)
    else:
        _demand(_shapes(one) == _shapes(two), _OTHERWISE)


_OTHERWISE = "a second, new instance behaves differently from the first"


def _check_packets(
    stage: type[Stage[Any]], options: Options, packets: Sequence[Packet], folder: Path
) -> None:
    needs, gives = stage.contract(options)
    before = [_arrays(packet) for packet in packets]

    def run(name: str) -> list[Packet]:
        given, seen = [], []
        for packet in results_of(stage(options), packets, folder=folder / name):
            given.append(packet)
            seen.append(_arrays(packet))
        _demand(
            before == [_arrays(packet) for packet in packets],
            "it changed a packet it was given: work on a copy of the picture",
        )
        _demand(
            seen == [_arrays(packet) for packet in given],
            "it changed an array after returning it: make a new array for each packet",
        )
        return given

    _demand(
        stage.delays or not isgeneratorfunction(stage.process),
        "process is a generator (it has a yield): return the packet, or declare delays",
    )
    given = _check_repeats(run)
    _check_promises(gives, packets, given)
    for packet in given:
        declared = gives | {kind for one in packets for kind in one.data}
        _demand(
            packet.data.keys() <= declared, f"it gives {sorted(packet.data.keys() - declared)} undeclared"
        )
    if stage.independent(options):
        _demand(not stage.delays, "it is independent and delays: replicas could not keep the order")
        alone = [run_stage(stage(options), [p], folder=folder / f"alone-{i}") for i, p in enumerate(packets)]
        _demand(
            [_arrays(packet) for packet in run("together")] == [_arrays(p) for one in alone for p in one],
            "it is independent, but gives different results for a packet on its own",
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
    _demand(_shapes(first) == _shapes(second), _OTHERWISE)
    return first


def _shapes(packets: Sequence[Packet]) -> list[tuple[int, list[str]]]:
    return [(packet.time, sorted(packet.data)) for packet in packets]


def _check_promises(gives: frozenset[str], packets: Sequence[Packet], given: Sequence[Packet]) -> None:
    """What the engine cannot demand of each packet: that there are some, and that some face has it."""
    _demand(
        given,
        f"it returned none of the {len(packets)} packets: is a return missing? (If it drops them on "
        "purpose, pass packets that it returns.)",
    )
    faces = [face for packet in given for face in packet.faces]
    if not any(face.emotion for face in faces):
        gives -= {"smoothed"}  # as in a pipeline: there is nothing to smooth
    for kind in sorted(kind for kind in gives if is_of_faces(kind)):
        if any(packet.faces for packet in packets) or faces:
            _demand(
                any(_has(face, kind) for face in faces),
                f"it promises '{kind}', and none of the {len(faces)} faces that it returned has it",
            )


def _has(face: Face, kind: str) -> bool:
    if kind == "tracks":
        return face.track is not None
    if kind == "emotions":
        return face.emotion is not None
    if kind == "smoothed":
        return face.emotion is not None and face.emotion.raw is not None
    return kind.removeprefix("face.") in face.data


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
