"""Faces and their expressions in two lines of Python, and the chains of stages behind it."""

from __future__ import annotations

import atexit
import os
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from ferpipe.errors import FerpipeError, UsageError, remedy
from ferpipe.packet import Face, Image
from ferpipe.pictures import Color, as_image
from ferpipe.pipeline import Item, Pipeline, Session
from ferpipe.stages import Source, Stage
from ferpipe.text import did_you_mean, listing

if TYPE_CHECKING:
    from ferpipe.plugins import Registry
    from ferpipe.timeline import Timeline

__all__ = ["analyze", "analyze_video", "chain", "is_still", "source_of"]

STILLS = frozenset(
    ".avif .bmp .dib .exr .hdr .heic .heif .hif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif "  # noqa: SIM905
    ".tiff .webp".split()
)
_CLASSIFIERS = {".keras": "keras", ".h5": "keras", ".hdf5": "keras", ".onnx": "onnx"}
"""The stage that runs a model of that ending; the others, and names, are LiteRT's."""
_KEPT = 4
"""Sets of networks that stay open; one is some 40 MB."""

Picture = str | os.PathLike[str] | Any
"""The path of a picture, an array of uint8 or a `PIL.Image`; see `ferpipe.as_image`."""
Detector = str | tuple[str, Mapping[str, Any]]


@overload
def analyze(  # type: ignore[overload-overlap]  # a str is an Iterable too
    pictures: str | os.PathLike[str] | np.ndarray[Any, Any],
    *,
    detector: Detector = ...,
    model: str = ...,
    color: Color = ...,
) -> list[Face]: ...
@overload
def analyze(
    pictures: Iterable[Picture], *, detector: Detector = ..., model: str = ..., color: Color = ...
) -> list[list[Face]]: ...
def analyze(
    pictures: Any, *, detector: Detector = "blazeface", model: str = "base", color: Color = "bgr"
) -> list[Face] | list[list[Face]]:
    """The faces in a picture, each with its expression; for several pictures a list for each of them.

    pictures: the path of a picture, an array of uint8 ((H, W, 3), (H, W, 4) or grey (H, W)), a
        `PIL.Image`; or a list of these.
    detector: the name of an installed face detector, or a (name, options) pair.
    model: the expression network, a name or a file.
    color: the order of an array's channels: "bgr", as OpenCV has it, or "rgb".

    The networks are loaded by the first call and kept for the following ones.  Each picture is
    looked at by itself, so that nothing depends on those before it.  Any thread may call.

        for face in ferpipe.analyze("photo.jpg"):
            print(face.box, face.emotion.label, max(face.emotion.probabilities))

    Raises UsageError for a picture that does not exist or cannot be read, and for a wrong array;
    ConfigError for a detector or an option that does not exist.
    """
    if _is_single(pictures):
        image = _read(pictures, color)
        return _warm.faces(image, detector, model)
    if not isinstance(pictures, Iterable):
        raise UsageError(
            f"expected a path, an array, a PIL.Image or a list of them, found a {type(pictures).__name__}"
        )
    return [_warm.faces(_read(picture, color), detector, model) for picture in pictures]


def analyze_video(
    video: str | os.PathLike[str], *, detector: Detector = "blazeface", model: str = "base", every: int = 1
) -> Timeline:
    """The timeline of a video file, of a picture, or of a folder of pictures.

    It is what `ferpipe timeline` writes: `frames` hold every frame's faces, `tracks` who looked how for
    how long, `to_pandas()` makes a table.

    every: faces are looked for in every n-th frame; the tracker carries them over the others.
    The other arguments are as for `analyze`.

    Raises UsageError for a file that does not exist or is no video, ConfigError for a wrong option, and
    StageError where a stage fails.
    """
    from ferpipe import timeline
    from ferpipe.plugins import Registry

    path = os.fspath(video)
    if "://" in path:
        raise UsageError(
            f"{path} is an address: download it, or iterate over a Pipeline where the stream has no end"
        )
    with TemporaryDirectory(prefix="ferpipe-") as folder:
        target = Path(folder) / "timeline.json"
        check_detector(_name_of(detector), Registry(), every)
        Pipeline.of(*chain(path, detector, model, every), ("timeline", {"path": target})).run()
        return timeline.load(target)


def chain(path: str | list[str], detector: Detector, model: str, every: int = 1) -> list[Item]:
    """Source, detector, tracker, aligner, classifier and smoother; fewer for stills.

    path: what a user names, or the pictures of a list.
    Raises UsageError where `path` does not exist.
    """
    if isinstance(path, list) or is_still(path):
        # Pictures have no time between them: nobody is followed, nothing is smoothed, all are looked at.
        return [source_of(path), *faces_of(detector, model)]
    name, options = (detector, {}) if isinstance(detector, str) else detector
    first, *rest = faces_of((name, {**options, "every": every} if every > 1 else options), model)
    return [source_of(path), first, "track", *rest, "smooth"]


