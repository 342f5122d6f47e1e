"""The verb `batch`: many videos through one pipeline, on one machine or a cluster.

The verb comes by the entry point `ferpipe.commands`; this package brings no stages.
"""
