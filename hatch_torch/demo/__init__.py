"""An index without a network: stub wheels with real names and metadata, served on loopback.

It stands for PyTorch's index and for PyPI, in `hatch-torch demo` and in the tests. The wheels that
exist are data (``index.toml``); a stub is made when it is requested.
"""
