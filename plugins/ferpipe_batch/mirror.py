"""The manifest of an output folder that is an address: a local copy, put back after each video."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from ferpipe import UsageError
from ferpipe_batch.manifest import FOLDER
from ferpipe_batch.remote import put, storage

__all__ = ["Mirror"]


class Mirror:
    """The local copy of the manifest at `address`, in `scratch`.

    A store has no files to append to, so the journal that this process writes is put there whole after
    each video; it is short, since a new one is begun after some hundred videos.
    Raises UsageError where the address cannot be read or written.
    """

    def __init__(self, address: str, scratch: Path) -> None:
        self.address = address.rstrip("/")
        self.out = scratch / hashlib.sha256(self.address.encode()).hexdigest()[:16]
        self._system, self._path = storage(self.address)

    def pull(self) -> None:
        """Fetch what other machines have written."""
        try:
            self._system.invalidate_cache()
            listed = self._system.find(f"{self._path}/{FOLDER}", detail=True)
            for name, info in listed.items():
                local = self.out / FOLDER / name.partition(f"{FOLDER}/")[2]
                if not local.exists() or local.stat().st_size != info.get("size"):
                    local.parent.mkdir(parents=True, exist_ok=True)
                    self._system.get_file(name, str(local))
        except FileNotFoundError:
            return
        except Exception as error:
            raise UsageError(f"cannot read {self.address}: {type(error).__name__}: {error}") from error

    def push(self, path: Path) -> None:
        """Put a file of the manifest.  Raises OSError."""
        put(path, f"{self.address}/{path.relative_to(self.out).as_posix()}")

    def push_all(self) -> None:
        """Put everything but the journals, which are put as they grow."""
        for path in sorted((self.out / FOLDER).iterdir()):
            if path.is_file() and path.suffix != ".lock":
                self.push(path)

    def sizes(self) -> dict[str, int]:
        """The bytes of all outputs, by name."""
        with suppress(FileNotFoundError):
            listed = self._system.find(self._path, detail=True)
            start = len(self._path.rstrip("/")) + 1
            return {name[start:]: info.get("size", 0) for name, info in listed.items()}
        return {}
