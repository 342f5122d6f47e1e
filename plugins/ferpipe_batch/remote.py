"""Addresses, by fsspec: listing, copying to a scratch folder, putting outputs back whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from ferpipe import UsageError, redact

__all__ = [
    "READ_ONLY",
    "About",
    "about",
    "expand_address",
    "is_address",
    "is_folder_like",
    "put",
    "scratched",
    "storage",
    "warm_up",
]

WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
"""Stores in which a file appears when all of it is there; in others it is put beside and renamed."""

READ_ONLY = frozenset({"http", "https"})

About = dict[str, Any]
"""What a store says of a file: `size` and `etag`, None where it does not."""


def is_address(name: str) -> bool:
    """Whether `name` is an address and no path."""
    return "://" in name


def is_folder_like(address: str) -> bool:
    """Whether an address stands for more than one file: a pattern, or one that ends with a slash."""
    return address.endswith("/") or any(char in address.partition("://")[2] for char in "*[")


def storage(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it.  Raises UsageError where a library is missing."""
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(f"{address} needs fsspec: pip install 'ferpipe[remote]'") from error
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:  # says which package the protocol needs
        raise UsageError(f"{address}: {error}; pip install 'ferpipe[remote]'") from error
    except ValueError as error:
        raise UsageError(f"{address}: {error}") from error
    return system, str(path)


def warm_up(protocols: Iterable[str]) -> None:
    """Import the libraries of these protocols; what is missing is reported by whoever needs it."""
    for protocol in protocols:
        with suppress(ImportError, ValueError):
            import fsspec

            fsspec.get_filesystem_class(protocol)


def expand_address(address: str) -> tuple[str, dict[str, About]]:
    """The root of an address of many files, and what is known of each.

    Raises UsageError where it cannot be listed.
    """
    system, path = storage(address)
    pattern = any(char in path for char in "*[")
    try:
        listed = system.glob(path, detail=True) if pattern else system.find(path, detail=True)
    except Exception as error:
        raise UsageError(f"cannot list {address}: {_line(error)}") from error
    head, root = address.partition("://")[::2]
    if pattern:
        parts = root.split("/")
        root = "/".join(parts[: next(n for n, part in enumerate(parts) if set("*[") & set(part))])
    files = {system.unstrip_protocol(name): _said(info) for name, info in listed.items()}
    return f"{head}://{root.rstrip('/')}", files


def about(address: str) -> About:
    """What the store says of one file; nothing where it cannot be reached, which its process will report."""
    system, path = storage(address)
    try:
        return _said(system.info(path))
    except Exception:  # noqa: BLE001 -- of a library for each protocol
        return {"size": None, "etag": None}


def put(local: Path, address: str) -> None:
    """Copy a file to an address, where it appears whole or not at all.  Raises OSError, UsageError."""
    system, path = storage(address)
    scheme = address.partition("://")[0]
    if scheme in READ_ONLY:
        raise UsageError(f"{address}: outputs cannot be put there: give a folder or a bucket")
    try:
        if scheme in WHOLE:
            system.put_file(str(local), path)
        else:
            system.makedirs(str(PurePosixPath(path).parent), exist_ok=True)
            system.put_file(str(local), path + ".part")
            system.mv(path + ".part", path)
    except Exception as error:
        raise OSError(f"cannot write {redact(address)}: {_line(error)}") from error


@contextmanager
def scratched(
    job: dict[str, Any],
) -> Iterator[tuple[str, Path, Callable[[dict[str, int]], None] | None]]:
    """The source and the output folder as local names; the third puts the outputs where they belong.

    Raises FileNotFoundError for a source that is not there, OSError for a store that cannot be reached.
    """
    source, out = job["source"], job["out"]
    if not is_address(source) and not is_address(out):
        yield source, Path(out), None
        return
    folder = Path(job["scratch"]) / str(job["id"])
    try:
        (folder / "in").mkdir(parents=True, exist_ok=True)
        local = _fetched(source, folder / "in") if is_address(source) else source
        if not is_address(out):
            yield local, Path(out), None
            return

        def put_back(outputs: dict[str, int]) -> None:
            for name in outputs:
                put(folder / "out" / name, f"{out.rstrip('/')}/{name}")

        yield local, folder / "out", put_back
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetched(address: str, folder: Path) -> str:
    system, path = storage(address)
    plain = address.partition("?")[0] if address.partition("://")[0] in READ_ONLY else address
    target = folder / (PurePosixPath(unquote(plain)).name or "video")
    try:
        system.get_file(path, str(target))
    except FileNotFoundError:
        raise FileNotFoundError(f"{redact(address)} does not exist") from None
    except Exception as error:
        raise OSError(f"cannot read {redact(address)}: {_line(error)}") from error
    return str(target)


def _said(info: dict[str, Any]) -> About:
    marks = (info.get(name) for name in ("ETag", "etag", "md5Hash", "LastModified", "mtime", "created"))
    mark = next((each for each in marks if each), None)
    return {"size": info.get("size"), "etag": None if mark is None else str(mark).strip('"')}


def _line(error: BaseException) -> str:
    return redact(f"{type(error).__name__}: {' '.join(str(error).split())}")[:500]
