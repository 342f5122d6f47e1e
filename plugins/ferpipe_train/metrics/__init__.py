"""Figures of answers against labels: scores with intervals, and calibration."""
