"""What the sdist and the wheel hold."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

NEEDED = [
    "ferpipe/py.typed",
    "ferpipe_sources/py.typed",
    "ferpipe_faces/py.typed",
    "ferpipe_geometry/py.typed",
    "ferpipe_networks/py.typed",
    "ferpipe_emotion/py.typed",
    "ferpipe_sinks/py.typed",
    "ferpipe_train/py.typed",
    "ferpipe_report/py.typed",
    "ferpipe_batch/py.typed",
    "ferpipe_web/page/index.html",
    "ferpipe_web/page/js/main.js",
    "ferpipe_report/web/report.css",
    "ferpipe_report/web/js/main.js",
    "ferpipe/_shipped/assets/uplot/LICENSE",
    "ferpipe/timeline/timeline-1.schema.json",
    "ferpipe/timeline/timeline-2.schema.json",
    "ferpipe/_shipped/pipelines/schema.json",
    "ferpipe/_shipped/samples/demo.mp4",
    "ferpipe/_shipped/models/base.tflite",
    "ferpipe/_shipped/models/base.json",
    "ferpipe/_shipped/models/large.tflite",
    "ferpipe/_shipped/models/large.json",
    "ferpipe/_shipped/models/blazeface/LICENSE",
    "ferpipe/_shipped/models/face_mesh/LICENSE",
]


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_what_is_needed(wheel: Path) -> None:
    assert set(NEEDED) <= names(wheel)
    licences = {Path(name).name for name in names(wheel) if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_the_wheel_holds_every_shipped_file_as_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = [
            path for kind in ("pipelines", "models", "samples", "assets") for path in files(ROOT / kind)
        ]
        assert len(shipped) > 15
        for path in shipped:
            assert archive.read(f"ferpipe/_shipped/{path.relative_to(ROOT)}") == path.read_bytes()


def files(folder: Path) -> list[Path]:
    """All but what Python, pytest, mypy and ruff keep there for themselves."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and not any("cache" in part for part in path.relative_to(folder).parts)
    ]


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in names(wheel)}
    rooms = "sources faces geometry emotion networks sinks train report web batch"
    plugins = {f"ferpipe_{name}" for name in rooms.split()}
    expected = {"ferpipe", "ferpipe_start.py", *plugins}
    assert {top for top in tops if not top.endswith(".dist-info")} == expected
    assert not [name for name in names(wheel) if "_cache" in name or name.endswith((".pyc", ".part"))]


def test_the_wheel_stays_below_what_a_download_may_cost(wheel: Path) -> None:
    assert wheel.stat().st_size < 60e6


def test_the_sdist_holds_the_tests_and_the_docs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        found = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {
        "Makefile",
        "README.md",
        "LICENSE",
        "NOTICE",
        "CHANGELOG.md",
        "tests/conftest.py",
        "docs/guide.md",
    } <= found
