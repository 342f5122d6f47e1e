"""What the pages show works: pipelines are proven, commands exist, Python runs, links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import cv2
import pytest
import yaml
from docs_pages import PAGES, ROOT, Snippet, snippets
from skimage import data

from docs.reference.stages import stages
from ferpipe.cli._group import cli
from ferpipe.config import loads
from ferpipe.plugins import Registry

STAGES = stages()
MAKE = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
OTHERS = {"pip", "pytest", "git", "cd", "python", "apt-get", "sudo", "npm"}
"""Programs that a page may name and that are not looked into."""


@pytest.mark.parametrize("snippet", snippets("yaml"), ids=str)
def test_a_pipeline_can_be_proven(snippet: Snippet) -> None:
    document = yaml.safe_load(snippet.text)
    if isinstance(document, list):
        for entry in document:
            name, options = (entry, {}) if isinstance(entry, str) else (entry["use"], entry.get("with", {}))
            STAGES[name].Options.model_validate(options)
    elif "stages" in document and "plugins" not in document:  # the tutorial's plugins have tests of their own
        beside = [*snippet.page.parent.glob("ferpipe_*.py")]  # a sample plugin proves its own page
        assert loads(snippet.text, env={}, registry=Registry(files=beside)).graph.nodes


@pytest.mark.parametrize("snippet", snippets("sh", "bash", "console"), ids=str)
def test_a_command_exists_with_these_options(snippet: Snippet) -> None:
    for line in snippet.text.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if words[:1] == ["ferpipe"]:
            parse(cli, "ferpipe", words[1:])
        elif words[:1] == ["make"]:
            assert [word for word in words[1:] if "=" not in word and word not in MAKE] == [], line
        elif words:
            assert words[0] in OTHERS, line


def parse(command: click.Command, name: str, words: list[str], parent: click.Context | None = None) -> None:
    """Take `words` as the command line would, without running anything; raises where they are refused."""
    context = command.make_context(name, list(words), parent=parent)
    if isinstance(command, click.Group) and (rest := [*context._protected_args, *context.args]):
        verb, below, left = command.resolve_command(context, rest)
        assert below is not None
        parse(below, verb or "", left, context)


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(click.UsageError, match="no command 'annotat'"):
        parse(cli, "ferpipe", ["annotat", "talk.mp4"])
    with pytest.raises(click.NoSuchOption):
        parse(cli, "ferpipe", ["annotate", "talk.mp4", "--blurr"])


@pytest.mark.parametrize("snippet", snippets("python"), ids=str)
def test_python_can_be_read(snippet: Snippet) -> None:
    compile(snippet.text, str(snippet), "exec")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/guide.md", "docs/python.md"])
def test_python_runs(page: str, tmp_path: Path) -> None:
    """The blocks of a page, one after the other, beside a film and its timeline."""
    shutil.copy(ROOT / "samples" / "demo.mp4", tmp_path / "talk.mp4")
    timeline(tmp_path)
    cv2.imwrite(str(tmp_path / "photo.jpg"), data.astronaut()[:, :, ::-1])
    text = "\n".join(snippet.text for snippet in snippets("python") if snippet.page == ROOT / page)
    text = text.replace('"timeline.path=talk.json"', '"timeline.path=talk.json", "run.overwrite=true"')
    assert text.count("import") >= 1
    (tmp_path / "page.py").write_text(text, encoding="utf-8")
    done = run([sys.executable, "page.py"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 2


def timeline(folder: Path) -> None:
    done = run([sys.executable, "-m", "ferpipe", "timeline", "talk.mp4", "-o", "talk.json", "-q"], folder)
    assert done.returncode == 0, done.stderr


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    leave = {"VIDEO", "FERPIPE_PLUGINS"}
    environment = {name: value for name, value in os.environ.items() if name not in leave}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_of_the_docs_is_linked_from_somewhere() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    }
    pages = {*ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/0*.md")}
    assert {page.name for page in pages if page.resolve() not in linked} == set()
