"""Small real networks, built, trained a little and saved in every format, once a run."""

from support.networks import expected, files, network, pictures, single

__all__ = ["expected", "files", "network", "pictures", "single"]
