"""The rooms of the project: no import circle, and every plugin package is held by the contracts.

import-linter checks the contracts themselves (`make check`).
"""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(path.name for path in ROOT.glob("plugins/ferpipe_*"))
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
CONTRACTS = SETTINGS["importlinter"]["contracts"]


def contract(beginning: str) -> dict[str, list[str]]:
    (found,) = [each for each in CONTRACTS if each["name"].startswith(beginning)]
    return found


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("ferpipe", *PLUGINS, cache_dir=None)


def test_there_is_no_import_circle(graph: grimp.ImportGraph) -> None:
    """Imports inside functions and for type checkers count, and so do those of a package's own face."""
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"an import circle: {' <- '.join(error.args[1])}")


def test_a_circle_would_be_found(graph: grimp.ImportGraph) -> None:
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    imports["ferpipe.packet"] = {*imports["ferpipe.packet"], "ferpipe.run.worker"}
    with pytest.raises(CycleError):
        TopologicalSorter(imports).prepare()


@pytest.mark.parametrize(
    ("beginning", "key"),
    [
        ("no circles", "ancestors"),
        ("the engine knows", "forbidden_modules"),
        ("first-party plugins import", "source_modules"),
        ("first-party plugins know", "layers"),
    ],
)
def test_every_plugin_package_is_named_by_the_contracts(beginning: str, key: str) -> None:
    named = {name for line in contract(beginning)[key] for name in line.split(" | ")}
    assert set(PLUGINS) <= named


def test_the_public_modules_of_the_contract_are_those_of_the_documentation(graph: grimp.ImportGraph) -> None:
    allowed = contract("first-party plugins import")["ignore_imports"]
    public = {right for left, right in (line.split(" -> ") for line in allowed) if left == "**"}
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = page.split("## Public names")[1].split("##")[0]
    assert all(f"`{module}`" in named for module in public)
    assert public <= graph.modules
