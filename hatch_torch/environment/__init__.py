"""The environment that packages are installed into: where it is, and what it holds."""
