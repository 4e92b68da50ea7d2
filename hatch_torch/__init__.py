"""A plain ``pip install -e .`` gets the PyTorch wheel that is right for this machine."""

__version__ = "0.1.0"
