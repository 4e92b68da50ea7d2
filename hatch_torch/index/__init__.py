"""What an index offers, or a folder of wheels."""

from hatch_torch.index.offer import Index

__all__ = ["Index"]