def check_detector(name: str, registry: Registry, every: int = 1) -> None:
    """Raises UsageError where the stage `name` is not a face detector, or takes no `every`."""
    try:
        stage = registry.stage(name)
    except KeyError:
        stage = None
    if stage is None or not _detects(stage):
        known = detectors_of(registry)
        hint = did_you_mean(name, known) or f"the installed ones are {listing(known, 'and')}"
        raise UsageError(f"'{name}' is not a face detector: {hint}")
    if every > 1 and "every" not in stage.Options.model_fields:
        hint = remedy("leave --every out", "leave every out")
        raise UsageError(f"the detector '{name}' processes every frame and has no option 'every': {hint}")


def detectors_of(registry: Registry) -> list[str]:
    """The names of the stages that find faces by themselves."""
    return [entry.name for entry in registry.entries() if entry.stage is not None and _detects(entry.stage)]


def _detects(stage: type[Stage[Any]]) -> bool:
    return "faces" in stage.gives and "faces" not in stage.needs and not issubclass(stage, Source)


def faces_of(detector: Detector, model: str) -> list[Item]:
    """Detector, aligner and classifier."""
    return [detector, "align", (_CLASSIFIERS.get(Path(model).suffix, "litert"), {"model": model})]


def is_still(path: str) -> bool:
    """Whether `path` names a picture, a folder or a pattern of pictures."""
    given = Path(path)
    return given.suffix.lower() in STILLS or given.is_dir() or is_pattern(path)


def is_pattern(path: str) -> bool:
    """Whether `path` is a pattern rather than a file whose name has such characters."""
    return any(c in path for c in "*?[") and not Path(path).exists()


def source_of(path: str | list[str]) -> tuple[str, dict[str, Any]]:
    """The source stage for what a user names: a video, pictures, or a stream."""
    if isinstance(path, list):
        return "images", {"path": path}
    if "://" in path:
        return "rtsp", {"url": path}
    if is_still(path):
        return "images", {"path": path}
    if not Path(path).exists():
        raise UsageError(f"{path} does not exist: give a video, a picture, a folder of pictures or a URL")
    return "file", {"path": path}


def _name_of(detector: Detector) -> str:
    return detector if isinstance(detector, str) else detector[0]


def _is_single(pictures: Any) -> bool:
    is_path = isinstance(pictures, str | os.PathLike)
    return is_path or isinstance(pictures, np.ndarray) or type(pictures).__module__.startswith("PIL.")


def _read(picture: Any, color: Color) -> Image:
    if isinstance(picture, str | os.PathLike):
        return _warm.read(os.fspath(picture))
    return as_image(picture, color)


class _Warm:
    """Sessions that stay open from call to call, the least recently used one goes first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._images: Any = None

    def faces(self, image: Image, detector: Detector, model: str) -> list[Face]:
        key = repr((detector, model))
        with self._lock:
            session = self._sessions.pop(key, None)
            if session is None or session.ended:
                check_detector(_name_of(detector), self._registry(), 1)
                session = Pipeline.of(*faces_of(detector, model)).session()
            # Marked as cut off from the picture before, or a detector might follow faces from there.
            packet = session.process(image, discontinuity=True, name="picture")
            self._sessions[key] = session
            spare = self._sessions.popitem(last=False)[1] if len(self._sessions) > _KEPT else None
            if spare is not None:
                spare.close()
        return list(packet.faces) if packet is not None else []

    def read(self, path: str) -> Image:
        """The picture in a file, by the stage that reads pictures in a pipeline."""
        from ferpipe.testing.context import TestContext

        if self._images is None:
            self._images = self._registry().stage("images")
        source = self._images(self._images.Options(path=path, unreadable="fail"))
        source.open(TestContext(Path()))
        try:
            frames = [packet.frame.image for packet in islice(source.frames(), 2)]
        finally:
            source.close()
        if len(frames) != 1:
            raise UsageError(
                f"{path} is {source.stream.frames or 'several'} pictures: give a list of their paths"
            )
        image: Image = frames[0]
        return image

    @staticmethod
    def _registry() -> Registry:
        from ferpipe.plugins import Registry

        return Registry()

    def close(self) -> None:
        while self._sessions:
            with suppress(FerpipeError):
                self._sessions.popitem()[1].close()


_warm = _Warm()
atexit.register(lambda: _warm.close())  # noqa: PLW0108 -- the one of this process, after a fork too


def _start_cold() -> None:
    """A forked child has none of the threads that its parent's sessions run in."""
    global _warm  # noqa: PLW0603 -- the old lock may be held by a thread that the child does not have
    _warm = _Warm()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_cold)
