"""Discovery: installed plugins and plugin files, and what they offer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.plugins import GOOD, good, install, ours, write

from ferpipe import Stage, __version__
from ferpipe.plugins import Registry


def test_an_installed_plugin_is_found(site: Path) -> None:
    install(site, "ferpipe-found", "found_one", GOOD.format(stage="found", name="Found"), "2.3")
    registry = Registry()
    assert "found" in registry.names()
    assert registry.origin("found") == "ferpipe-found 2.3"
    stage = registry.stage("found")
    assert issubclass(stage, Stage)
    assert stage.__name__ == "Found"
    assert ours(registry) == []


def test_ferpipes_own_stages_come_through_the_same_door_and_first(site: Path) -> None:
    install(site, "aaa-first", "aaa_first", GOOD.format(stage="early", name="Early"))
    registry = Registry()
    assert registry.plugins()[:2] == (f"ferpipe {__version__}", "aaa-first 1.0")
    assert registry.origin("file") == f"ferpipe {__version__}"
    assert Registry(allow=["aaa_first"]).names() == ("early",)


def test_a_file_is_loaded_and_leaves_no_cache_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = good(tmp_path / "blur.py")
    registry = Registry(files=[path])
    assert registry.stage("blur").__name__ == "Blur"
    assert registry.origin("blur") == str(path)
    assert [child.name for child in tmp_path.iterdir()] == ["blur.py"]


def test_two_files_of_one_stem_do_not_clash(tmp_path: Path) -> None:
    one = good(tmp_path / "a" / "blur.py", "one", "One")
    two = good(tmp_path / "b" / "blur.py", "two", "Two")
    registry = Registry(files=[one, two])
    assert registry.stage("one").__name__ == "One"
    assert registry.stage("two").__name__ == "Two"
    assert registry.stage("one").__module__ != registry.stage("two").__module__
    assert ours(registry) == []


def test_a_file_named_twice_loads_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good(tmp_path / "blur.py")
    monkeypatch.chdir(tmp_path)
    registry = Registry(files=["./blur.py", tmp_path / "blur.py"])
    assert registry.origin("blur") == "./blur.py"
    assert ours(registry) == []


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = good(tmp_path / "blur.py", "one", "One")
    Registry(files=[path])
    good(path, "two", "Two")
    assert "two" in Registry(files=[path]).names()


def test_options_with_postponed_annotations_work_in_a_file(tmp_path: Path) -> None:
    text = """
        from __future__ import annotations
        from ferpipe import Options, Stage, hookimpl

        class Size(Options):
            width: int = 3

        class Blur(Stage[Options]):
            class Options(Options):
                size: Size = Size()

        @hookimpl
        def ferpipe_stages():
            return {"blur": Blur}
    """
    stage = Registry(files=[write(tmp_path / "blur.py", text)]).stage("blur")
    assert stage.Options.model_validate({"size": {"width": 5}}).size.width == 5  # type: ignore[attr-defined]


def test_an_unknown_stage_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Registry().stage("no-such-stage")


def test_names_import_no_stage(site: Path) -> None:
    write(site / "heavy_stage_xyz.py", GOOD.format(stage="x", name="Heavy"))
    text = (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stages():\n"
        "    return {'heavy': 'heavy_stage_xyz:Heavy'}\n"
    )
    install(site, "ferpipe-heavy", "heavy_plugin", text)
    registry = Registry()
    assert "heavy" in registry.names()
    assert "heavy_stage_xyz" not in sys.modules
    assert registry.stage("heavy").__name__ == "Heavy"


def test_a_shipped_pipeline_cannot_be_shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferpipe import resources

    shipped = write(tmp_path / "shipped" / "demo.yaml", "version: 1\n").parent
    theirs = write(tmp_path / "theirs" / "demo.yaml", "version: 1\n").parent
    monkeypatch.setattr(resources, "shipped", lambda kind: shipped)
    text = f"""
        from ferpipe import hookimpl

        @hookimpl(tryfirst=True)
        def ferpipe_pipelines():
            return [{str(theirs)!r}]
    """
    registry = Registry(files=[write(tmp_path / "plugin.py", text)], allow=[])
    assert dict(registry.pipelines()) == {"demo": shipped / "demo.yaml"}


def test_models_are_sought_with_the_user_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path / "mine"))
    text = """
        from ferpipe import hookimpl

        @hookimpl
        def ferpipe_models():
            return ["/theirs", "/theirs"]
    """
    dirs = Registry(files=[write(tmp_path / "plugin.py", text)], allow=[]).model_dirs()
    assert dirs[0] == tmp_path / "mine"
    assert dirs[-1] == Path("/theirs")
    assert len(dirs) == len(set(dirs))


def test_hooks_run_in_the_order_of_loading_unless_they_ask_for_another(tmp_path: Path) -> None:
    text = """
        from ferpipe import hookimpl

        @hookimpl({how})
        def ferpipe_models():
            return [{name!r}]
    """
    hows = {"one": "", "two": "tryfirst=True", "three": "trylast=True"}
    files = [write(tmp_path / f"{name}.py", text.format(how=how, name=name)) for name, how in hows.items()]
    given = [item for _, item in Registry(files=files, allow=[]).each("ferpipe_models")]
    assert given == ["two", "one", "three"]


def test_finding_plugins_imports_nothing_heavy(site: Path) -> None:
    code = (
        "import sys; from ferpipe.plugins import Registry; print('file' in Registry().names(), "
        "[m for m in ('pydantic', 'numpy', 'cv2', 'av', 'tensorflow', 'rich') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True []"
