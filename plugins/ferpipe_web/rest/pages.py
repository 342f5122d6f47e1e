"""The page and its files, the report's modules that it shares, health, and the login."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ferpipe.resources import shipped
from ferpipe_web.errors import Refusal
from ferpipe_web.guard import COOKIE, cookie_of
from ferpipe_web.rest.bodies import json_body
from ferpipe_web.rest.models import LoginBody
from ferpipe_web.server import server_of

__all__ = ["assets", "health", "index", "login", "logout", "page", "ready"]

PAGE = Path(__file__).parents[1] / "page"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "json": "application/json",
    "webmanifest": "application/manifest+json",
}
DELAY = 0.2
"""Seconds that the answer to a wrong token takes."""
_PATH = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")


async def index(request: Request) -> Response:
    """The page."""
    return _file(request, PAGE, "index.html")


async def page(request: Request) -> Response:
    """A file of the page."""
    return _file(request, PAGE, request.path_params["path"])


async def assets(request: Request) -> Response:
    """A module or style that the pages of ferpipe share, such as uPlot."""
    return _file(request, shipped("assets"), request.path_params["path"])


async def health(_: Request) -> Response:
    """Whether the server answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether the server takes requests."""
    if not server_of(request).ready:
        raise Refusal(503, "the server starts or ends", retry=2)
    return JSONResponse({"status": "ok"})


async def login(request: Request) -> Response:
    """Take the token, and give the cookie that stands for it."""
    server = server_of(request)
    token = server.settings.token
    body = await json_body(request, LoginBody, server.settings.limits)
    client = request.client.host if request.client is not None else ""
    if not server.logins.allow(client):
        raise Refusal(429, "too many wrong tokens; wait a minute", retry=60)
    if token is not None and not _equal(body.token, token):
        server.logins.count(client)
        await asyncio.sleep(DELAY)
        raise Refusal(401, "the token is wrong: take the one that the server printed")
    answer = Response(status_code=204)
    if token is not None:
        answer.set_cookie(
            COOKIE, cookie_of(token), httponly=True, samesite="strict", secure=request.url.scheme == "https"
        )
    return answer


async def logout(_: Request) -> Response:
    """Forget the cookie."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _equal(given: str, wanted: str) -> bool:
    import hmac

    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())


def _file(request: Request, folder: Path, path: str) -> Response:
    """A file below a folder.  Raises Refusal for anything else than a plain name below the folder."""
    kind = _TYPES.get(path.rpartition(".")[2])
    if kind is None or not _PATH.fullmatch(path):
        raise Refusal(404, "there is nothing at this address")
    file = folder / path
    if not file.is_file():
        raise Refusal(404, "there is nothing at this address")
    data = file.read_bytes()
    tag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=kind, headers=headers)
