"""Training, evaluation, explanation and export of classifiers: a workshop over `ferpipe_emotion`.

No pipeline imports it.  Keras and matplotlib come with `ferpipe[train]`.
"""
