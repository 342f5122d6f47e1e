"""The page that says where things happen names files that exist, and what they define."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "where.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .*\? \| `(.+)` \| `(.+)` \|$", PAGE, re.MULTILINE)


def test_there_are_ten_questions_at_least() -> None:
    assert len(ROWS) >= 10


@pytest.mark.parametrize(("file", "name"), ROWS)
def test_the_file_defines_the_name(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert name in defined
