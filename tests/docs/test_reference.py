"""The pages that are made from the code are those of today, and nothing is left without words."""

from __future__ import annotations

import re
from collections.abc import Callable

import click
import pytest
from docs_pages import ROOT, fields, is_sentence
from pydantic import BaseModel

import ferpipe
from docs.reference.__main__ import PAGES, main
from docs.reference.api import MODULES, Entry, api_page, entries
from docs.reference.commands import commands
from docs.reference.hooks import hooks
from docs.reference.stages import ROOMS, stages
from ferpipe.cli._group import VERBS
from ferpipe.config.document import OnError, PipelineKeys, Run, StageKeys
from ferpipe.models import Model
from ferpipe.plugins.describe import describe
from ferpipe_train.training.recipe import Recipe

COMMANDS = dict(commands())
STAGES = stages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says(name: str) -> None:
    path = (ROOT / "docs" / name).resolve()
    assert path.read_text(encoding="utf-8") == PAGES[name](), f"{path.name} is out of date: run 'make docs'"


def test_a_page_that_is_out_of_date_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newer: Callable[[], str] = lambda: PAGES["hooks.md"]() + "more"  # noqa: E731
    monkeypatch.setattr("docs.reference.__main__.PAGES", {"hooks.md": newer})
    assert main(["--check"]) == 1
    assert "hooks.md is out of date" in capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_have_words(name: str) -> None:
    command = COMMANDS[name]
    assert (command.help or "").split("\n\n")[0].strip().endswith(".")
    silent = [p.opts for p in command.params if isinstance(p, click.Option) and not (p.help or "").strip()]
    assert silent == []
    loose = [p.opts for p in command.params if isinstance(p, click.Option) and not is_sentence(p.help)]
    assert loose == [], "the help of an option is a sentence"
    assert [word for word in arguments(command) if word not in (command.help or "")] == []


def arguments(command: click.Command) -> list[str]:
    """The names that the usage line shows and the help must explain; a choice explains itself."""
    return [
        (param.metavar or param.name or "").upper().rstrip(".")
        for param in command.params
        if isinstance(param, click.Argument) and not isinstance(param.type, click.Choice)
    ]


def test_every_verb_is_looked_at() -> None:
    assert {f"ferpipe {verb}" for verb in VERBS} | {
        "ferpipe plugin new",
        "ferpipe models pull",
    } <= COMMANDS.keys()


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_and_its_options_have_words(name: str) -> None:
    stage = STAGES[name]
    told = describe(stage)
    assert told.summary.endswith(".")
    loose = [name for name, field in fields(stage.Options) if not is_sentence(field.description)]
    assert loose == [], "the description of an option is a sentence"
    assert stage.__module__.split(".")[0] in ROOMS


def test_every_stage_of_the_issue_is_looked_at() -> None:
    names = "file images webcam rtsp blazeface yunet haar track align litert keras smooth"
    assert {*names.split(), "overlay", "video", "timeline", "window", "stream", "null"} <= STAGES.keys()


@pytest.mark.parametrize("model", [PipelineKeys, StageKeys, Run, OnError])
def test_a_key_of_a_pipeline_has_words(model: type[BaseModel]) -> None:
    assert [name for name, field in model.model_fields.items() if not is_sentence(field.description)] == []


@pytest.mark.parametrize("model", [Recipe, Model])
def test_what_is_said_of_a_field_of_a_recipe_or_a_side_file_is_a_sentence(model: type[BaseModel]) -> None:
    said = {name: field.description for name, field in fields(model) if field.description}
    assert [name for name, text in said.items() if not is_sentence(text)] == []


def test_what_is_no_sentence_is_noticed() -> None:
    for text in (None, "", "the file to write", "The file", "... for this long.", "The file to write"):
        assert not is_sentence(text)
    for text in ("The file to write.", "`fail` ends the run.", "Write the page. Default: NAME.html."):
        assert is_sentence(text)


@pytest.mark.parametrize("name", hooks())
def test_a_hook_has_words_and_is_in_the_tutorial(name: str) -> None:
    assert len(hooks()[name].__doc__ or "") > 20
    for page in ("hooks.md", "plugins.md"):
        assert re.search(rf"\b{name}\b", (ROOT / "docs" / page).read_text(encoding="utf-8"))


def entry(module: str, name: str) -> Entry:
    return next(each for each in entries(module) if each.name == name)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_words(module: str) -> None:
    silent = [each.name for each in entries(module) if not each.doc]
    silent += [part.name for each in entries(module) for part in each.parts if not part.doc]
    assert silent == []


def test_a_public_name_without_words_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ferpipe.Check, "__doc__", None)
    monkeypatch.setattr(ferpipe.Face.replace, "__doc__", None)
    assert entry("ferpipe", "Check").doc == ""
    assert [part.name for part in entry("ferpipe", "Face").parts if not part.doc] == ["Face.replace"]


def test_the_page_of_the_api_has_every_public_name() -> None:
    page = api_page()
    heads = set(re.findall("^### (.*)$", page, re.MULTILINE))
    for module in MODULES:
        assert {each.name for each in entries(module)} <= heads
    assert set(ferpipe.__all__) <= heads
    assert not [line for line in page.splitlines() if " object at 0x" in line]


def test_the_public_modules_are_those_of_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    promised = text.split("## Public names")[1].split("the command")[0]
    assert set(re.findall(r"`(ferpipe(?:\.\w+)?)`", promised)) == set(MODULES)


def test_signatures_are_those_of_the_source() -> None:
    code = entry("ferpipe", "stage").code
    assert "from_: str | Sequence[str] | None = None" in code
    assert "\n    *,\n" in code
    assert entry("ferpipe", "Box").code.splitlines()[:2] == ["class Box(NamedTuple):", "    x: float"]
