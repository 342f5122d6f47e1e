"""The pages and their snippets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("benchmarks/*.md")),
    *sorted(ROOT.glob("samples/**/*.md")),
]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """A fenced block of a page; `line` is that of its first line."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def is_sentence(text: str | None) -> bool:
    """Whether a description is a sentence: a capital or a name in code first, a full stop last."""
    words = (text or "").split()
    begins = bool(words) and (words[0][0].isupper() or words[0].startswith(("`", "--")))
    return begins and len(words) > 2 and words[-1].endswith(".") and "..." not in (words[0], words[-1])


def fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a model and of the models in it, by their dotted names."""
    for name, field in model.model_fields.items():
        yield name, field
        for part in _models_in(field.annotation):
            yield from ((f"{name}.{below}", inner) for below, inner in fields(part))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models_in(part)


def snippets(*languages: str) -> list[Snippet]:
    """The blocks of all pages in one of the languages."""
    return [snippet for page in PAGES for snippet in _of(page) if snippet.language in languages]


def _of(page: Path) -> list[Snippet]:
    text = page.read_text(encoding="utf-8")
    return [
        Snippet(page, text[: match.start()].count("\n") + 2, match[1], match[2])
        for match in _BLOCK.finditer(text)
    ]
