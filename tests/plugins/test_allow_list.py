"""Which installed plugins are imported: those that `FERPIPE_PLUGINS` names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.plugins import GOOD, good, install

from ferpipe.plugins import Registry


def test_the_allow_list_leaves_the_rest_unimported(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ferpipe-yes", "plugin_yes", GOOD.format(stage="yes", name="Yes"))
    install(site, "ferpipe-no", "plugin_no_xyz", GOOD.format(stage="no", name="No"))
    monkeypatch.setenv("FERPIPE_PLUGINS", "plugin_yes, ")
    registry = Registry()
    assert registry.names() == ("yes",)
    assert "plugin_no_xyz" not in sys.modules
    assert "plugin_no_xyz (ferpipe-no 1.0)" in registry.left_out()


def test_the_allow_list_takes_distributions_and_an_argument_wins(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "ferpipe-dist", "plugin_dist", GOOD.format(stage="dist", name="Dist"))
    monkeypatch.setenv("FERPIPE_PLUGINS", "")
    assert Registry().names() == ()
    assert Registry(allow=["ferpipe-dist"]).names() == ("dist",)


def test_the_allow_list_does_not_hold_for_named_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERPIPE_PLUGINS", "")
    assert Registry(files=[good(tmp_path / "blur.py")]).names() == ("blur",)


def test_a_misspelt_name_in_the_allow_list_is_a_line() -> None:
    lines = [str(line) for line in Registry(allow=["sourcse"]).broken()]
    assert lines == ["FERPIPE_PLUGINS: allows 'sourcse', which is not installed"]


def test_what_is_omitted_or_broken_is_not_in_use(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "ferpipe-no", "plugin_no_xyz", GOOD.format(stage="no", name="No"))
    install(site, "ferpipe-sick", "plugin_sick", "1 / 0")
    monkeypatch.setenv("FERPIPE_PLUGINS", "plugin_sick,nonesuch")
    unused = Registry().unused()
    assert "ferpipe-sick 1.0 (plugin_sick)" in unused
    assert "plugin_no_xyz (ferpipe-no 1.0)" in unused
    assert not any("FERPIPE_PLUGINS" in name for name in unused)
