"""What runs a model file: LiteRT or Keras, behind one protocol."""
