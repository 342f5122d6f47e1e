"""The verb `batch`: everything from the command line to the exit code."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferpipe_batch.batch import Batch, Runner
from ferpipe_batch.fingerprint import fingerprint
from ferpipe_batch.job import Limits
from ferpipe_batch.local import Local
from ferpipe_batch.manifest import Journal, read
from ferpipe_batch.memory import cores, share_of_memory
from ferpipe_batch.place import Place, place
from ferpipe_batch.plan import Choice, make_plan
from ferpipe_batch.progress import Progress
from ferpipe_batch.results import close_with
from ferpipe_batch.shards import Shard
from ferpipe_batch.template import Recipe, Template

__all__ = ["Cluster", "Request", "run"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray cluster.  address: as `ray.init` takes it; per_video: the cores that one video takes."""

    address: str | None = None
    per_video: float = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks of a batch; the rest is in `choice`, `recipe` and `limits`.

    workers: None for one a core.  fresh: a new interpreter for each video.  cluster: None for this machine.
    scratch: the folder for copies of addresses, None for the system's; bound: their bytes at once.
    """

    choice: Choice
    out: str
    recipe: Recipe
    limits: Limits
    shard: Shard
    workers: int | None = None
    fresh: bool = False
    quiet: bool = False
    as_json: bool = False
    cluster: Cluster | None = None
    scratch: Path | None = None
    bound: int | None = None


def run(request: Request) -> int:
    """Do a batch and give its exit code.  Raises UsageError before anything is written."""
    request = _settled(request)
    template = Template(request.recipe)
    now = fingerprint(template).to_dict()
    with place(request.out, request.shard, request.scratch) as where:
        folder, mirror = where.folder, where.mirror
        state = read(folder.path)
        plan = make_plan(request.choice, template, folder, state, request.shard, now, where.sizes())
        if mirror is not None:
            mirror.push_all()
        journal = Journal(folder.path, str(request.shard), None if mirror is None else mirror.push)
        batch = Batch(
            folder,
            plan,
            state,
            journal,
            now,
            attempts=request.choice.attempts,
            scratch=str(where.scratch),
            bound=request.bound,
            out=where.out,
        )
        code = _ran(batch, request, where)
        if mirror is not None:
            mirror.push(journal.path)
        journal.close()
    close_with(batch, code, request.out, quiet=request.quiet, as_json=request.as_json)
    return code


def _ran(batch: Batch, request: Request, where: Place) -> int:
    if not batch.waiting:
        return batch.counts.exit_code
    progress = Progress(batch, quiet=request.quiet)
    with _signals() as seen:
        runner = _runner(batch, request, where)
        try:
            with progress.showing():
                return batch.run(runner, lambda: seen[0] if seen else 0, progress.look)
        finally:
            runner.stop()


def _runner(batch: Batch, request: Request, where: Place) -> Runner:
    if request.cluster is not None:
        from ferpipe_batch.on_ray import OnRay

        address, per_video = request.cluster.address, request.cluster.per_video
        return OnRay(
            request.recipe,
            request.limits,
            address=address,
            per_video=per_video,
            fresh=request.fresh,
            protocols=batch.protocols,
        )
    workers = min(request.workers or 1, batch.waiting)
    return Local(
        request.recipe,
        workers,
        request.limits,
        fresh=request.fresh,
        keep=[where.lock],
        protocols=batch.protocols,
    )


def _settled(request: Request) -> Request:
    """The request with what the machine decides, and with names that hold in any folder."""
    limits, recipe = request.limits, request.recipe
    workers = request.workers or cores()
    if limits.memory is None and request.cluster is None:
        limits = replace(limits, memory=share_of_memory(workers))
    if recipe.copies is None and not any(text.startswith("run.copies") for text in recipe.sets):
        # The cores are shared by videos, not by copies of the detector.
        of_each = cores() // workers if request.cluster is None else int(request.cluster.per_video)
        recipe = replace(recipe, copies=max(1, of_each))
    if Path(recipe.pipeline).is_file():
        recipe = replace(recipe, pipeline=str(Path(recipe.pipeline).absolute()))
    plugins = tuple(str(Path(path).expanduser().absolute()) for path in recipe.plugins)
    recipe = replace(recipe, plugins=plugins, folder=str(Path.cwd()))
    return replace(request, workers=workers, limits=limits, recipe=recipe)


@contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that have come: the first one ends the batch in good order, the second one at once."""
    seen: list[int] = []

    def handle(number: int, _: Any) -> None:
        if seen:
            os._exit(128 + number)
        seen.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield seen
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
