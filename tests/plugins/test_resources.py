"""Shipped resources are found in a checkout and in a wheel; users' models where they expect them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ferpipe import UsageError, resources
from ferpipe.plugins import Registry


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


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, who may enter every folder."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without HOME and without an entry in passwd, as in `docker run --user 54321`."""

    def no_entry(_: object) -> None:
        raise KeyError

    for variable in ("HOME", "FERPIPE_MODELS", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", no_entry)


@pytest.mark.usefixtures("homeless")
def test_who_has_no_home_uses_what_is_shipped() -> None:
    assert resources.model_dirs() == (resources.shipped("models"),)
    with pytest.raises(UsageError, match="set FERPIPE_MODELS"):
        resources.user_models()
    with pytest.raises(UsageError, match="write the whole path"):
        resources.resolve("~/a.mp4")


def test_a_home_that_may_not_be_entered_is_omitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path / "home" / "models"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    (tmp_path / "home").chmod(0)
    with as_nobody():
        assert resources.model_dirs() == (resources.shipped("models"),)
    (tmp_path / "home").chmod(0o700)
    assert len(resources.model_dirs()) == 2


def test_the_folders_of_plugins_are_looked_through_once_they_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "kit.py").write_text(
        f"from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_models():\n"
        f"    return [{str(tmp_path / 'theirs')!r}]\n"
    )
    assert tmp_path / "theirs" not in resources.all_model_dirs()
    Registry(files=[tmp_path / "kit.py"], allow=[])
    assert tmp_path / "theirs" in resources.all_model_dirs()
