"""`torch-variant.lock`: the wheels of every backend, Python and platform, in the checkout."""
