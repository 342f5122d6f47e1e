"""The plugins that installed distributions name in their entry points."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, distributions, entry_points

from ferpipe.text import message_of

__all__ = ["Installed", "installed", "points_of"]

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


def installed() -> tuple[list[Installed], list[tuple[str, str]]]:
    """Each entry point once, ferpipe's own first, then by distribution and name; and the origin and
    cause of each distribution whose entry points cannot be read.
    """
    owners: dict[int, tuple[str, str]] = {}
    found: dict[tuple[str, str], Installed] = {}
    points, malformed = points_of(_GROUP)
    for point in points:
        # The metadata is parsed at every look, and it holds the whole README.
        if id(point.dist) not in owners:
            owners[id(point.dist)] = _whose(point)
        found[point.name, point.value] = Installed(point, *owners[id(point.dist)])
    in_order = sorted(
        found.values(), key=lambda it: (it.distribution != _OWN, it.distribution, it.point.name)
    )
    return in_order, malformed


def points_of(group: str) -> tuple[list[EntryPoint], list[tuple[str, str]]]:
    """The entry points of a group; and the origin and cause of each distribution that has none to read."""
    try:
        return list(entry_points(group=group)), []
    except Exception:  # noqa: BLE001 -- one malformed file, of anybody's, makes all of them unreadable
        return _one_by_one(group)


def _one_by_one(group: str) -> tuple[list[EntryPoint], list[tuple[str, str]]]:
    points: dict[str, list[EntryPoint]] = {}
    malformed: list[tuple[str, str]] = []
    for number, distribution in enumerate(distributions()):
        name = f"distribution {number}"
        try:
            name = str(distribution.metadata["Name"] or getattr(distribution, "_path", name))
            # Of two with one name, the first on the path is the one that is imported.
            if name not in points:
                points[name] = list(distribution.entry_points.select(group=group))
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, the others are not
            points.setdefault(name, [])
            malformed.append((name, f"its entry_points.txt cannot be read: {message_of(error)}"))
    return [point for some in points.values() for point in some], malformed


def _whose(point: EntryPoint) -> tuple[str, str]:
    try:
        return (point.dist.name, point.dist.version) if point.dist else (point.value, "")
    except Exception:  # noqa: BLE001 -- metadata without a name or version
        return point.value, ""
