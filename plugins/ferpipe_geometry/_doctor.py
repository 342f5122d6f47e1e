"""What `ferpipe doctor` says of the geometry: whether what comes with it can be used.

Checksums of networks, and the landmarker that is downloaded, are checked with the other models.
"""

from __future__ import annotations

from collections.abc import Iterator

from ferpipe import Check, UsageError

__all__ = ["checks"]


def checks() -> Iterator[Check]:
    """The mesh network, the canonical face and the fit of `quality` are opened."""
    try:
        from ferpipe_geometry.fit import canonical
        from ferpipe_geometry.networks import open_mesh
        from ferpipe_geometry.worth import shipped_worth

        open_mesh(1)
        points = len(canonical()[0])
        shipped_worth()
    except (ImportError, ValueError, RuntimeError, UsageError) as error:
        yield Check("geometry", "fail", f"cannot be used: {error}", "pip install --force-reinstall ferpipe")
    else:
        yield Check("geometry", "ok", f"mesh of {points} points, pose, quality")
