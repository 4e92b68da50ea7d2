"""The doors for build backends, a file each: they adapt, and decide nothing."""
