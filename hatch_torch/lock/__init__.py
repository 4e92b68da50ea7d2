"""`torch-variant.lock`: pinned wheels for every backend, Python and platform of a project."""

LOCK = "torch-variant.lock"
"""The name of the file, in the project's folder."""
