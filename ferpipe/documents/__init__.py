"""YAML documents whose values know their places: reading, variables and validation.

Pipelines and the recipes of trainings are read by it.  It knows neither stages nor graphs.
"""

from ferpipe.documents.edit import move, put
from ferpipe.documents.located import Item, Notes, Place
from ferpipe.documents.reader import parse
from ferpipe.documents.text_file import read_text
from ferpipe.documents.validation import validate
from ferpipe.errors import Problem

__all__ = ["Item", "Notes", "Place", "Problem", "move", "parse", "put", "read_text", "validate"]
