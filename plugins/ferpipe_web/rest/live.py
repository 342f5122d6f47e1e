"""The live run by REST: state, commands, people, recordings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

import ferpipe
from ferpipe_web.errors import Refusal
from ferpipe_web.rest.bodies import json_body
from ferpipe_web.rest.models import MergeBody, NameBody, SplitBody, StartBody
from ferpipe_web.server import Server, server_of
from ferpipe_web.settings import Settings

__all__ = [
    "begin_recording",
    "end_recording",
    "live",
    "merge",
    "pipelines",
    "recording",
    "recording_file",
    "recordings",
    "rename",
    "sources",
    "split",
    "start",
    "state",
    "stop",
]

_KINDS = {"file": "file", "images": "pictures", "webcam": "camera", "rtsp": "stream"}


async def state(request: Request) -> Response:
    """Everything a page needs at its start."""
    server = server_of(request)
    limits = server.settings.limits
    return JSONResponse(
        {
            "version": ferpipe.__version__,
            "limits": {
                "upload": limits.upload,
                "picture": limits.picture,
                "pixels": limits.pixels,
                "cameras": limits.cameras,
                "viewers": limits.viewers,
                "jobs": limits.jobs,
            },
            "features": {
                "live": True,
                "camera": limits.cameras > 0,
                "jobs": limits.jobs > 0,
                "token": server.settings.token is not None,
            },
            "pipelines": _pipelines(server.settings),
            "sources": _sources(server),
            "live": server.live.state(),
        }
    )


async def pipelines(request: Request) -> Response:
    """The pipelines that may be run."""
    return JSONResponse({"pipelines": _pipelines(server_of(request).settings)})


async def sources(request: Request) -> Response:
    """The sources that may be chosen."""
    return JSONResponse({"sources": _sources(server_of(request))})


async def live(request: Request) -> Response:
    """The live run."""
    return JSONResponse(server_of(request).live.state())


async def start(request: Request) -> Response:
    """Start a run."""
    server = server_of(request)
    body = await json_body(request, StartBody, server.settings.limits)
    await server.live.start(body.pipeline, body.source)
    return JSONResponse(server.live.state())


async def stop(request: Request) -> Response:
    """End the run."""
    server = server_of(request)
    await server.live.stop()
    return JSONResponse(server.live.state())


async def begin_recording(request: Request) -> Response:
    """Begin a recording."""
    return JSONResponse(await server_of(request).live.record(), 201)


async def end_recording(request: Request) -> Response:
    """End the recording."""
    return JSONResponse(await server_of(request).live.finish_recording())


async def recordings(request: Request) -> Response:
    """All recordings."""
    return JSONResponse({"recordings": server_of(request).recordings.listed()})


async def recording(request: Request) -> Response:
    """One recording, or its removal."""
    found = server_of(request).recordings
    name = request.path_params["id"]
    if request.method == "DELETE":
        found.remove(name)
        return Response(status_code=204)
    return JSONResponse(found.get(name))


async def recording_file(request: Request) -> Response:
    """A file of a recording."""
    path = server_of(request).recordings.file(request.path_params["id"], request.path_params["file"])
    name = f"{request.path_params['id']}-{path.name}" if "download" in request.query_params else None
    return FileResponse(path, filename=name)


async def rename(request: Request) -> Response:
    """Name a person."""
    server = server_of(request)
    body = await json_body(request, NameBody, server.settings.limits)
    await server.live.ask(do="rename", track=_track(request), name=body.name)
    return JSONResponse(server.live.state())


async def merge(request: Request) -> Response:
    """Merge two tracks."""
    server = server_of(request)
    body = await json_body(request, MergeBody, server.settings.limits)
    await server.live.ask(do="merge", into=body.into, track=body.track)
    return JSONResponse(server.live.state())


async def split(request: Request) -> Response:
    """Undo a merge."""
    server = server_of(request)
    body = await json_body(request, SplitBody, server.settings.limits)
    await server.live.ask(do="split", track=body.track)
    return JSONResponse(server.live.state())


def _track(request: Request) -> int:
    text = str(request.path_params["track"])
    if not text.isdecimal() or len(text) > 15:
        raise Refusal(404, "there is no such person: see /api/live")
    return int(text)


def _pipelines(settings: Settings) -> list[dict[str, object]]:
    served = settings.served.name
    return [
        {"name": each.name, "title": each.title, "served": each.name == served}
        for each in settings.pipelines.values()
    ]


def _sources(server: Server) -> list[dict[str, object]]:
    named = {
        "pipeline": server.own_source,
        **{name: use for name, (use, _) in server.settings.sources.items()},
    }
    return [
        {"name": name, "kind": _KINDS.get(use, "other"), "live": use in ("webcam", "rtsp")}
        for name, use in named.items()
    ]
