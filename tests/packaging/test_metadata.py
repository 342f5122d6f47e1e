"""What pyproject.toml promises, and what is installed, agree; quick, nothing is built."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import EntryPoint, distribution, entry_points
from pathlib import Path
from typing import Any

import pytest

import ferpipe
from ferpipe.plugins import Registry

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "ferpipe", *sorted(ROOT.glob("plugins/ferpipe_*"))]
MODULE_OF = {"opencv-python": "cv2", "pyyaml": "yaml", "imageio-ffmpeg": "imageio_ffmpeg"}
"""Distributions whose module has another name."""


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_reported_once(pyproject: dict[str, Any]) -> None:
    assert pyproject["project"]["version"] == ferpipe.__version__ == distribution("ferpipe").version


def test_the_declared_pythons_are_those_of_the_readme(pyproject: dict[str, Any]) -> None:
    declared = re.findall(r"Python :: (3\.\d+)", "\n".join(pyproject["project"]["classifiers"]))
    assert declared == ["3.10", "3.11", "3.12", "3.13"]
    assert pyproject["project"]["requires-python"] == ">=3.10"
    assert "Python 3.10 to 3.13" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_first_party_package_is_found_and_packed(pyproject: dict[str, Any]) -> None:
    names = {path.name for path in PACKAGES}
    packed = {Path(path).name for path in pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    assert packed == names
    found = [*own_points("ferpipe"), *own_points("ferpipe.commands")]
    plugins = {point.value.partition(":")[0].partition(".")[0] for point in found}
    assert plugins == names - {"ferpipe", "ferpipe_networks"}  # a library of the others, not a plugin
    assert names <= set(pyproject["tool"]["mypy"]["packages"])
    assert names == set(pyproject["tool"]["importlinter"]["root_packages"])


def test_every_package_says_that_it_is_typed() -> None:
    assert [path.name for path in PACKAGES if not (path / "py.typed").is_file()] == []


def test_no_entry_point_is_broken() -> None:
    registry = Registry(allow=["ferpipe"])
    assert registry.broken() == ()
    for group in ("ferpipe", "ferpipe.commands", "console_scripts", "pytest11"):
        for point in own_points(group):
            point.load()


def own_points(group: str) -> list[EntryPoint]:
    points = entry_points(group=group)
    return [point for point in points if point.dist is not None and point.dist.name == "ferpipe"]


def test_every_import_is_declared(pyproject: dict[str, Any]) -> None:
    """What the code imports is the standard library, its own, or a declared distribution."""
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    optional = [name for extra, names in extras.items() if extra != "dev" for name in names]
    declared = [*project["dependencies"], *optional]
    modules = {MODULE_OF.get(name, name.replace("-", "_")) for name in map(_name, declared)}
    own = {path.name for path in PACKAGES}
    known = modules | own | set(sys.stdlib_module_names) | TOLERATED
    unknown = {f"{path.relative_to(ROOT)}: {name}" for path in sources() for name in imported(path) - known}
    assert unknown == set()


TOLERATED = {
    "pytest",  # ferpipe.testing is a pytest plugin: pytest is there where it runs
    "pandas",  # Timeline.to_pandas() works where pandas is
    "pydantic_core",  # comes with pydantic
    "typing_extensions",  # the same
    "h5py",  # comes with keras
    "torch",  # a backend of keras, where the user has chosen it
}


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _name(requirement: str) -> str:
    return re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0].lower()


def test_no_source_file_is_longer_than_a_reader_holds() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources()
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 310
    }
    assert long == {}
