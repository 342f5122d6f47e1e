"""Training networks on labelled faces: data, recipes, the loop and its report.

Nothing here is imported by a pipeline.  Keras and matplotlib come with `ferpipe[train]`.
"""
