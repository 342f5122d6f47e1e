"""What can be asked of the server: the source of the OpenAPI document and of the page /docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from ferpipe_web.rest import models as m

__all__ = ["OPERATIONS", "Operation"]

Kind = type[BaseModel] | str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address.

    answers: a model, a content type, or None for no body, by status.  body: a model, or the content type
    of a bare file, which may come as the part `file` of a form too.  open: needs no token.
    """

    method: Literal["get", "post", "put", "delete"]
    path: str
    name: str
    tag: str
    about: str
    answers: Mapping[int, Kind]
    errors: tuple[int, ...] = ()
    body: Kind = None
    parameters: tuple[Mapping[str, Any], ...] = field(default=())
    open: bool = False


def _in_path(name: str, about: str) -> Mapping[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": {"type": "string"}}


def _query(name: str, about: str, kind: str = "string") -> Mapping[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": {"type": kind}}


_ID = _in_path("id", "As the list gives it.")
_FILE = _in_path("file", "The name of a file.")
_DOWNLOAD = _query("download", "Any value: the file is to be saved, not shown.")
_JSON = (400, 408, 413, 415, 422)
_WIDTH = _query("width", "Width in pixels at which it is shown.", "integer")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        *("post", "/api/analyze", "analyze", "Pictures", "The faces in a picture."),
        {200: m.Analysis},
        (400, 408, 413, 415, 422, 429, 503),
        body="image/*",
    ),
    Operation(
        *("post", "/api/jobs", "createJob", "Files", "Upload a video or a picture; a job is made of it."),
        {201: m.JobAnswer},
        (400, 404, 408, 413, 415, 422, 429, 503, 507),
        body="application/octet-stream",
        parameters=(
            _query("name", "The name of the file."),
            _query("pipeline", "The pipeline it goes through. Default: the served one."),
            _query("video", "1: an annotated video, too."),
        ),
    ),
    Operation("get", "/api/jobs", "listJobs", "Files", "All jobs, the newest first.", {200: m.JobsAnswer}),
    Operation(
        *("get", "/api/jobs/{id}", "getJob", "Files", "One job, with its progress and its result."),
        {200: m.JobAnswer},
        (404,),
        parameters=(_ID,),
    ),
    Operation(
        *("delete", "/api/jobs/{id}", "deleteJob", "Files", "Cancel a job, or remove one that has ended."),
        {200: m.JobAnswer, 204: None},
        (404,),
        parameters=(_ID,),
    ),
    Operation(
        *("get", "/api/jobs/{id}/{file}", "getJobFile", "Files", "A file that a job has made."),
        {200: "application/octet-stream"},
        (404,),
        parameters=(_ID, _FILE, _DOWNLOAD),
    ),
    Operation("get", "/api/live", "getLive", "Live", "The state of the live run.", {200: m.LiveAnswer}),
    Operation(
        *("post", "/api/live/start", "startLive", "Live", "Start a run, or change its source."),
        {200: m.LiveAnswer},
        (*_JSON, 404),
        body=m.StartBody,
    ),
    Operation("post", "/api/live/stop", "stopLive", "Live", "End the run.", {200: m.LiveAnswer}),
    Operation(
        *("get", "/api/live/events", "liveEvents", "Live", "What happens, as server-sent events."),
        {200: "text/event-stream"},
        (503,),
        parameters=(_query("history", "Seconds of frames to begin with, at most 60.", "integer"),),
    ),
    Operation(
        *("get", "/api/live/picture.jpg", "livePicture", "Live", "The newest annotated picture."),
        {200: "image/jpeg"},
        (503,),
        parameters=(_WIDTH,),
    ),
    Operation(
        *("post", "/api/live/recording", "startRecording", "Recordings", "Begin a recording."),
        {201: m.RecordingAnswer},
        (409, 503, 507),
    ),
    Operation(
        *("delete", "/api/live/recording", "finishRecording", "Recordings", "End the recording."),
        {200: m.RecordingAnswer},
        (409,),
    ),
    Operation(
        *("get", "/api/recordings", "listRecordings", "Recordings", "All recordings, the newest first."),
        {200: m.RecordingsAnswer},
    ),
    Operation(
        *("get", "/api/recordings/{id}", "getRecording", "Recordings", "One recording."),
        {200: m.RecordingAnswer},
        (404,),
        parameters=(_ID,),
    ),
    Operation(
        *("delete", "/api/recordings/{id}", "deleteRecording", "Recordings", "Remove a recording."),
        {204: None},
        (404, 409),
        parameters=(_ID,),
    ),
    Operation(
        *("get", "/api/recordings/{id}/{file}", "getRecordingFile", "Recordings", "A file of a recording."),
        {200: "application/octet-stream"},
        (404,),
        parameters=(_ID, _FILE, _DOWNLOAD),
    ),
    Operation(
        *("put", "/api/people/{track}", "namePerson", "People", "Name a person, or take the name away."),
        {200: m.LiveAnswer},
        (*_JSON, 404, 409),
        body=m.NameBody,
        parameters=(_in_path("track", "The number of the person's track."),),
    ),
    Operation(
        *("post", "/api/people/merge", "mergePeople", "People", "Show one track as another one."),
        {200: m.LiveAnswer},
        (*_JSON, 404, 409),
        body=m.MergeBody,
    ),
    Operation(
        *("post", "/api/people/split", "splitPeople", "People", "Undo a merge."),
        {200: m.LiveAnswer},
        (*_JSON, 404, 409),
        body=m.SplitBody,
    ),
    Operation(
        *("get", "/api/state", "getState", "Server", "Everything a page needs at its start."),
        {200: m.StateAnswer},
    ),
    Operation(
        *("get", "/api/pipelines", "listPipelines", "Server", "The pipelines that may be run."),
        {200: m.PipelinesAnswer},
    ),
    Operation(
        *("get", "/api/sources", "listSources", "Server", "The sources that may be chosen."),
        {200: m.SourcesAnswer},
    ),
    Operation(
        *("post", "/api/login", "login", "Server", "Exchange the token for a cookie."),
        {204: None},
        (*_JSON, 401, 429),
        body=m.LoginBody,
        open=True,
    ),
    Operation(
        *("post", "/api/logout", "logout", "Server", "Forget the cookie."),
        {204: None},
        open=True,
    ),
    Operation(
        *("get", "/metrics", "metrics", "Server", "Figures in the text format of Prometheus."),
        {200: "text/plain"},
    ),
    Operation(
        *("get", "/healthz", "health", "Server", "Whether the server answers."),
        {200: "application/json"},
        open=True,
    ),
    Operation(
        *("get", "/readyz", "ready", "Server", "Whether the server takes requests."),
        {200: "application/json"},
        (503,),
        open=True,
    ),
)
