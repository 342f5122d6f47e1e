"""Models: their files and side files, those on this machine, and those that can be downloaded.

Nothing here imports a network library or a picture library.
"""

from ferpipe.models.card import (
    VERSION,
    Format,
    Framing,
    Input,
    Model,
    Output,
    chip_format,
    is_side_file,
    read_side_file,
)
from ferpipe.models.checksum import digest
from ferpipe.models.download import REMOTE, Remote, pull
from ferpipe.models.installed import Shelf, find
from ferpipe.models.lookup import (
    Found,
    find_model,
    keras_twin,
    known_models,
    load_model_card,
    side_files_of_others,
)
from ferpipe.models.reliability import Reliability

__all__ = [
    "REMOTE",
    "VERSION",
    "Format",
    "Found",
    "Framing",
    "Input",
    "Model",
    "Output",
    "Reliability",
    "Remote",
    "Shelf",
    "chip_format",
    "digest",
    "find",
    "find_model",
    "is_side_file",
    "keras_twin",
    "known_models",
    "load_model_card",
    "pull",
    "read_side_file",
    "side_files_of_others",
]
