"""What `check_stage` finds in plugins as people write them, and what it lets pass."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from ferpipe import Box, Context, Emotion, Face, Frame, Options, Packet, Source, Stage, StreamInfo
from ferpipe.testing import check_stage, make_packet, run_source, run_stage

FACES = frozenset({"faces"})
SURE = Emotion(("happy", "sad"), (0.5, 0.5), "happy")


class Faces(Stage[Options]):
    """Finds a face in each frame."""

    gives = FACES

    def found(self) -> Any:
        return [Face(Box(1, 1, 9, 9), 0.9)]

    def process(self, packet: Packet) -> Any:
        return packet.replace(faces=self.found())


class Tells(Stage[Options]):
    """Tells an emotion of each face."""

    needs = FACES
    gives = frozenset({"emotions"})
    emotion: ClassVar[Any] = SURE

    def process(self, packet: Packet) -> Any:
        return packet.replace(faces=[face.replace(emotion=self.emotion) for face in packet.faces])


def broken(name: str, process: Any, kind: type[Stage[Any]] = Faces, **more: Any) -> type[Stage[Any]]:
    return type(name, (kind,), {"__doc__": "Is broken.", "process": process, **more})


def forgets(self: Any, packet: Packet) -> None:
    packet.replace(faces=self.found())


def yields(self: Any, packet: Packet) -> Iterator[Packet]:
    yield packet.replace(faces=self.found())


def writes(where: str) -> Any:
    def process(self: Any, packet: Packet) -> Packet:
        path = Path(self.folder) / f"{packet.frame.index}.txt"
        if where == "text":
            path.write_text("loot")
        elif where == "folder":
            path.mkdir(exist_ok=True)
        elif where == "renamed":
            inside = self.context.output("inside.txt")
            inside.write_text("loot")
            inside.rename(path)
        else:
            cv2.imwrite(str(path.with_suffix(".png")), packet.frame.image)
        return packet.replace(faces=self.found())

    return process


class Counts(Faces):
    """Counts in the class."""

    seen: ClassVar[int] = 0

    def process(self, packet: Packet) -> Any:
        type(self).seen += 1
        return super().process(packet)


class Hoards(Faces):
    """Keeps packets in the class."""

    kept: ClassVar[list[Packet]] = []

    def process(self, packet: Packet) -> Any:
        self.kept.append(packet)
        return super().process(packet)


def gives(value: Any) -> Any:
    return lambda self, packet: packet.replace(faces=value(self))


def say(value: Any) -> Any:
    return lambda self, packet: packet.replace(faces=[face.replace(emotion=value) for face in packet.faces])


BROKEN: dict[str, tuple[type[Stage[Any]], str]] = {
    "faces as dicts": (broken("A", gives(lambda s: [{"box": (0, 0, 1, 1)}])), "'faces' holds a dict"),
    "faces as boxes": (broken("A", gives(lambda s: [Box(0, 0, 1, 1)])), "'faces' holds a Box"),
    "faces as a generator": (broken("A", gives(lambda s: (f for f in s.found()))), "'faces' is a generator"),
    "faces as None": (broken("A", gives(lambda s: None)), "'faces' is a NoneType"),
    "faces as an array": (broken("A", gives(lambda s: np.zeros((1, 4)))), "'faces' is a ndarray"),
    "faces as a mapping": (broken("A", gives(lambda s: {"face": 1})), "'faces' is a dict"),
    "a generator": (broken("A", yields), "process is a generator"),
    "a forgotten return": (broken("A", forgets), "it returned none of the 3 packets"),
    "a number": (broken("A", lambda self, packet: 3), "returned an int where one packet"),
    "a dict": (broken("A", lambda self, packet: {"faces": ()}), "returned "),
    "faces instead of the packet": (broken("A", lambda self, packet: self.found()), "returned a Face"),
    "several packets": (broken("A", lambda self, packet: [packet, packet]), "returned several packets"),
    "another time": (broken("A", lambda self, packet: make_packet(time=1, faces=())), "another time"),
    "promised and not given": (broken("A", lambda self, packet: packet), "without the 'faces' that it"),
    "emotions never given": (broken("B", lambda self, packet: packet, Tells), "promises 'emotions'"),
    "emotions of None": (broken("B", say(None), Tells), "promises 'emotions'"),
    "emotions as words": (broken("B", say("happy"), Tells), "where an Emotion is expected"),
    "emotions beyond 1": (broken("B", say(Emotion(("a", "b"), (3.0, -2.0), "a")), Tells), "emotion of a "),
    "faces lost": (broken("B", lambda self, packet: packet.replace(faces=()), Tells), "none of the 0 faces"),
    "tracks never given": (
        broken("B", lambda self, p: p.replace(faces=[f.replace(score=0.5) for f in p.faces]), Tells,
               gives=frozenset({"tracks"})), "promises 'tracks'"),
    "a mesh never given": (
        broken("B", Tells.process, Tells, gives=frozenset({"emotions", "face.mesh"})), "promises 'face."),
    "a count in the class": (Counts, "it changes Counts.seen"),
    "packets kept in the class": (Hoards, "it changes Hoards.kept"),
    "a file written": (broken("A", writes("text")), "writes outside context.output"),
    "a folder made": (broken("A", writes("folder")), "writes outside context.output"),
    "an output moved away": (broken("A", writes("renamed")), "writes outside context.output"),
    "a file of a native library": (broken("A", writes("native")), "writes outside context.output: .*0.png"),
    "letters for needs": (type("A", (Faces,), {"__doc__": "Is broken.", "needs": "faces"}), "needs must be"),
    "a tuple for gives": (type("A", (Faces,), {"__doc__": "Is broken.", "gives": ("faces",)}), "gives must "),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_broken_plugins_are_found(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, said = BROKEN[case]
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setattr(Faces, "folder", str(tmp_path / "cwd"), raising=False)
    with pytest.raises(AssertionError, match=said):
        check_stage(stage)


def test_what_a_stage_raises_is_its_own() -> None:
    """Not wrapped, so that a debugger stands where it was raised."""

    def raises(self: Any, packet: Packet) -> Packet:
        raise KeyError("faces")

    with pytest.raises(KeyError, match="faces"):
        check_stage(broken("A", raises))


class Writes(Faces):
    """Writes where it may: outputs, temporary files, and what it keeps to itself."""

    def open(self, context: Context) -> None:
        import tempfile

        super().open(context)
        context.output("deep/out.txt").write_text("x")
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x")
        with open("/dev/null", "w") as null:  # noqa: PTH123
            null.write("x")


class Sometimes(Faces):
    """Leaves out every other frame."""

    def process(self, packet: Packet) -> Any:
        return None if packet.frame.index % 2 else super().process(packet)


@pytest.mark.parametrize("stage", [Faces, Tells, Writes, Sometimes])
def test_sound_plugins_pass(stage: type[Stage[Any]]) -> None:
    """Those that need faces get some."""
    check_stage(stage)


class LiveOptions(Options):
    """None."""


class Camera(Source[LiveOptions]):
    """A camera: its own pace, times of arrival, and a device that is waited for in `frames`."""

    Options = LiveOptions
    live = True

    def open(self, context: Context) -> None:
        super().open(context)
        self.stream = StreamInfo(context.name, "camera://0", live=True)

    def frames(self) -> Iterator[Packet]:
        self.context.alive("connecting")
        began, index = time.monotonic(), 0
        while not self.context.stop.wait(0.003):
            if not self.context.wanted(0.1):
                continue
            now = time.monotonic()
            frame = Frame(np.zeros((4, 4, 3), np.uint8), round((now - began) * 1e6), index, self.context.name)
            yield Packet(frame)
            index += 1


class LateLive(Camera):
    """Finds out in `open` that it is live."""

    live = False

    def open(self, context: Context) -> None:
        super().open(context)
        self.live = True


@pytest.mark.parametrize("source", [Camera, LateLive])
def test_a_correct_live_source_passes(source: type[Source[Any]]) -> None:
    check_stage(source)
    assert len(run_source(source(), limit=3)) == 3


@dataclass
class Fault:
    said: str
    changes: dict[str, Any]


def frames_of(*times: int, name: str | None = None) -> Any:
    def frames(self: Any) -> Iterable[Packet]:
        for index, moment in enumerate(times):
            yield make_packet(time=moment, index=index, source=name or self.context.name)

    return frames


SOURCES = {
    "time that stands": Fault("time went back from 5 to 5", {"frames": frames_of(5, 5)}),
    "time in seconds": Fault("whole number of microseconds", {"frames": frames_of(0.04)}),  # type: ignore[arg-type]
    "another name": Fault("returned a frame of 'me'", {"frames": frames_of(1, name="me")}),
    "nothing to iterate": Fault("returned ", {"frames": lambda self: None}),
    "numbers": Fault("returned an int", {"frames": lambda self: iter([1])}),
    "no frames": Fault("gave no packet", {"frames": lambda self: iter(())}),
    "no stream": Fault("did not set its stream", {"open": Stage.open}),
}


@pytest.mark.parametrize("case", SOURCES)
def test_broken_sources_are_found(case: str) -> None:
    fault = SOURCES[case]
    source = type("Broken", (Camera,), {"__doc__": "Is broken.", **fault.changes})
    with pytest.raises(AssertionError, match=fault.said):
        check_stage(source)


def test_stages_are_driven_by_the_engines_own_code(tmp_path: Path) -> None:
    """A stage that delays is matched with what it kept, and what it keeps for ever is left out."""

    class Late(Stage[Options]):
        delays = True

        def open(self, context: Context) -> None:
            super().open(context)
            self.kept: list[Packet] = []

        def process(self, packet: Packet) -> Any:
            self.kept.append(packet)
            return [self.kept.pop(0)] if len(self.kept) > 2 else ()

        def flush(self) -> Iterable[Packet]:
            return self.kept[:1]

    packets = [make_packet(time=moment) for moment in range(5)]
    assert [packet.time for packet in run_stage(Late(), packets, folder=tmp_path)] == [0, 1, 2, 3]

    def wrong(self: Any) -> Iterable[Packet]:
        return [make_packet(time=99)]

    with pytest.raises(
        AssertionError, match="failed in flush: returned a packet at 99 us that it does not hold"
    ):
        run_stage(type("Wrong", (Late,), {"flush": wrong})(), packets, folder=tmp_path)
