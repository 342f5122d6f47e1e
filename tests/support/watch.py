"""Runs of pipelines in one process under strace, and what each of them asked of the system.

Python's audit hooks do not see what FFmpeg, OpenCV and LiteRT open; strace sees every process and thread.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, os, sys, tempfile
from ferpipe.cli import main
# What is loaded once must not count as opened by the first case.
import ferpipe_faces.blazeface, ferpipe_sinks.video, ferpipe_sinks.timeline, ferpipe_sinks.stream
import ferpipe_sources.file, ferpipe_sources.images, ferpipe_sources.rtsp
tempfile.gettempdir()  # it tries a file in each place
for number, stages in enumerate(json.load(sys.stdin)):
    with open("p.yaml", "w") as file:
        json.dump({"version": 1, "stages": stages}, file)
    try:
        os.stat(f"/ferpipe-case-{number}")
    except OSError:
        pass
    print(f"case {number}", flush=True)
    code = main(["run", "p.yaml", "--quiet", "--no-local-plugins", "--output-dir", "out"])
    print(f"code {code}", flush=True)
    try:
        os.stat("/ferpipe-end")
    except OSError:
        pass
"""
CALLS = "openat,open,creat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,symlinkat"
CALLS += ",chdir,clone,clone3,vfork,fork"
CALLS += ",mkdir,mkdirat,truncate,mknod,mknodat,newfstatat,stat,socket,connect,bind,listen,sendto,execve"
LINE = re.compile(r"^\d+ +(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>-?\w+)")
NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass
class Case:
    """What one run asked for, relative to the folder of the user."""

    code: str = ""
    written: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    sockets: list[str] = field(default_factory=list)
    programs: list[str] = field(default_factory=list)


@cache
def works() -> bool:
    """Whether processes may be traced here."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run(
        [strace, "-o", "/dev/null", "true"], capture_output=True, check=False
    ).returncode == 0  # fmt: skip


def watched(home: Path, cases: Sequence[list[dict[str, Any]]], timeout: float = 100) -> list[Case]:
    """Run the pipelines one after the other, as those of somebody who is not trusted."""
    if not works():
        pytest.skip("strace is not installed, or processes may not be traced here")
    log = home.parent / "strace.log"
    command = ["strace", "-f", "-s", "4096", "-o", str(log), "-e", f"trace={CALLS}"]
    command += [sys.executable, "-B", "-c"]
    temporary = home.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        [*command, PROGRAM],
        cwd=home,
        env={**os.environ, "TMPDIR": str(temporary)},
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
    found = _from_log(home, log.read_text(errors="replace"), len(cases))
    codes = re.findall(r"^code (.*)$", done.stdout, re.MULTILINE)
    assert len(codes) == len(cases), done.stderr[-3000:]
    for case, code in zip(found, codes, strict=True):
        case.code = code
    assert list(temporary.iterdir()) == []
    return found


def _from_log(home: Path, text: str, count: int) -> list[Case]:
    cases = [Case() for _ in range(count)]
    current: Case | None = None
    begun: dict[str, str] = {}
    places: dict[str, Path] = {}
    for line in text.splitlines():
        process = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[process] = line.removesuffix("<unfinished ...>")
            continue
        whole = begun.pop(process, "") + line.partition(" resumed>")[2] if " resumed>" in line else line
        if started := re.search(r'"/ferpipe-case-(\d+)"', whole):
            current = cases[int(started[1])]
        elif '"/ferpipe-end"' in whole:
            current = None
        match = LINE.match(whole)
        if match is None:
            continue
        call, arguments, result = match["call"], match["arguments"], match["result"]
        place = places.setdefault(process, home)
        if call == "chdir" and result == "0":
            places[process] = place / _names(arguments)[0]
        elif call in {"clone", "clone3", "vfork", "fork"}:
            # A child may have begun before its parent's call is written down.
            places.setdefault(result, place)
        elif current is not None:
            _count(current, place, call, arguments, result)
    return cases


def _count(case: Case, place: Path, call: str, arguments: str, result: str) -> None:
    if call in {"socket", "connect", "bind", "listen", "sendto"}:
        if call == "listen" or "AF_INET" in arguments:
            case.sockets.append(f"{call}({arguments})")
        return
    names = _names(arguments)
    if call == "execve":
        case.programs += names[:1]
    if result.startswith("-") or call in {"newfstatat", "stat", "execve"}:
        return
    writes = call not in {"openat", "open"} or bool(re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", arguments))
    for name in names:
        if name.startswith(("/dev/null", "/proc/", "/dev/shm")):
            continue
        (case.written if writes else case.read).add(str((place / name).resolve()))


def _names(arguments: str) -> list[str]:
    return [_unescaped(name) for name in NAME.findall(arguments)]


def _unescaped(name: str) -> str:
    raw = name.encode("latin-1", "replace").decode("unicode_escape")
    return raw.encode("latin-1", "replace").decode(errors="replace")
