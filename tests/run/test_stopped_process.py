"""A process that is stopped for a while (SIGSTOP, a paused container) goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="there is no SIGSTOP here")

PROGRAM = """
import sys, time
from support.graphs import Bench
from support.stages import Counter, CounterOptions, doing

def slow(packet):
    print(packet.frame.index, flush=True)
    for _ in range(8):
        time.sleep(0.05)
    return packet

bench = Bench(sys.argv[1]).add("in", Counter(CounterOptions(frames=4))).add("slow", doing(slow), timeout=3)
run = bench.start()
if sys.argv[2] == "ending":
    time.sleep(0.6)
    run.finish("SIGINT")
    print("ending", flush=True)
run.wait()
report = run.report()
print(report.error, report.frames, report.sources[0].failed, flush=True)
"""


@pytest.mark.parametrize(
    ("executor", "when"),
    [
        ("threads", "running"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (("inline", "running"), ("threads", "ending"), ("inline", "ending"))
        ),
    ],
)
def test_time_in_which_the_process_was_stopped_is_no_stages(executor, when):
    """Stopped for longer than a call may take, while a call is under way."""
    command = [sys.executable, "-c", PROGRAM, executor, when]
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": tests}
    ) as process:
        assert process.stdout is not None
        awaited = "1" if when == "running" else "ending"
        while process.stdout.readline().strip() != awaited:
            pass
        time.sleep(0.1)
        process.send_signal(signal.SIGSTOP)
        time.sleep(5)
        process.send_signal(signal.SIGCONT)
        rest, _ = process.communicate(timeout=60)
    ended = rest.splitlines()[-1]
    assert ended.startswith("None ")
    assert ended.endswith(" {}")
    if when == "running":
        assert ended == "None 4 {}"


WITHIN_A_LOOK = """
import os, signal, subprocess, time
from ferpipe.run.watchdog import Watchdog
from support.graphs import Bench
from support.stages import Counter, CounterOptions, doing

look, awoken = Watchdog._inspect, []

def stopped(self, worker, *rest):
    call = worker.call
    if worker.node.name == "slow" and call is not None and call.what == "process" and not awoken:
        awoken.append(subprocess.Popen(["sh", "-c", f"sleep 2; kill -CONT {os.getpid()}"]))
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.05)  # the signal may reach another thread first
    look(self, worker, *rest)

Watchdog._inspect = stopped

def slow(packet):
    for _ in range(8):
        time.sleep(0.05)
    return packet

bench = Bench("threads").add("in", Counter(CounterOptions(frames=2))).add("slow", doing(slow), timeout=1)
run = bench.start()
run.wait()
print(len(awoken), run.report().error, run.report().frames, flush=True)
"""


def test_a_stop_while_the_watchdog_looks_is_no_stages_either():
    tests = str(Path(__file__).parents[1])
    ended = subprocess.run(
        [sys.executable, "-c", WITHIN_A_LOOK],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": tests},
    )
    assert ended.stdout.split("\n")[0] == "1 None 2"
