"""A real Ray cluster of several nodes on this machine: what is lost with a worker, a node or the driver."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.batches import batch, command, tree
from support.kills import family, processes

ray: Any = pytest.importorskip("ray", reason="Ray is not installed: pip install 'ferpipe[ray]'")

Clips = Callable[..., Path]
NAMES = [f"{n % 3}/{n:02}.mp4" for n in range(12)]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[int], Any]]:
    """Make a cluster of so many nodes with one core each; its workers have this environment."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("POISON_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("POISON_SLOW", "0.7")
    monkeypatch.setenv("RAY_worker_niceness", "0")  # 15 by default, which starves beside other work

    made: list[Any] = []

    def make(nodes: int) -> Any:
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        made.append(found)
        for _ in range(nodes - 1):
            found.add_node(num_cpus=1)
        found.wait_for_nodes()
        return found

    yield make
    ray.shutdown()
    for found in made:
        found.shutdown()


class Running:
    """A batch on a cluster, in a process of its own."""

    def __init__(self, folder: Path, out: Path, address: str) -> None:
        on = ("--on", "ray", "--ray-address", address, "--quiet")
        out.parent.mkdir(parents=True, exist_ok=True)
        self.log = Path(os.environ["POISON_LOG"])
        self.process = subprocess.Popen(
            command(folder, out, *on),
            env={**os.environ, "POISON_LOG": str(self.log)},
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, starts: int) -> None:
        """Wait until so many videos have been started."""
        until = time.monotonic() + 400
        while len(self.starts()) < starts:
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.05)

    def starts(self) -> list[str]:
        """The names of the videos that were started, once for each start."""
        return self.log.read_text().split() if self.log.exists() else []

    def end(self, code: int = 0) -> None:
        """Wait for its end."""
        said = self.process.communicate(timeout=400)[1]
        assert self.process.returncode == code, said


@pytest.fixture
def calm(clips: Clips, tmp_path: Path) -> tuple[Path, dict[str, bytes]]:
    """The clips, and the outputs of an undisturbed run on this machine."""
    folder = clips(*NAMES)
    batch(folder, tmp_path / "calm" / "out", POISON_LOG="", POISON_SLOW="0")
    return folder, tree(tmp_path / "calm" / "out")


def test_two_nodes_lose_a_worker_and_then_the_driver(
    calm: tuple[Path, dict[str, bytes]], cluster: Callable[[int], Any], tmp_path: Path
) -> None:
    folder, expected = calm
    out = tmp_path / "ray" / "out"
    address = cluster(2).address
    first = Running(folder, out, address)
    first.wait_for(3)
    workers = processes("ray::run_one")
    assert 1 <= len(workers) <= 2
    os.kill(workers[0], signal.SIGKILL)
    first.wait_for(6)
    first.process.kill()
    first.process.wait()
    done = len(list(out.rglob("*.timeline.json")))
    assert 0 < done < len(NAMES)
    second = Running(folder, out, address)
    second.end()
    assert tree(out) == expected
    # One video with the worker, two with the driver; the rest once.
    assert len(NAMES) <= len(second.starts()) <= len(NAMES) + 3
    third = Running(folder, out, address)
    third.end()
    assert len(third.starts()) == len(second.starts())


def test_four_nodes_lose_one(
    calm: tuple[Path, dict[str, bytes]], cluster: Callable[[int], Any], tmp_path: Path
) -> None:
    folder, expected = calm
    out = tmp_path / "ray" / "out"
    nodes = cluster(4)
    running = Running(folder, out, nodes.address)
    running.wait_for(4)
    nodes.remove_node(next(iter(nodes.worker_nodes)), allow_graceful=False)
    running.end()
    assert tree(out) == expected
    assert len(NAMES) <= len(running.starts()) <= len(NAMES) + 1


def test_a_preempted_task_is_run_again_and_poison_takes_no_worker_along(
    clips: Clips, cluster: Callable[[int], Any], tmp_path: Path
) -> None:
    folder = clips("a.mp4", "b.mp4", "crash.mp4")
    out = tmp_path / "ray" / "out"
    running = Running(folder, out, cluster(2).address)
    running.wait_for(2)
    workers = processes("ray::run_one")
    for child in [pid for worker in workers for pid in family(worker)[2]]:
        os.kill(child, signal.SIGTERM)
    running.end(42)
    assert set(tree(out)) >= {"a.timeline.json", "b.timeline.json"}
    starts = running.starts()
    assert (len(set(starts)), starts.count("crash")) in {(3, 3), (3, 4)}
    assert set(processes("ray::")) >= set(workers) or processes("ray::")
