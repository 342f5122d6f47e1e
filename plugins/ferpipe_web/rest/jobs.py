"""Uploads and jobs by REST."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from ferpipe_web.errors import Refusal
from ferpipe_web.ids import is_id
from ferpipe_web.jobs.kinds import HEAD, kind_of, shown_name
from ferpipe_web.jobs.store import FILES, now
from ferpipe_web.manifests import is_plain, not_stored
from ferpipe_web.rest.bodies import chunks
from ferpipe_web.rest.multipart import FilePart, boundary_of
from ferpipe_web.server import Server, server_of

__all__ = ["job", "job_file", "jobs", "upload"]

_SPARE = 256 * 1024**2
"""Bytes of the disk that uploads leave free."""
_REPORT_POLICY = (
    "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


async def upload(request: Request) -> Response:
    """Take a file, and queue what is to be done with it."""
    server = server_of(request)
    query = request.query_params
    pipeline = query.get("pipeline") or server.settings.served.name
    if pipeline not in server.settings.pipelines:
        raise Refusal(404, f"there is no pipeline '{shown_name(pipeline)}' here: see /api/pipelines")
    server.jobs.admit()
    boundary = boundary_of(request.headers.get("content-type", ""))
    try:
        name, folder = server.jobs.store.begin()
    except OSError as error:
        raise not_stored(error) from None
    server.jobs.uploads += 1
    try:
        part = FilePart(boundary) if boundary is not None else None
        kind, stored, size = await _store(server, request, part, folder)
        made = {
            "id": name,
            "name": shown_name(query.get("name") or (part.name if part is not None else None)),
            "size": size,
            "pipeline": pipeline,
            "state": "queued",
            "step": None,
            "progress": None,
            "created": now(),
            "started": None,
            "finished": None,
            "error": None,
            "upload": stored,
            "kind": kind,
            "tries": 0,
            "video": kind == "video" and query.get("video", "") in ("1", "true"),
        }
        shown = server.jobs.add(made)
    except OSError as error:
        server.jobs.store.remove(name)
        raise not_stored(error) from None
    except BaseException:
        server.jobs.store.remove(name)
        raise
    finally:
        server.jobs.uploads -= 1
    return JSONResponse(shown, 201, {"Location": f"/api/jobs/{name}"})


async def _store(
    server: Server, request: Request, part: FilePart | None, folder: Path
) -> tuple[str, str, int]:
    """Write the file as it comes; its kind, its name here, and its size.  Raises Refusal, OSError."""
    limits = server.settings.limits
    _has_room(request, folder)
    body: AsyncIterator[bytes] = chunks(request, limits.upload + (64 * 1024 if part else 0), limits.idle)
    if part is not None:
        body = part.chunks(body)
    path, size, head = folder / "upload", 0, b""
    loop = asyncio.get_running_loop()
    with path.open("wb") as file:
        async with aclosing(body) as parts:  # type: ignore[type-var]
            async for chunk in parts:
                if len(head) < HEAD:
                    head += chunk[:HEAD]
                    if len(head) >= HEAD and kind_of(head) is None:
                        raise _no_kind()
                size += len(chunk)
                await loop.run_in_executor(None, file.write, chunk)
    if not size:
        raise Refusal(422, "the body is empty: send a video or a picture")
    kind = kind_of(head)
    if kind is None:
        raise _no_kind()
    stored = f"upload{kind[1]}"
    path.rename(folder / stored)
    return kind[0], stored, size


def _no_kind() -> Refusal:
    return Refusal(415, "the file is neither a video nor a picture that is known here")


def _has_room(request: Request, folder: Path) -> None:
    declared = request.headers.get("content-length", "")
    needed = int(declared) if declared.isdigit() else 0
    if shutil.disk_usage(folder).free < needed + _SPARE:
        raise Refusal(507, "the disk of the server has no room for this file")


async def jobs(request: Request) -> Response:
    """All jobs."""
    return JSONResponse({"jobs": server_of(request).jobs.listed()})


async def job(request: Request) -> Response:
    """One job; or its cancellation or removal."""
    server, name = server_of(request), request.path_params["id"]
    if request.method == "DELETE":
        cancelled = server.jobs.delete(name)
        return Response(status_code=204) if cancelled is None else JSONResponse(cancelled)
    return JSONResponse(server.jobs.get(name))


async def job_file(request: Request) -> Response:
    """A file that a job has made; the report comes in a sandbox, for it holds what an upload said."""
    server, name, file = server_of(request), request.path_params["id"], request.path_params["file"]
    done = is_id(name) and server.jobs.get(name)["state"] == "done"
    if not done or file not in FILES:
        raise Refusal(404, "there is no such file: see /api/jobs")
    path = server.jobs.store.folder(name) / file
    if not is_plain(path):
        raise Refusal(404, "there is no such file: see /api/jobs")
    shown = f"{name}-{file}" if "download" in request.query_params else None
    answer = FileResponse(path, filename=shown)
    if file == "report.html":
        answer.headers["content-security-policy"] = _REPORT_POLICY
    return answer
