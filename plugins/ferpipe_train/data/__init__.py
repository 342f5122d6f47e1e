"""Labelled faces from csv files, folders of images and caches."""

from ferpipe_train.data.faces import FER_CLASSES, FERPLUS_CLASSES, LabelledFaces
from ferpipe_train.data.load import DataOptions, load_faces

__all__ = ["FERPLUS_CLASSES", "FER_CLASSES", "DataOptions", "LabelledFaces", "load_faces"]
