"""Shipped resources are found in a checkout and in a wheel; users' models where they expect them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe import UsageError, resources


def test_a_checkout_finds_them_beside_the_package() -> None:
    root = Path(resources.__file__).parent.parent
    assert resources.shipped("pipelines") == root / "pipelines"
    assert resources.shipped("samples").is_dir()


def test_a_wheel_finds_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_shipped").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    assert resources.shipped("models") == tmp_path / "_shipped" / "models"


def test_a_shipped_path_is_looked_up() -> None:
    assert resources.resolve("ferpipe:samples/demo.mp4") == resources.shipped("samples") / "demo.mp4"
    assert resources.resolve("ferpipe:models") == resources.shipped("models")


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert resources.resolve("~/a.mp4") == Path("/home/ada/a.mp4")


@pytest.mark.parametrize("path", ["a.mp4", "/tmp/a.mp4", "../a.mp4", "rtsp.mp4"])
def test_other_paths_stay_as_given(path: str) -> None:
    assert resources.resolve(path) == Path(path)
    assert resources.resolve(Path(path)) == Path(path)


@pytest.mark.parametrize("path", ["ferpipe:sample/demo.mp4", "ferpipe:", "ferpipe:../etc"])
def test_an_unknown_folder_is_named_with_the_choices(path: str) -> None:
    with pytest.raises(UsageError, match=r"'ferpipe:samples/'"):
        resources.resolve(path)


@pytest.mark.parametrize("path", ["ferpipe:samples/../../etc/passwd", "ferpipe:samples//etc/passwd"])
def test_a_shipped_path_cannot_lead_out(path: str) -> None:
    with pytest.raises(UsageError, match="leads out"):
        resources.resolve(path)


def test_the_users_models_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FERPIPE_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert resources.user_models() == tmp_path / "ferpipe" / "models"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert resources.user_models() == tmp_path / "home" / ".local" / "share" / "ferpipe" / "models"
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path / "mine"))
    assert resources.model_dirs() == (tmp_path / "mine", resources.shipped("models"))
