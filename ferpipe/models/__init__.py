"""The models on this machine, by their side files, and the ones that can be downloaded."""

from ferpipe.models.download import REMOTE, Remote, pull
from ferpipe.models.installed import Shelf, find

__all__ = ["REMOTE", "Remote", "Shelf", "find", "pull"]
