"""The earlier address of model lookup in `ferpipe.models`, kept for programs that import it."""

from ferpipe.models import find_model, load_model_card

__all__ = ["find_model", "load_model_card"]
