"""What an index offers, or a folder of wheels."""

from hatch_torch.index.offer import Index
from hatch_torch.index.wheelhouse import Wheelhouse

__all__ = ["Index", "Wheelhouse"]
