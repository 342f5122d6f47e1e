"""The page /docs: every address, as plain HTML that needs no script and no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from http import HTTPStatus
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ferpipe_web.rest.openapi import document

__all__ = ["page", "reference", "style"]

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>ferpipe serve: the API</title><link rel="stylesheet" href="/docs.css"></head><body><main>
<h1>ferpipe serve: the API</h1>
<p>Version {version}. The same as <a href="/openapi.json">OpenAPI 3.1</a>; the live page is
<a href="/">here</a>.
Where a token is set, send it as <code>Authorization: Bearer TOKEN</code>. Every error is
<code>{{"error": "one line"}}</code>.</p>
"""


async def reference(_: Request) -> Response:
    """The page."""
    return HTMLResponse(page())


async def style(_: Request) -> Response:
    """Its style."""
    text = (resources.files("ferpipe_web") / "static" / "docs.css").read_bytes()
    return Response(text, media_type="text/css", headers={"cache-control": "no-cache"})


@cache
def page() -> str:
    """The whole page."""
    described = document()
    operations = [
        (path, method, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
    ]
    parts = [_HEAD.format(version=escape(described["info"]["version"]))]
    for tag in described["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>")
        parts += [_operation(*each) for each in operations if each[2]["tags"] == [tag["name"]]]
    parts.append("<h2>Bodies</h2>")
    parts += [_schema(name, schema) for name, schema in sorted(described["components"]["schemas"].items())]
    return "".join(parts) + "</main></body></html>"


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(each['name'])}</code></th><td>{escape(each['in'])}</td>"
        f"<td>{escape(each['description'])}</td></tr>"
        for each in operation.get("parameters", ())
    )
    body = "".join(_content("Body", operation["requestBody"]) if "requestBody" in operation else ())
    answers = "".join(
        f"<tr><th scope='row'>{status} {HTTPStatus(int(status)).phrase}</th>"
        f"<td>{escape(answer['description'])}</td><td>{''.join(_kinds(answer))}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    return (
        f'<details id="{operation["operationId"]}">'
        f'<summary><span class="method">{method.upper()}</span> '
        f"<code>{escape(path)}</code> <span class='about'>{escape(operation['summary'])}</span></summary>"
        "<div>"
        + (f"<h3>Parameters</h3><table>{rows}</table>" if rows else "")
        + body
        + f"<h3>Answers</h3><table>{answers}</table></div></details>"
    )


def _content(title: str, holder: dict[str, Any]) -> Iterator[str]:
    yield f"<h3>{title}</h3><p>{' or '.join(_kinds(holder))}</p>"


def _kinds(holder: dict[str, Any]) -> Iterator[str]:
    for kind, content in holder.get("content", {}).items():
        ref = content.get("schema", {}).get("$ref", "")
        name = ref.rpartition("/")[2]
        yield f'<a href="#{name}">{name}</a>' if name else f"<code>{escape(kind)}</code>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    text = json.dumps(schema, indent=2)
    return (
        f'<details id="{name}"><summary><code>{escape(name)}</code> '
        f"<span class='about'>{escape(schema.get('description', ''))}</span></summary>"
        f"<div><pre>{escape(text)}</pre></div></details>"
    )
