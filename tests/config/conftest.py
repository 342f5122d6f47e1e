"""A small registry of real stages, and a pipeline that is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from pydantic import Field, field_validator

from ferpipe import ConfigError, Options, Source, Stage, UsageError
from ferpipe.config import Definition, loads


class Camera(Source):
    """Frames of a camera,
    as they come.

    More about it.
    """

    class Options(Options):
        path: str = Field(description="The file or address to read.")
        size: tuple[int, int] | None = Field(None, description="Width and height.")
        device: int | str = 0
        rate: float = Field(25.0, gt=0, le=240)
        loop: bool = False


class Detect(Stage):
    """Finds faces."""

    needs = frozenset({"frame"})
    gives = frozenset({"faces"})

    class Options(Options):
        model: Literal["short", "full"] = "full"
        every: int = Field(1, ge=1)


class Track(Stage):
    """Follows faces."""

    needs = frozenset({"faces"})
    gives = frozenset({"tracks"})


class Style(Options):
    width: int = 2
    colour: str = Field("white", pattern="^[a-z]+$", description="A word.")


class Write(Stage):
    """Writes a file."""

    class Options(Options):
        path: str = "out.json"
        style: Style = Style()
        labels: tuple[str, ...] = ()
        names: dict[int, str] = Field(default_factory=dict)

        @field_validator("path")
        @classmethod
        def _has_suffix(cls, path: str) -> str:
            if "." not in path:
                raise ValueError(f"cannot tell the format of '{path}': end it in .json or .csv")
            return path


class Null(Stage):
    """Takes everything and does nothing."""


class Entry(NamedTuple):
    name: str
    stage: type[Stage[Any]] | None


class SmallRegistry:
    def __init__(self) -> None:
        self.classes: dict[str, type[Stage[Any]]] = {
            "camera": Camera,
            "detect": Detect,
            "track": Track,
            "write": Write,
            "null": Null,
        }
        self.files: list[Path] = []
        self.idle: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        return (*self.classes, "broken")

    def stage(self, name: str) -> type[Stage[Any]]:
        if name == "broken":
            raise UsageError("the stage 'broken' cannot be imported: no module named 'x'")
        return self.classes[name]

    def entries(self) -> tuple[Entry, ...]:
        return (*(Entry(name, cls) for name, cls in self.classes.items()), Entry("broken", None))

    def unused(self) -> tuple[str, ...]:
        return self.idle

    def add_file(self, path: Path) -> str | None:
        if not path.is_file():
            return f"there is no plugin file '{path.name}'"
        self.files.append(path)
        self.classes[path.stem] = Null
        return None


@pytest.fixture
def registry() -> SmallRegistry:
    return SmallRegistry()


@pytest.fixture
def build(registry: SmallRegistry) -> Callable[..., Definition]:
    def build(text: str, **options: Any) -> Definition:
        options = {"env": {}, "file": "p.yaml", "registry": registry, **options}
        return loads(text, **options)

    return build


@pytest.fixture
def mistakes(build: Callable[..., Definition]) -> Callable[..., list[str]]:
    def mistakes(text: str, **options: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            build(text, **options)
        return [str(problem) for problem in caught.value.problems]

    return mistakes


@pytest.fixture
def good() -> str:
    return GOOD


GOOD = """\
version: 1
name: demo
run: {executor: inline, queue: 4}
stages:
  - use: camera
    name: cam
    with: {path: clip.mp4, size: [640, 480]}
  - detect
  - use: track
    on_error: {action: skip, budget: 10}
    timeout: 5
  - use: write
    on_error: pass
    with:
      style: {width: 3}
"""
