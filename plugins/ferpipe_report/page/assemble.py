"""One HTML file: the style, the modules, the data.  It asks for nothing from anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from ferpipe.resources import shipped

__all__ = ["MODULES", "assemble", "script"]

MODULES = (
    "format",
    "codec",
    "colour",
    "dom",
    "fold",
    "state",
    "data",
    "strip",
    "axis",
    "curves",
    "readings",
    "stack",
    "lanes",
    "rows",
    "pointer",
    "keyboard",
    "tables",
    "matrix",
    "video",
    "picture",
    "download",
    "views",
    "measures",
    "stretches",
    "across",
    "pipelines",
    "about",
    "main",
)
"""The page's modules (web/js, and those that pages share), each after those that it uses."""

_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
"""Omitted, as it is a tenth of the page; a test holds that no text of a module runs over lines."""

_COMMENT = re.compile(r"^[ \t]*/\*\*.*?\*/\n", re.MULTILINE | re.DOTALL)
"""Omitted for the same reason; it stands in the package."""

_EXPORT = re.compile(r"^export ", re.MULTILINE)

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'"
)


def assemble(data: Mapping[str, Any], blobs: Mapping[str, str]) -> str:
    """The page of `data` (see page/data.py) and the packed columns in `blobs`, by name."""
    inside = "\n".join(
        f'<script type="text/plain" id="{name}">{text}</script>' for name, text in blobs.items()
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(data['title'])}</title>\n<style>\n{_read('uplot/uPlot.min.css')}\n"
        f"{_read('base.css')}\n{_read('report.css')}</style>\n</head>\n<body>\n"
        "<noscript>This report draws its charts with JavaScript; allow it for this file.</noscript>\n"
        f'<script type="application/json" id="data">{_as_json(data)}</script>\n{inside}\n'
        f"<script>\n{_read('uplot/uPlot.iife.min.js')}\n</script>\n"
        f"<script>\n{script()}</script>\n</body>\n</html>\n"
    )


@cache
def script() -> str:
    """The modules as one script: ES modules with their imports and exports taken off."""
    parts = []
    for name in MODULES:
        text = _EXPORT.sub("", _IMPORT.sub("", _COMMENT.sub("", _read(f"js/{name}.js"))))
        parts.append(f"// {name}.js\n{_INDENT.sub('', text).strip()}\n")
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _read(name: str) -> str:
    own = resources.files("ferpipe_report").joinpath("web", *name.split("/"))
    return (own if own.is_file() else shipped("assets") / name).read_text("utf-8")


def _as_json(data: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
