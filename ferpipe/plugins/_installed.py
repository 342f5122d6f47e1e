"""The plugins that installed distributions name in their entry points."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

__all__ = ["Installed", "installed"]

_GROUP = "ferpipe"
_OWN = "ferpipe"


@dataclass(frozen=True, slots=True)
class Installed:
    """One entry point, with the name and version of its distribution."""

    point: EntryPoint
    distribution: str
    version: str

    @property
    def key(self) -> str:
        """A name that no other entry point has."""
        return f"{self.distribution}:{self.point.name}"

    @property
    def names(self) -> frozenset[str]:
        """What an allow-list may call it."""
        return frozenset({self.point.name, self.distribution})

    @property
    def origin(self) -> str:
        """Where it comes from, for people."""
        return f"{self.distribution} {self.version}"


def installed() -> list[Installed]:
    """Each entry point once, ferpipe's own first, then by distribution and name."""
    told: dict[int, tuple[str, str]] = {}
    found: dict[tuple[str, str], Installed] = {}
    for point in entry_points(group=_GROUP):
        # The metadata is parsed at every look, and it holds the whole README.
        if id(point.dist) not in told:
            told[id(point.dist)] = (point.dist.name, point.dist.version) if point.dist else (point.value, "")
        found[point.name, point.value] = Installed(point, *told[id(point.dist)])
    return sorted(found.values(), key=lambda it: (it.distribution != _OWN, it.distribution, it.point.name))
