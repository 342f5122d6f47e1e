"""Run a pipeline for the command line: signals, progress, the closing words, the exit code."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe.cli._errors import debugging
from ferpipe.cli._options import RunOptions
from ferpipe.cli._streams import drained, silenced_natives
from ferpipe.errors import RunError, UsageError, printable, redact
from ferpipe.resources import resolve

if TYPE_CHECKING:
    from ferpipe.output import Output
    from ferpipe.pipeline import Pipeline
    from ferpipe.run import Run, RunReport

__all__ = ["execute", "say"]

Show = Callable[["Run"], None]


def say(text: str) -> None:
    """A line on standard error, credentials removed and control characters written out."""
    print(printable(redact(text)), file=sys.stderr, flush=True)  # noqa: T201


def execute(pipeline: Pipeline, options: RunOptions, *, closing: bool = True) -> int:
    """Run to the end and give the exit code; errors are said, not raised.

    closing: whether the table of stages and the outputs are shown at the end.
    """
    settings = pipeline.settings
    pipeline = pipeline.with_settings(
        output_dir=str(options.output_dir) if options.output_dir else settings.output_dir,
        overwrite=options.overwrite or (settings.overwrite and settings.trusted),
    )
    for warning in pipeline.warnings:
        say(f"ferpipe: warning: {warning}")
    for figures in (options.stats, options.trace):
        _refuse_what_is_read(figures, pipeline)
    run = pipeline.new_run(trace=options.trace)
    stats = _figures(run, options)
    with _logs(quiet=options.quiet), _signals(run), silenced_natives() if options.quiet else nullcontext():
        run.start()
        _follow(run, quiet=options.quiet)
    report = run.report()
    unsaved = None
    if stats is not None and report.refused:
        stats.close()  # its name stays free for the next try
    elif stats is not None:
        unsaved = _save(stats, report.to_dict())
    drained()  # from here on each line counts, and everything is finished: who reads slowly is waited for
    _tell(report, closing=closing and not options.quiet)
    if unsaved is not None:
        say(f"ferpipe: {unsaved}")
    code = report.exit_code or (0 if unsaved is None and run.trace_error is None else 1)
    if run.left_behind:
        _leave(code)
    return code


def _figures(run: Run, options: RunOptions) -> Output | None:
    """The file for the figures, held before the run, so that what cannot be written is said first."""
    if options.stats is None:
        return None
    try:
        return run.files.figures("--stats", options.stats, overwrite=options.overwrite)
    except UsageError:
        run.files.release({"--trace"})
        raise


def _follow(run: Run, *, quiet: bool) -> None:
    """Wait for the end in this thread, where signals arrive, showing how far the run is."""
    if run.wait(0.3):
        return
    if quiet:
        while not run.wait(0.1):
            sys.stderr.flush()
        return
    from ferpipe.cli._progress import show

    show(run)


def _tell(report: RunReport, *, closing: bool) -> None:
    if closing and any(source.entered for source in report.sources):
        from ferpipe.cli._summary import close_with

        close_with(report)
    for error in (report.error, *report.others):
        if error is not None:
            if error.trace and debugging():
                say(f"Traceback of the stage (most recent call last):\n{error.trace}")
            for line in str(error).splitlines():
                say(f"ferpipe: {line}")
    if report.reason is not None:
        failed = report.error is not None or report.others
        say(f"ferpipe: ended by {report.reason}" + ("" if failed else "; the outputs were finalised"))


def _leave(code: int) -> None:
    """End the process here: a stage that was left behind must not hold it up, nor its native
    threads crash what Python tears down.
    """
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    drained()
    os._exit(code)


@contextmanager
def _signals(run: Run) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run in good order, the second one at once."""

    def handle(number: int, _: Any) -> None:
        if run.control.reason is not None:
            os._exit(128 + number)
        run.finish(signal.Signals(number).name)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(f"{record.name.removeprefix('ferpipe.')}: {record.getMessage()}")


@contextmanager
def _logs(*, quiet: bool) -> Iterator[None]:
    logger, handler = logging.getLogger("ferpipe"), _Lines()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR if quiet else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _refuse_what_is_read(path: Path | None, pipeline: Pipeline) -> None:
    """Raise UsageError if `path` is a file that a stage reads."""
    for node in pipeline.graph.nodes if path is not None and path.exists() else ():
        for text in _texts(node.options.model_dump()):
            if path is not None and _is_same(path, text):
                raise UsageError(f"{path} is a file of the stage '{node.name}': choose another name")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    ):
        yield from _texts(part)


def _is_same(path: Path, text: str) -> bool:
    try:
        return path.samefile(resolve(text))
    except (OSError, ValueError, RuntimeError, UsageError):
        return False


def _save(stats: Output, data: dict[str, Any]) -> RunError | None:
    """Write the figures; gives the error where they could not be."""
    try:
        stats.write((redact(json.dumps(data, indent=2, allow_nan=False)) + "\n").encode())
        stats.commit()
    except RunError as error:
        return error
    finally:
        stats.close()
    return None
