"""How good a network is: scores with intervals, robustness, and comparisons."""
