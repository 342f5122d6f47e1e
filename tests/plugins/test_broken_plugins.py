"""Plugins that are broken, or in each other's way, are lines, and the others still load."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.plugins import GOOD, good, install, ours, write

from ferpipe import UsageError
from ferpipe.plugins import Registry

BAD = {
    "syntax": ("def (:\n", "SyntaxError: "),
    "missing import": (
        "import no_such_library_xyz\n",
        "No module named 'no_such_library_xyz' (bad.py, line 1)",
    ),
    "raises": ("x = 1\nraise RuntimeError('boom')\n", "RuntimeError: boom (bad.py, line 2)"),
    "exits": ("import sys\nsys.exit(3)\n", "SystemExit: 3 (bad.py, line 2)"),
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
        "Argument(s) {'more'}",
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


def test_a_name_given_twice_keeps_the_first_and_names_both(tmp_path: Path) -> None:
    one = good(tmp_path / "one.py", "blur", "One")
    two = good(tmp_path / "two.py", "blur", "Two")
    registry = Registry(files=[one, two])
    assert registry.stage("blur").__name__ == "One"
    assert ours(registry) == [f"{two}: stage 'blur' is already given by {one}: rename it"]


def test_a_stage_of_ferpipes_own_cannot_be_taken(site: Path) -> None:
    install(site, "aaa-first", "aaa_first", GOOD.format(stage="file", name="Mine"))
    registry = Registry()
    assert registry.origin("file").startswith("ferpipe ")
    (line,) = ours(registry)
    assert line.startswith("aaa-first 1.0: stage 'file' is already given by ferpipe ")
