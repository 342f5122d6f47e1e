"""Discovery: entry points, plugin files, the allow-list, and plugins that are broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from ferpipe import Stage, UsageError
from ferpipe.plugins import Registry

GOOD = """
    from ferpipe import Options, Stage, hookimpl

    class {name}(Stage[Options]):
        'Does nothing.'
        def process(self, packet):
            return packet

    @hookimpl
    def ferpipe_stages():
        return {{"{stage}": {name}}}
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


def good(path: Path, stage: str = "blur", name: str = "Blur") -> Path:
    return write(path, GOOD.format(stage=stage, name=name))


def install(site: Path, name: str, module: str, text: str, version: str = "1.0") -> None:
    """Lay a distribution down as pip does: a module, METADATA and entry_points.txt."""
    write(site / f"{module}.py", text)
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    write(info / "entry_points.txt", f"[ferpipe]\n{module} = {module}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delenv("FERPIPE_PLUGINS", raising=False)
    return folder


def ours(registry: Registry) -> list[str]:
    """What went wrong outside ferpipe's own plugins."""
    return [str(line) for line in registry.broken() if not line.origin.startswith("ferpipe ")]


def test_an_installed_plugin_is_found(site: Path) -> None:
    install(site, "ferpipe-found", "found_one", GOOD.format(stage="found", name="Found"), "2.3")
    registry = Registry()
    assert "found" in registry.names()
    assert registry.origin("found") == "ferpipe-found 2.3"
    stage = registry.stage("found")
    assert issubclass(stage, Stage)
    assert stage.__name__ == "Found"
    assert ours(registry) == []


def test_ferpipes_own_stages_come_through_the_same_door() -> None:
    origins = Registry().plugins()
    assert origins[:1] == ("ferpipe 0.1.0",)


def test_a_stage_of_ferpipes_own_cannot_be_taken(site: Path) -> None:
    install(site, "aaa-first", "aaa_first", GOOD.format(stage="file", name="Mine"))
    registry = Registry()
    assert registry.origin("file").startswith("ferpipe ")
    (line,) = ours(registry)
    assert line.startswith("aaa-first 1.0: stage 'file' is already given by ferpipe ")


def test_a_file_is_loaded_and_leaves_no_cache_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = good(tmp_path / "blur.py")
    registry = Registry(files=[path])
    assert registry.stage("blur")().process.__name__ == "process"
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


BAD = {
    "syntax": ("def (:\n", "SyntaxError"),
    "missing import": (
        "import no_such_library_xyz\n",
        "No module named 'no_such_library_xyz' (bad.py, line 1)",
    ),
    "raises": ("x = 1\nraise RuntimeError('boom')\n", "RuntimeError: boom (bad.py, line 2)"),
    "exits": ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
    "no hook": ("x = 1\n", "it has no hook"),
    "misspelt hook": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stage():\n    return {}\n",
        "did you mean 'ferpipe_stages'",
    ),
    "strange hook": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_zzz():\n    return {}\n",
        "the hooks are ferpipe_stages",
    ),
    "wrong signature": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stages(more):\n    return {}\n",
        "more",
    ),
    "hook raises": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stages():\n    return 1 / 0\n",
        "ZeroDivisionError: division by zero (bad.py, line 4)",
    ),
    "hook gives a list": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stages():\n    return ['blur']\n",
        "not a mapping",
    ),
    "hook gives nothing": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stages():\n    pass\n",
        "not a mapping",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_broken_file_is_a_line_and_the_others_still_load(case: str, tmp_path: Path) -> None:
    text, expected = BAD[case]
    bad = write(tmp_path / "bad.py", text)
    registry = Registry(files=[bad, good(tmp_path / "blur.py")])
    assert "blur" in registry.names()
    (line,) = ours(registry)
    assert line.startswith(f"{bad}: ")
    assert expected in line
    assert "\n" not in line


def test_a_broken_installed_plugin_is_a_line(site: Path) -> None:
    install(site, "ferpipe-gone", "gone_one", "import no_such_library_xyz\n")
    (line,) = ours(Registry())
    assert line.startswith("ferpipe-gone 1.0 (gone_one): ModuleNotFoundError")


