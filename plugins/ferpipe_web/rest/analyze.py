"""A picture by REST."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ferpipe_web.errors import Refusal
from ferpipe_web.jobs.kinds import HEAD, kind_of
from ferpipe_web.rest.bodies import chunks, whole
from ferpipe_web.rest.multipart import FilePart, boundary_of
from ferpipe_web.server import server_of

__all__ = ["analyze"]

_FORMS = frozenset({".jpg", ".png", ".webp", ".bmp", ".tif"})


async def analyze(request: Request) -> Response:
    """The faces in a picture: the part `file` of a form, or the bare body."""
    server = server_of(request)
    limits = server.settings.limits
    boundary = boundary_of(request.headers.get("content-type", ""))
    if boundary is None:
        data = await whole(chunks(request, limits.picture, limits.idle), 3 * limits.idle)
    else:
        body = chunks(request, limits.picture + 64 * 1024, limits.idle)
        data = await whole(FilePart(boundary).chunks(body), 3 * limits.idle)
    if not data:
        raise Refusal(422, "the body is empty: send a picture")
    kind = kind_of(data[:HEAD])
    if kind is None or kind[1] not in _FORMS:
        raise Refusal(415, "this is no picture that is known here: send a JPEG, PNG, WebP, BMP or TIFF")
    return JSONResponse(await server.analyzer.analyze(data))
