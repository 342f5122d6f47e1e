"""Networks written for others: LiteRT, ONNX, and ensembles of several."""