def test_a_missing_file_is_told_to_the_caller(tmp_path: Path) -> None:
    problem = Registry().add_file(tmp_path / "nowhere.py")
    assert problem is not None
    assert "no such file" in str(problem)


def test_a_half_broken_plugin_leaves_no_hook_behind(tmp_path: Path) -> None:
    text = """
        from ferpipe import hookimpl

        @hookimpl
        def ferpipe_stages():
            raise OSError("no")

        @hookimpl
        def ferpipe_models():
            return ["/models"]
    """
    registry = Registry(files=[write(tmp_path / "half.py", text)])
    assert "/models" not in [item for _, item in registry.each("ferpipe_models")]


def test_an_unknown_stage_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Registry().stage("no-such-stage")


REFERENCES = {
    "no_such_module_xyz:Blur": "ModuleNotFoundError",
    "json:Blur": "no attribute 'Blur'",
    "json.JSONDecoder": "not of the form 'package.module:Class'",
    "json:JSONDecoder": "not a subclass of ferpipe.Stage",
    "json:dumps": "not a subclass of ferpipe.Stage",
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_stage_that_cannot_be_loaded_names_plugin_and_cause(reference: str, tmp_path: Path) -> None:
    text = f"""
        from ferpipe import hookimpl

        @hookimpl
        def ferpipe_stages():
            return {{"lazy": "{reference}"}}
    """
    path = write(tmp_path / "lazy.py", text)
    registry = Registry(files=[path])
    assert "lazy" in registry.names()
    with pytest.raises(UsageError) as caught:
        registry.stage("lazy")
    assert f"stage 'lazy' of {path} cannot be loaded" in str(caught.value)
    assert REFERENCES[reference] in str(caught.value)
    (entry,) = (entry for entry in registry.entries() if entry.name == "lazy")
    assert entry.stage is None
    assert REFERENCES[reference] in str(entry.error)


def test_names_import_no_stage(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_name_given_twice_keeps_the_first_and_names_both(tmp_path: Path) -> None:
    one = good(tmp_path / "one.py", "blur", "One")
    two = good(tmp_path / "two.py", "blur", "Two")
    registry = Registry(files=[one, two])
    assert registry.stage("blur").__name__ == "One"
    assert ours(registry) == [f"{two}: stage 'blur' is already given by {one}: rename it"]


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


def test_a_hook_that_raises_spoils_no_other(tmp_path: Path) -> None:
    hooks = """
        from pathlib import Path
        from ferpipe import hookimpl

        @hookimpl
        def ferpipe_pipelines():
            {body}
    """
    write(tmp_path / "ready" / "blurred.yaml", "version: 1\n")
    one = write(tmp_path / "one.py", hooks.format(body="yield 1 / 0"))
    two = write(tmp_path / "two.py", hooks.format(body=f"return [Path({str(tmp_path / 'ready')!r})]"))
    registry = Registry(files=[one, two], allow=[])
    assert registry.pipelines()["blurred"] == tmp_path / "ready" / "blurred.yaml"
    (line,) = ours(registry)
    assert line.startswith(f"{one}: ferpipe_pipelines failed: ZeroDivisionError")


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


def test_hooks_run_in_the_order_of_loading(tmp_path: Path) -> None:
    text = """
        from ferpipe import hookimpl

        @hookimpl({how})
        def ferpipe_models():
            return [{name!r}]
    """
    hows = {"one": "", "two": "tryfirst=True", "three": "trylast=True"}
    files = [write(tmp_path / f"{name}.py", text.format(how=how, name=name)) for name, how in hows.items()]
    given = [item for _, item in Registry(files=files, allow=[]).each("ferpipe_models")]
    assert given == ["one", "two", "three"]


def test_finding_plugins_imports_nothing_heavy() -> None:
    code = (
        "import sys; from ferpipe.plugins import Registry; Registry().names(); "
        "print([m for m in ('pydantic', 'numpy', 'cv2', 'av', 'tensorflow', 'rich') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
