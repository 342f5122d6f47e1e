"""Kill the processes of a running batch at random, and run it again until it is done."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from support.batches import command

__all__ = ["family", "processes", "run_through_kills"]

DONE = 0
FAILED = 1


def family(pid: int) -> list[list[int]]:
    """The head, the keeper, and the children of the keeper, as far as they are alive (Linux: proc(5))."""
    generations = [[pid]]
    for _ in range(2):
        generations.append([child for parent in generations[-1] for child in _children(parent)])
    return generations


def processes(title: str) -> list[int]:
    """The processes whose command line begins so."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cmdline").read_bytes().startswith(title.encode()):
                    found.append(int(entry.name))
    return found


def run_through_kills(
    source: Path, out: Path, log: Path, *, kills: int, seed: int, slow: float
) -> Counter[str]:
    """Run the batch until it is done, with `kills` kills; how many of each kind there were.

    slow: seconds that each frame takes.
    """
    chance = random.Random(seed)  # noqa: S311
    out.parent.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    arguments = command(source, out, "--quiet")
    environment = {**os.environ, "POISON_LOG": str(log), "POISON_SLOW": str(slow)}
    for _ in range(kills * 3):
        head = subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE, text=True)
        while head.poll() is None:
            time.sleep(chance.uniform(0.02, 0.3))
            if sum(counts.values()) < kills and len(children := family(head.pid)[2]) > 0:
                kind = chance.choice(["child", "child", "keeper", "head", "all"])
                counts[kind] += _kill(head, children, kind, chance)
        assert head.stderr is not None
        said = head.stderr.read()
        assert "Traceback" not in said, said
        if head.returncode == DONE:
            if sum(counts.values()) >= kills:
                return counts
            raise AssertionError(f"done after {sum(counts.values())} kills: give it more to do")
        assert head.returncode in {FAILED, -signal.SIGKILL}, (head.returncode, said)
    raise AssertionError("the batch does not come to an end")


def _kill(head: subprocess.Popen[str], children: list[int], kind: str, chance: random.Random) -> bool:
    keepers = family(head.pid)[1]
    victims = {
        "child": [chance.choice(children)],
        "keeper": keepers,
        "head": [head.pid],
        "all": [head.pid, *keepers, *children],
    }[kind]
    hit = False
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            hit = True
    if head.pid in victims:
        head.wait()
    return hit


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split() if _is_alive(child)]
    return found


def _is_alive(pid: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
