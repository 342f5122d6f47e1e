"""YAML documents whose values know their places: reading, variables and validation.

Pipelines and the recipes of trainings are read by it.  It knows neither stages nor graphs.
"""
