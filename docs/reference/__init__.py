"""Makes the reference in docs/ from the code: `python -m docs.reference`."""
