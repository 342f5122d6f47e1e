"""Plugins that are broken, or in each other's way, are lines, and the others still load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.plugins import GOOD, good, install, ours, write

from ferpipe import ConfigError, Options, Pipeline, Stage, UsageError
from ferpipe.cli import main
from ferpipe.plugins import Registry

BAD = {
    "syntax": ("def (:\n", "SyntaxError: "),
    "missing import": (
        "import no_such_library_xyz\n",
        "No module named 'no_such_library_xyz' (bad.py, line 1)",
    ),
    "raises": ("x = 1\nraise RuntimeError('boom')\n", "RuntimeError: boom (bad.py, line 2)"),
    "exits": ("import sys\nsys.exit(3)\n", "SystemExit: 3 (bad.py, line 2)"),
    "raises at the root": (
        "class Mine(BaseException): pass\nraise Mine('gone')\n",
        "Mine: gone (bad.py, line 2)",
    ),
    "has no text": (
        "class Mine(Exception):\n    def __str__(self): return 1 / 0\nraise Mine\n",
        "Mine: its text raises ZeroDivisionError (bad.py, line 3)",
    ),
    "hook raises at the root": (
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_stages():\n    raise GeneratorExit('no')\n",
        "GeneratorExit: no (bad.py, line 4)",
    ),
    "hook gives what cannot be shown": (
        (
            "from ferpipe import hookimpl\nclass Odd:\n    def __repr__(self): return 1 / 0\n"
            "@hookimpl\ndef ferpipe_stages():\n    return Odd()\n"
        ),
        "ferpipe_stages returned a Odd that cannot be shown",
    ),
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


def test_a_missing_file_is_raised_to_the_caller(tmp_path: Path) -> None:
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


KINDS = {
    "needs = 'faces'": "Odd.needs is 'faces', not a frozenset of names",
    "gives = ('x',)": "Odd.gives is ('x',), not a frozenset of names",
    "gives = frozenset({1})": "Odd.gives is frozenset({1}), not a frozenset of names",
    "needs = None": "Odd.needs is None, not a frozenset of names",
}


@pytest.mark.parametrize("kinds", KINDS)
def test_kinds_that_are_no_sets_of_names_are_a_line(
    kinds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Letters of 'faces' are no kinds; and the other stages' pipelines still run."""
    text = f"""
        from ferpipe import Stage, hookimpl

        class Odd(Stage):
            {kinds}

        @hookimpl
        def ferpipe_stages():
            return {{"odd": Odd}}
    """
    path = write(tmp_path / "odd.py", text)
    (entry,) = (entry for entry in Registry(files=[path]).entries() if entry.name == "odd")
    assert KINDS[kinds] in str(entry.error)
    pipeline = write(tmp_path / "p.yaml", f"version: 1\nplugins: [{path}]\nstages: [odd]\n")
    assert main(["validate", str(pipeline)]) == 2
    assert KINDS[kinds] in capsys.readouterr().err
    pipeline.write_text(f"version: 1\nplugins: [{path}]\nstages: [{{use: file, with: {{path: a}}}}, track]\n")
    assert main(["validate", str(pipeline)]) == 2
    said = capsys.readouterr().err
    assert "internal error" not in said
    assert "track: needs faces" in said


def test_a_contract_of_letters_is_a_line(tmp_path: Path) -> None:
    class Odd(Stage[Options]):
        @classmethod
        def contract(cls, options: Any) -> Any:
            return "faces", ("x",)

    with pytest.raises(ConfigError, match="needs is 'faces', not a set of names"):
        Pipeline.of(("file", {"path": "a"}), Odd())


MALFORMED = {
    "a line without =": "[ferpipe]\njust words\n",
    "no section": "a = b\n",
    "bytes": b"[ferpipe]\n\xff\xfe = x\n",
    "nonsense": "[ferpipe]\nodd = not a module : at all !\n",
    "a section unended": "[ferpipe\nodd = odd\n",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_entry_points_of_anybody_are_a_line(
    case: str, site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = site / "malformed-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: malformed\nVersion: 1.0\n")
    text = MALFORMED[case]
    (info / "entry_points.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    install(site, "ferpipe-fine", "fine_one", GOOD.format(stage="fine", name="Fine"))
    registry = Registry()
    assert {"file", "fine"} <= set(registry.names())
    assert all(line.startswith("malformed") for line in ours(registry))
    for arguments in (["plugins"], ["doctor"], ["--help"]):
        main(arguments)
        said = "".join(capsys.readouterr())
        assert "internal error" not in said
        assert "Traceback" not in said


def test_metadata_without_a_name_hides_no_plugin(site: Path) -> None:
    info = site / "nameless-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\n")
    write(info / "entry_points.txt", "[ferpipe]\nnameless = nameless_one\n")
    write(site / "nameless_one.py", GOOD.format(stage="nameless", name="Nameless"))
    assert {"file", "nameless"} <= set(Registry().names())


def test_a_plugin_that_gives_paths_that_are_none_is_a_line(tmp_path: Path) -> None:
    odd = write(
        tmp_path / "odd.py",
        "from ferpipe import hookimpl\n@hookimpl\ndef ferpipe_models():\n    return [3, '/a']\n",
    )
    registry = Registry(files=[odd], allow=[])
    assert registry.model_dirs()[-1] == Path("/a")
    assert ours(registry) == [f"{odd}: ferpipe_models returned 3, not the path of a folder"]
