"""An index without a network: stub wheels with real names and metadata, served on loopback.

It stands for PyTorch's index and for PyPI, in the demo and in the end-to-end tests. What exists is
data (the TOML files beside this), a stub is made when it is asked for.
"""
