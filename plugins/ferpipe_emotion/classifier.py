"""The earlier address of `ferpipe_networks.classifier`, kept for programs that import it."""

from ferpipe_networks.classifier import Classifier, open_classifier

__all__ = ["Classifier", "open_classifier"]
