"""Plugins as people write and install them: files, and distributions laid down as pip does."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from ferpipe.plugins import Registry

GOOD = """
    from ferpipe import Options, Stage, hookimpl

    class {name}(Stage[Options]):
        'Does nothing.'
        def process(self, packet):
            return packet

    @hookimpl
    def ferpipe_stages():
        return {{"{stage}": {name}}}
"""
"""A plugin with one stage, to be formatted with `stage` and the `name` of its class."""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


def good(path: Path, stage: str = "blur", name: str = "Blur") -> Path:
    return write(path, GOOD.format(stage=stage, name=name))


def install(site: Path, name: str, module: str, text: str, version: str = "1.0") -> None:
    """Lay a distribution down as pip does: a module, METADATA and entry_points.txt."""
    write(site / f"{module}.py", text)
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    write(info / "entry_points.txt", f"[ferpipe]\n{module} = {module}\n")


def ours(registry: Registry) -> list[str]:
    """What went wrong outside ferpipe's own plugins."""
    return [str(line) for line in registry.broken() if not line.origin.startswith("ferpipe ")]
