"""What the user names: files, folders, patterns and addresses, each made a run with outputs of its own."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from ferpipe.analysis import STILLS, is_pattern
from ferpipe.cli._options import RunOptions
from ferpipe.errors import FerpipeError, UsageError
from ferpipe.suffixes import VIDEOS

__all__ = ["Input", "expand", "figures_of", "is_a_folder", "run_each", "targets_of"]

PICTURES = STILLS | {".gif"}
"""Suffixes of the files of a folder that are read as pictures; a GIF that is named is a video."""

NAMED = 3
"""Number of skipped files that one line names."""

_INTERRUPTED = {130, 143}


@dataclass(frozen=True)
class Input:
    """One run: what it reads, and how its outputs are named.

    source: a path, pattern or address, or several pictures.  name: its own, below the folder or pattern
    that stood for it.  home: the folder for outputs where none is given.
    """

    source: str | list[str]
    name: PurePath
    home: Path
    is_pictures: bool = False


def expand(names: Sequence[str], warn: Callable[[str], None]) -> list[Input]:
    """The runs that `names` stand for: the videos of a folder or pattern each, its pictures together.

    Other files in it are named in a warning.  Raises UsageError where one stands for nothing.
    """
    return [found for name in names for found in _expanded(name, warn)]


def targets_of(inputs: Sequence[Input], folder: str | None, ending: str) -> list[str]:
    """Where the output of each goes: below `folder`, or beside what it was made from.

    Those of one stem keep their suffix (`a.mp4` beside `a.mov`).
    Raises UsageError where two would go to the same file.
    """
    short = [_target(each, folder, each.name.stem, ending) for each in inputs]
    targets = [
        target if short.count(target) == 1 else _target(each, folder, each.name.name, ending)
        for each, target in zip(inputs, short, strict=True)
    ]
    twice = {target for target in targets if targets.count(target) > 1}
    if twice:
        raise UsageError(f"{min(twice)} would be written twice: give the videos separately")
    return targets


def is_a_folder(output: str, names: Sequence[str]) -> bool:
    """Whether `output` is meant as a folder: it is one, ends like one, or has no suffix where one of
    `names` is a folder or a pattern.
    """
    stands_for_more = any(_is_pattern(name) or Path(name).is_dir() for name in names)
    ends_so = output.endswith(("/", os.sep))
    return Path(output).is_dir() or ends_so or (stands_for_more and not Path(output).suffix)


def figures_of(options: RunOptions, targets: Sequence[str], ending: str) -> list[RunOptions]:
    """The options of each run: of several, each has `--stats` and `--trace` of its own name."""
    if len(targets) == 1:
        return [options]
    stems = [Path(target).name.removesuffix(ending) for target in targets]
    if (options.stats or options.trace) and len(set(stems)) < len(stems):
        raise UsageError("--stats and --trace need videos of different names: give the videos separately")
    return [
        replace(options, stats=_named(options.stats, stem), trace=_named(options.trace, stem))
        for stem in stems
    ]


def run_each(runs: Iterable[Callable[[], int]], *, alone: bool, say: Callable[[str], None]) -> int:
    """Do all `runs`, one after the other, and give the worst exit code; an error ends its own run only,
    an interruption all.  alone: there is one, and its error is the command's.
    """
    worst = 0
    for run in runs:
        try:
            code = run()
        except FerpipeError as error:
            if alone:
                raise
            say(f"ferpipe: {error}")
            code = error.exit_code
        if code in _INTERRUPTED:
            return code
        worst = max(worst, code)
    return worst


def _expanded(name: str, warn: Callable[[str], None]) -> list[Input]:
    path = Path(name)
    if "://" in name:
        return [Input(name, PurePath("stream"), Path())]
    if path.is_dir():
        root = path
        files = [each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")]
        missing = f"{name} contains no videos or pictures; give a pattern such as '{path}/**/*.mp4' for those"
        missing += " further down"
    elif _is_pattern(name):
        root = _root(name)
        files = [Path(each) for each in glob.glob(name, recursive=True) if Path(each).is_file()]  # noqa: PTH207 -- absolute patterns too
        missing = f"nothing matches {name}; check the pattern (it is relative to {Path.cwd()})"
    else:
        return [Input(name, PurePath(path.name), path.parent, path.suffix.lower() in STILLS)]
    found = _sorted(files, root, name)
    if not found:
        raise UsageError(missing)
    others = [each for each in files if each.suffix.lower() not in VIDEOS | PICTURES]
    if others and any(not each.is_pictures for each in found):  # the source of pictures names them itself
        warn(f"ferpipe: warning: {name}: skipped, as neither videos nor pictures: {_some(others)}")
    return found


def _sorted(files: list[Path], root: Path, name: str) -> list[Input]:
    """The videos among `files` each, the pictures as one; all that a pattern fits where neither is there."""
    videos = sorted((each for each in files if each.suffix.lower() in VIDEOS), key=_natural)
    pictures = sorted((each for each in files if each.suffix.lower() in PICTURES), key=_natural)
    if not videos and not pictures and _is_pattern(name):
        videos = sorted(files, key=_natural)
    found = [Input(str(each), PurePath(os.path.relpath(each, root)), root) for each in videos]
    if pictures:
        is_folder = Path(name).is_dir()
        own = PurePath(Path(name).resolve().name) if is_folder else PurePath("pictures")
        source = [str(each) for each in pictures] if videos else name
        home = Path(name).parent if is_folder else root
        found.append(Input(source, own, home, is_pictures=True))
    return found


def _target(each: Input, folder: str | None, stem: str, ending: str) -> str:
    home = Path(folder) if folder is not None else each.home
    return str(home / each.name.parent / f"{stem}{ending}")


def _root(pattern: str) -> Path:
    """The folder before the first part of `pattern` that has a magic character."""
    parts = Path(pattern).parts
    plain = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return Path(*parts[:plain])


def _is_pattern(name: str) -> bool:
    return "://" not in name and is_pattern(name)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.findall(r"\d+|\D+", str(path).casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _named(path: Path | None, stem: str) -> Path | None:
    return None if path is None else path.with_name(f"{path.stem}.{stem}{path.suffix}")


def _some(paths: list[Path]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(path.name for path in sorted(paths, key=_natural)[:NAMED]) + more
