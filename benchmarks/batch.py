"""What a batch costs beside its videos: time for each, a resume of thousands, memory, and kills.

    python -m benchmarks.batch overhead     # seconds a video beside the video's own, by the number of workers
    python -m benchmarks.batch resume       # 10,000 done videos skipped
    python -m benchmarks.batch memory       # many short clips: the memory of the head and the keeper
    python -m benchmarks.batch kills        # 50 clips, 100 kills at random, outputs compared byte for byte

Figures of CPU time are of all processes of the batch; on a shared machine they are the ones to compare.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.batches import batch, command, tree, write_clip
from support.kills import family, run_through_kills

from ferpipe import Pipeline
from ferpipe_batch.folder import Folder
from ferpipe_batch.manifest import Journal

CALM = ("--quiet",)


def clips(folder: Path, count: int, frames: int = 3) -> Path:
    for number in range(count):
        write_clip(folder / f"{number % 10}" / f"{number:05}.mp4", number % 20, frames)
    return folder


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(source: Path, out: Path, *more: str) -> tuple[float, float]:
    """Wall-clock and CPU seconds of a batch."""
    began, before = time.monotonic(), spent()
    subprocess.run(command(source, out, *CALM, *more), check=True)
    return time.monotonic() - began, spent() - before


def overhead(count: int) -> None:
    """The slope between a small and a large batch is the cost of one more video; its own is a run in one
    process that has everything loaded."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = clips(Path(folder, "few"), 4), clips(Path(folder, "many"), 4 + count)
        own = own_time(next(many.rglob("*.mp4")), Path(folder))
        print(f"own: {own[0]:.3f} s wall, {own[1]:.3f} s CPU a video (best of 10, everything loaded)")
        for kind, more in (("warm", ()), ("fresh", ("--fresh",))):
            for workers in (1, 2) if kind == "warm" else (2,):
                options = ("--workers", str(workers), *more)
                name = f"{kind}-{workers}"
                short = run(few, Path(folder, name, "few"), *options)
                long = run(many, Path(folder, name, "many"), *options)
                wall, cpu = ((long[i] - short[i]) / count for i in (0, 1))
                print(
                    f"{kind}, {workers} workers: {wall:.3f} s wall, {cpu:.3f} s CPU a video; "
                    f"beside its own {wall - own[0] / workers:+.3f} s wall, {cpu - own[1]:+.3f} s CPU"
                )


def own_time(clip: Path, folder: Path) -> tuple[float, float]:
    best = (9e9, 9e9)
    command(clip, folder / "own" / "out")  # which writes the pipeline
    (folder / "own").mkdir(exist_ok=True)
    pipeline = command(clip, folder / "own" / "out")[-3]
    for number in range(10):
        sets = [f"file.path={clip}", f"timeline.path={folder}/own/{number}.json", "run.copies=1"]
        made = Pipeline.from_yaml(pipeline, overrides=sets)
        began, before = time.monotonic(), time.process_time()
        made.run()
        best = min(best[0], time.monotonic() - began), min(best[1], time.process_time() - before)
    return best


def resume(count: int) -> None:
    """The records are written as a batch writes them; the clips are links to one file."""
    with tempfile.TemporaryDirectory() as name:
        source, out = Path(name, "in"), Path(name, "out")
        first = clips(Path(name, "one"), 1)
        clip = next(first.rglob("*.mp4"))
        batch(first, out)
        before = spent()
        subprocess.run(command(first, out, "--json"), check=True, stdout=subprocess.DEVNULL)
        alone = spent() - before
        (out / "0" / "00000.timeline.json").rename(Path(name, "made.json"))
        for number in range(count):
            for path, origin in (
                (source / f"{number % 100:02}" / f"{number:06}.mp4", clip),
                (out / f"{number % 100:02}" / f"{number:06}.timeline.json", Path(name, "made.json")),
            ):
                path.parent.mkdir(parents=True, exist_ok=True)
                os.link(origin, path)
        forge(Folder(out), sorted(source.rglob("*.mp4")), source, Path(name, "made.json").stat().st_size)
        began, before = time.monotonic(), spent()
        subprocess.run(command(source, out, "--json"), check=True)
        wall, cpu = time.monotonic() - began, spent() - before
        print(f"{count} done: {wall:.2f} s wall, {cpu:.2f} s CPU, {cpu - alone:.2f} s more than for one")
        began, before = time.monotonic(), spent()
        subprocess.run([sys.executable, "-m", "ferpipe", "batch", "status", str(out)], check=False)
        print(f"status: {time.monotonic() - began:.2f} s wall, {spent() - before:.2f} s CPU")
        began, before = time.monotonic(), spent()
        subprocess.run(
            [sys.executable, "-m", "ferpipe", "batch", "--help"], check=False, stdout=subprocess.DEVNULL
        )
        print(f"of which the start of Python and ferpipe: {spent() - before:.2f} s CPU")


