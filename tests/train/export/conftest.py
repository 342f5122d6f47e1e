"""The small network of the tests of its formats."""

from support.networks import expected, network, pictures, single

__all__ = ["expected", "network", "pictures", "single"]
