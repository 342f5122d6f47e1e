"""Networks in model files: opened, checked, and run on pictures of faces.

A library for the other packages, not a plugin: `classifier` joins a network to its side file,
`prepare` makes its input, and LiteRT, ONNX Runtime and Keras run it behind one protocol.
"""