def forge(folder: Folder, videos: list[Path], source: Path, size: int) -> None:
    (folder.path / "root.json").unlink()
    head = next((folder.path / "journal").iterdir()).read_text().splitlines()[0]
    fingerprint = head.partition('"id": "')[2].partition('"')[0]
    journal = Journal(folder.path, "1-of-1")
    for path in videos:
        about = path.stat()
        key = path.relative_to(source).as_posix()
        stem = key.removesuffix(".mp4")
        identity = {"size": about.st_size, "mtime_ns": about.st_mtime_ns}
        journal.append(
            {"event": "start", "key": key, "stem": stem, "source": str(path), "identity": identity}
            | {"fingerprint": fingerprint, "why": "new", "anew": True}
        )
        journal.append(
            {"event": "end", "key": key, "state": "done", "seconds": 1.0, "frames": 3, "peak": 1}
            | {"outputs": {f"{stem}.timeline.json": size}}
        )
    journal.close()


def memory(count: int) -> None:
    """The resident memory of the head and of the keeper, every tenth of the way."""
    with tempfile.TemporaryDirectory() as name:
        source, out = clips(Path(name, "in"), 20), Path(name, "out")
        listed = Path(name, "list.txt")
        linked = Path(name, "many")
        originals = sorted(source.rglob("*.mp4"))
        linked.mkdir()
        for number in range(count):
            os.link(originals[number % 20], linked / f"{number:06}.mp4")
        listed.write_text("\n".join(str(path) for path in sorted(linked.iterdir())))
        process = subprocess.Popen(command(listed, out, *CALM))
        step, shown = max(1, count // 10), 0
        while process.poll() is None:
            time.sleep(1)
            done = sum(1 for _ in out.glob("*.json")) if out.exists() else 0
            if done >= shown + step:
                shown = done
                with suppress(OSError, IndexError):
                    head, keeper = process.pid, family(process.pid)[1][0]
                    print(
                        f"{done:6} done: head {resident(head):.0f} MB, keeper {resident(keeper):.0f} MB",
                        flush=True,
                    )
        print(f"exit code {process.returncode}")


def resident(pid: int) -> float:
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def kills(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        source = clips(Path(name, "in"), 50)
        batch(source, Path(name, "calm", "out"))
        log = Path(name, "log")
        counts = run_through_kills(source, Path(name, "kills", "out"), log, kills=count, seed=7, slow=0.3)
        same = tree(Path(name, "calm", "out")) == tree(Path(name, "kills", "out"))
        starts = log.read_text().split()
        print(f"{sum(counts.values())} kills: {dict(counts)}; outputs identical: {same}")
        bound = 50 + counts["child"] + 2 * (sum(counts.values()) - counts["child"])
        print(f"{len(starts)} starts of {len(set(starts))} videos; at most {bound} allowed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["overhead", "resume", "memory", "kills"])
    parser.add_argument("--count", type=int)
    given = parser.parse_args()
    what, default = {
        "overhead": (overhead, 40),
        "resume": (resume, 10_000),
        "memory": (memory, 10_000),
        "kills": (kills, 100),
    }[given.what]
    what(given.count or default)


if __name__ == "__main__":
    main()
