"""Finding plugins: entry points, files beside a pipeline, and what each one offers."""

from ferpipe.plugins._installed import points_of
from ferpipe.plugins._named import registry_with
from ferpipe.plugins._registry import Broken, Registry, StageEntry

__all__ = ["Broken", "Registry", "StageEntry", "points_of", "registry_with"]
