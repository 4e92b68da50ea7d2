"""`torch-variant.lock`: the wheels of every backend, Python and platform, in the checkout."""

LOCK = "torch-variant.lock"
"""The file's name, in the project's own folder."""
