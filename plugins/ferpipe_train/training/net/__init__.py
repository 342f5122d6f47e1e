"""Everything that needs Keras: networks, augmentation layers, and the model that is trained.

Its modules import Keras when they are imported; import them inside functions, after
`need_keras()` and `import_quietly()`.
"""
