"""A new plugin package: one file, one class, one hook, and a test that passes."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from string import Template

from ferpipe.errors import UsageError
from ferpipe.plugins import Registry

__all__ = ["scaffold"]

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KINDS = frozenset({"frame", "faces", "tracks", "emotions", "smoothed", "marks", "canvas"})


def scaffold(name: str, into: Path) -> Path:
    """Write the package `ferpipe-NAME` into a new folder below `into`, and give that folder.

    Raises UsageError for a name that cannot be a distribution's, that is taken by an installed
    stage or module, and where the folder exists or cannot be written.
    """
    stem = name.removeprefix("ferpipe-")
    _check(stem, name)
    folder = into / f"ferpipe-{stem}"
    words = {
        "name": stem,
        "module": f"ferpipe_{stem.replace('-', '_')}",
        "stage": "".join(part.capitalize() for part in stem.split("-")),
        "kind": stem.replace("-", "_"),
        "version": version("ferpipe"),
    }
    try:
        folder.mkdir(parents=True)
        for path, text in _FILES.items():
            target = folder / Template(path).substitute(words)
            target.parent.mkdir(exist_ok=True)
            target.write_text(Template(text).substitute(words), encoding="utf-8")
    except FileExistsError as error:
        raise UsageError(f"{folder} exists already: choose another name, or --into another folder") from error
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror}") from error
    return folder


def _check(stem: str, name: str) -> None:
    if not _NAME.fullmatch(stem):
        raise UsageError(
            f"'{name}' cannot be a plugin's name: use small letters, digits and single hyphens, "
            "beginning with a letter"
        )
    if stem in _KINDS:
        raise UsageError(
            f"'{stem}' is the name of a kind that ferpipe's own stages give: choose another name"
        )
    registry = Registry()
    if stem in registry.names():
        raise UsageError(
            f"the stage '{stem}' is already given by {registry.origin(stem)}: choose another name"
        )
    module = f"ferpipe_{stem.replace('-', '_')}"
    if find_spec(module) is not None:
        raise UsageError(f"the module '{module}' is installed already: choose another name")


_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "ferpipe-$name"
version = "0.1.0"
description = "A stage for ferpipe."
readme = "README.md"
requires-python = ">=3.10"
dependencies = ["ferpipe>=$version"]

[project.optional-dependencies]
dev = ["pytest"]

# ferpipe finds the plugin by this line: the name on the left is what FERPIPE_PLUGINS allows.
[project.entry-points.ferpipe]
$name = "$module"

[tool.hatch.build.targets.wheel]
only-include = ["$module.py"]

[tool.hatch.build]
dev-mode-dirs = ["."]
"""

_MODULE = '''\
"""A ferpipe plugin: the stage `$name`."""

from ferpipe import Options, Packet, Stage, hookimpl
from pydantic import Field


class ${stage}Options(Options):
    """What a pipeline may write under `with:`."""

    step: int = Field(4, ge=1, description="Look at every so many pixels.")


class $stage(Stage[${stage}Options]):
    """Measures how bright each picture is, from 0 (black) to 1 (white)."""

    Options = ${stage}Options
    needs = frozenset({"frame"})
    gives = frozenset({"$kind"})

    def process(self, packet: Packet) -> Packet:
        """Add the brightness; the packet itself is shared and never changed."""
        pixels = packet.frame.image[:: self.options.step, :: self.options.step]
        return packet.replace($kind=float(pixels.mean()) / 255)


@hookimpl
def ferpipe_stages():
    """Tell ferpipe the stage's name."""
    return {"$name": $stage}
'''

_TEST = '''\
"""The stage `$name`, run on pictures made here."""

import numpy as np
import pytest
from ferpipe.plugins import Registry
from ferpipe.testing import check_stage, make_packet, run_stage

from $module import $stage


def test_it_keeps_the_contract():
    check_stage($stage)


@pytest.mark.parametrize(("value", "brightness"), [(0, 0.0), (51, 0.2), (255, 1.0)])
def test_it_measures_brightness(value, brightness, tmp_path):
    picture = np.full((48, 64, 3), value, np.uint8)
    (packet,) = run_stage($stage(), [make_packet(picture)], folder=tmp_path)
    assert packet.data["$kind"] == pytest.approx(brightness)


def test_ferpipe_finds_it_once_installed():
    registry = Registry()
    assert "$name" in registry.names(), "install the package first: pip install -e ."
    assert registry.stage("$name") is $stage
'''

_README = """\
# ferpipe-$name

The stage `$name` for [ferpipe](https://pypi.org/project/ferpipe/).

```sh
pip install -e '.[dev]'
pytest
ferpipe plugins $name
```

In a pipeline:

```yaml
stages:
  - use: file
    with: {path: video.mp4}
  - use: $name
    with: {step: 2}
```
"""

_FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "$module.py": _MODULE,
    "tests/test_$module.py": _TEST,
}
