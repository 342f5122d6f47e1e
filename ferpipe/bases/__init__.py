"""Bases for stages that many plugins need: a classifier of faces, a file that is written, a sender."""

from ferpipe.bases.classifier import Classifier
from ferpipe.bases.file_sink import FileOptions, FileSink
from ferpipe.bases.sender import Sender, SenderOptions

__all__ = ["Classifier", "FileOptions", "FileSink", "Sender", "SenderOptions"]
