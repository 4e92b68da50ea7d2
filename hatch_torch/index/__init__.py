"""What an index offers."""

from hatch_torch.index.offer import Index

__all__ = ["Index"]
