"""One video, in a process of its own: run the pipeline, send signs of life, say how it ended."""

from __future__ import annotations

import errno
import faulthandler
import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferpipe import FerpipeError, redact
from ferpipe_batch.remote import is_address, scratched
from ferpipe_batch.template import Template
from ferpipe_batch.text import is_text

__all__ = ["run_child"]

BEAT = 1.0
"""Seconds between two signs of life."""

LONGEST = 1200
"""Characters of an error, so that a line fits into one write to a pipe (POSIX: 512 bytes at least, Linux
4096), which is then never torn by a kill or mixed with that of another video.
"""

FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EROFS))


def run_child(job: dict[str, Any], template: Template, events: int) -> None:
    """Do the job and write what became of it to the pipe `events`."""
    # On a descriptor of its own: one stage may crash while another keeps a library off standard error.
    faulthandler.enable(os.dup(2))
    try:
        with scratched(job) as (source, out, put_back):
            result = _run(job, template, source, out, events)
            if result["state"] == "done" and put_back is not None:
                put_back(result["outputs"])
    except FerpipeError as error:
        result = _failed(error)
    except FileNotFoundError as error:
        result = {"state": "failed", "cause": "missing", "error": _line(error)}
    except OSError as error:
        result = {"state": "failed", "cause": "storage", "error": _line(error)}
    except Exception as error:  # noqa: BLE001 -- of a plugin, which may raise anything
        result = {"state": "failed", "cause": "error", "error": f"{type(error).__name__}: {_line(error)}"}
    send(events, {"event": "result", "id": job["id"], **result})


def send(events: int, record: dict[str, Any]) -> None:
    """Write a line to the pipe in one piece."""
    os.write(events, json.dumps(record).encode() + b"\n")


def _run(job: dict[str, Any], template: Template, source: str, out: Path, events: int) -> dict[str, Any]:
    if not is_address(source) and not Path(source).exists():
        return {"state": "failed", "cause": "missing", "error": f"{source} does not exist"}
    if not is_text(source):
        return {"state": "failed", "cause": "refused", "error": "its name is not UTF-8: rename it"}
    pipeline = template.load(source, out, job["stem"])
    run = pipeline.new_run()
    send(events, {"event": "beat", "id": job["id"], "frames": 0})
    run.start()
    while not run.wait(BEAT):
        send(events, {"event": "beat", "id": job["id"], "frames": run.report().frames})
    report = run.report()
    if report.error is not None:
        if report.error.trace:
            sys.stderr.write(report.error.trace)
        _take_back(report.outputs)
        return {**_failed(report.error), "frames": report.frames}
    expected = template.outputs(job["stem"])
    written = {Path(path).resolve() for path in report.outputs}
    strange = sorted(written - {(out / name).resolve() for name in expected})
    if strange:
        return {
            "state": "failed",
            "cause": "refused",
            "error": f"the pipeline writes {strange[0]} for every video: name its output by "
            "--set STAGE.OPTION='{name}.SUFFIX'",
        }
    missing = [name for name in expected if not (out / name).is_file()]
    if missing:
        return {"state": "failed", "cause": "error", "error": f"the pipeline has not written {missing[0]}"}
    sizes = {name: (out / name).stat().st_size for name in expected}
    return {"state": "done", "outputs": sizes, "frames": report.frames}


def _take_back(outputs: Iterable[str]) -> None:
    """Give what a failed run has finished the name of something unfinished: its timeline ends early."""
    for path in map(Path, outputs):
        with suppress(OSError):
            path.replace(path.with_name(path.name + ".part"))


def _failed(error: FerpipeError) -> dict[str, Any]:
    text = _line(error)
    if "is being written by" in text:
        cause = "busy"
    elif any(reason in text for reason in FULL):
        cause = "storage"
    else:
        cause = "refused" if error.exit_code == 2 else "error"
    return {"state": "failed", "cause": cause, "error": text}


def _line(error: BaseException) -> str:
    text = redact(str(error)).strip().replace("\n", "; ")
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
