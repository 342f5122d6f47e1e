"""The files that every new package has."""

from __future__ import annotations

__all__ = ["FILES"]

_PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "ferpipe-$name"
version = "0.1.0"
description = "$summary"
readme = "README.md"
license = "MIT"
license-files = ["LICENSE"]
requires-python = ">=3.10"
dependencies = ["ferpipe>=$version", "numpy>=1.26", "pydantic>=2.9"]

[project.optional-dependencies]
dev = ["mypy>=1.13", "pytest>=8.3", "ruff>=0.8"]

# ferpipe finds the plugin by this line: the name on the left is what FERPIPE_PLUGINS allows.
[project.entry-points.ferpipe]
$name = "$module"

[tool.hatch.build.targets.wheel]
packages = ["$module"]

[tool.hatch.build]
dev-mode-dirs = ["."]

[tool.mypy]
strict = true
packages = ["$module", "tests"]

[tool.pytest.ini_options]
testpaths = ["tests"]

[tool.ruff]
line-length = 100
"""

_INIT = '''\
"""A plugin of ferpipe: the stage `$name`."""

from __future__ import annotations

from collections.abc import Mapping

from ferpipe import hookimpl


@hookimpl
def ferpipe_stages() -> Mapping[str, str]:
    """Name the stage; its module is imported when a pipeline uses it."""
    return {"$name": "$module.stage:$stage"}
'''

_README = """\
# ferpipe-$name

$summary A plugin for [ferpipe](https://pypi.org/project/ferpipe/).

```sh
pip install -e '.[dev]'
pytest
mypy
ferpipe plugins $name
```

In a pipeline:

```yaml
$pipeline
```
"""

_LICENSE = """\
MIT License

Copyright (c) $year The authors of ferpipe-$name

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

_GITIGNORE = """\
__pycache__/
*.egg-info/
.venv/
.mypy_cache/
.pytest_cache/
.ruff_cache/
build/
dist/
"""

_CI = """\
name: test
on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        python: ["3.10", "3.13"]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: $${{ matrix.python }}
      - run: pip install -e '.[dev]'
      - run: ruff check .
      - run: mypy
      - run: pytest
"""

FILES = {
    "pyproject.toml": _PYPROJECT,
    "README.md": _README,
    "LICENSE": _LICENSE,
    ".gitignore": _GITIGNORE,
    ".github/workflows/test.yml": _CI,
    "$module/__init__.py": _INIT,
    "$module/py.typed": "",
    "$module/stage.py": "$code",
    "tests/__init__.py": "",
    "tests/test_stage.py": "$tests",
}
"""Templates by path, both filled in with the words of the package."""
