"""Videos on a Ray cluster: one task a video, nothing but a job and its outcome through the object store.

A task does not run the video itself: it hands it to the warm process of its worker, which gives each video a
process of its own with the limits that it has on one machine.  So a video that crashes takes no worker of
Ray with it, and what Ray tries again is only what was lost with a worker or a node.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from ferpipe import RunError, UsageError
from ferpipe_batch.job import Job, Limits, Outcome
from ferpipe_batch.local import Local
from ferpipe_batch.memory import cores, share_of_memory
from ferpipe_batch.template import Recipe

__all__ = ["OnRay", "run_one"]

LOST = 10
"""Workers and nodes that may be lost under one video before it is reported as killed."""

AHEAD = 2
"""Tasks that wait for each core, so that none is idle; a cluster that grows by demand sees them too."""

LEAST = 32


class OnRay:
    """Runs videos as tasks of Ray.

    address: of a cluster, as `ray.init` takes it; None for that of RAY_ADDRESS, or else a new one here.
    per_video: cores that one video takes.
    Raises UsageError where Ray is missing or the cluster cannot be reached.
    """

    def __init__(
        self,
        recipe: Recipe,
        limits: Limits,
        *,
        address: str | None,
        per_video: float,
        fresh: bool = False,
        protocols: Sequence[str] = (),
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise UsageError("--on ray needs Ray: pip install 'ferpipe[ray]'") from error
        self._ray, self._cores = ray, per_video
        self._mine = not ray.is_initialized()
        if self._mine:
            try:
                ray.init(address=address, log_to_driver=False, configure_logging=False)
            except (ConnectionError, RuntimeError, ValueError) as error:
                where = address or os.environ.get("RAY_ADDRESS", "here")
                raise UsageError(f"no Ray cluster can be reached ({where}): {error}") from error
        self._about = {
            "recipe": recipe.to_dict(),
            "limits": asdict(limits),
            "fresh": fresh,
            "cores": per_video,
            "protocols": list(protocols),
        }
        self._task = ray.remote(num_cpus=per_video, max_retries=LOST, retry_exceptions=False)(run_one)
        self._under: dict[Any, Job] = {}
        self._capacity = LEAST
        self._asked = 0.0
        self.frames = 0

    @property
    def capacity(self) -> int:
        """Tasks that are given out at once: all that the cluster runs, and as many that wait."""
        now = time.monotonic()
        if now - self._asked > 2:
            self._asked = now
            there = self._ray.cluster_resources().get("CPU", 0)
            self._capacity = max(LEAST, int(AHEAD * there / self._cores))
        return self._capacity

    @property
    def running(self) -> list[Job]:
        """The videos that have been given out."""
        return list(self._under.values())

    def start(self, job: Job) -> None:
        """Give out a video."""
        self._under[self._task.remote(job.to_dict(), self._about)] = job

    def wait(self, seconds: float) -> list[Outcome]:
        """What has ended, after `seconds` at the latest."""
        if not self._under:
            return []
        ready, _ = self._ray.wait(list(self._under), num_returns=1, timeout=seconds)
        if ready:
            ready, _ = self._ray.wait(list(self._under), num_returns=len(self._under), timeout=0)
        return [self._outcome(reference, self._under.pop(reference)) for reference in ready]

    def stop(self) -> None:
        """Cancel what is under way and leave the cluster."""
        for reference in self._under:
            self._ray.cancel(reference, force=True)
        self._under.clear()
        if self._mine:
            self._ray.shutdown()

    def _outcome(self, reference: Any, job: Job) -> Outcome:
        try:
            return Outcome.of(self._ray.get(reference))
        except self._ray.exceptions.RayTaskError as error:
            text = f"the worker could not start the video: {error.cause}"
            return Outcome(job.id, "failed", "storage", text)
        except self._ray.exceptions.RayError as error:
            text = f"its worker or node was lost {LOST + 1} times: {type(error).__name__}"
            return Outcome(job.id, "failed", "killed", text)


_warm: dict[str, Local] = {}
"""The warm process of this worker of Ray, kept from task to task."""


def run_one(job: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """A task: do one video and give its outcome."""
    key = repr(about)
    if key not in _warm:
        for other in _warm.values():
            other.stop()
        _warm.clear()
        limits = Limits(**about["limits"])
        if limits.memory is None:
            limits = replace(limits, memory=share_of_memory(max(1, int(cores() / about["cores"]))))
        _warm[key] = Local(
            Recipe.of(about["recipe"]), 1, limits, fresh=about["fresh"], protocols=about["protocols"]
        )
    local = _warm[key]
    try:
        local.start(Job(**job))
        while True:
            for outcome in local.wait(60.0):
                return asdict(_with_node(outcome))
    except RunError:
        _warm.pop(key, None)
        raise


def _with_node(outcome: Outcome) -> Outcome:
    """The outcome with the node that it came from, in what a failed video leaves to read."""
    import socket

    return (
        outcome
        if outcome.state == "done"
        else replace(outcome, log=f"on {socket.gethostname()}\n{outcome.log}")
    )
