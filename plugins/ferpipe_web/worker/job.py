"""A job: an uploaded file through a pipeline, into a timeline, a video where wanted, and a report."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferpipe import Pipeline, RunError
from ferpipe.timeline import load
from ferpipe_web.chains import read, still_chain, with_outputs
from ferpipe_web.worker.channel import Channel
from ferpipe_web.worker.wording import public

__all__ = ["JobWorker"]

_TICK = 0.5
_NICE = 5
_EMBED = 64 * 1024**2
"""Bytes of a video that the report takes in; a larger one is only there to download."""


class JobWorker:
    """Works in `folder` on `upload`; `still` says that it is a picture, `video` that one is wanted.

    A message a half second says how far it is.  The process ends with the job, or with the server.
    """

    def __init__(self, channel: Channel, config: dict[str, Any]) -> None:
        self._channel = channel
        self._config = config
        self._folder = Path(config["folder"])

    def serve(self) -> None:
        """Do the job."""
        with suppress(OSError):
            os.nice(_NICE)  # who looks at the live page comes first
        threading.Thread(target=self._end_with_server, name="server", daemon=True).start()
        self._analyse()
        self._say("reporting", None)
        self._report()
        self._channel.write({"type": "done", "summary": self._summary()})

    def _end_with_server(self) -> None:
        while self._channel.read() is not None:
            pass
        os._exit(1)

    def _say(self, step: str, progress: float | None) -> None:
        self._channel.write({"type": "progress", "step": step, "progress": progress})

    def _pipeline(self) -> Pipeline:
        config = self._config
        pipeline = read(config)
        upload, timeline = str(self._folder / config["upload"]), str(self._folder / "timeline.json")
        if config["still"]:
            source = ("images", {"path": upload, "unreadable": "fail"})
            return with_outputs(still_chain(pipeline), source, timeline, None)
        video = str(self._folder / "video.mp4") if config["video"] else None
        return with_outputs(pipeline, ("file", {"path": upload}), timeline, video)

    def _analyse(self) -> None:
        run = self._pipeline().with_settings(overwrite=True).start()
        while not run.wait(_TICK):
            sources = run.report().sources
            stream = sources[0].stream if sources else None
            length = stream.duration if stream is not None else None
            share = sources[0].position / length if length else None
            self._say("analysing", None if share is None else round(min(1.0, share), 3))
        report = run.report()
        if report.error is not None:
            raise report.error
        if report.frames == 0:
            raise RunError("the file has no picture that could be read")

    def _report(self) -> None:
        """The page of `ferpipe report`, by the command, within the limits of this process."""
        video = self._folder / "video.mp4"
        embed = (
            ["--video", str(video), "--embed"] if video.is_file() and video.stat().st_size <= _EMBED else []
        )
        done = subprocess.run(
            [
                *(sys.executable, "-m", "ferpipe", "report", str(self._folder / "timeline.json")),
                *("-o", str(self._folder / "report.html"), "--overwrite", "--quiet"),
                *("--title", self._config["name"], *embed),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ferpipe:")]
            raise RunError(public(lines[-1] if lines else "the report could not be made"))

    def _summary(self) -> dict[str, Any]:
        summary = load(self._folder / "timeline.json").summary
        # Nobody is tracked in a single picture: there, each face is a person.
        people = summary["faces"] if summary["frames"] == 1 else summary["tracks"]
        return {
            "frames": summary["frames"],
            "seconds": summary["duration"],
            "people": people,
            "faces": summary["faces"],
            "labels": summary["seconds"],
        }
