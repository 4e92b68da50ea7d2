"""A decision for people and tools beside the hook: one small file per format, each pure."""

from hatch_torch.export.formats import FORMATS, Format
from hatch_torch.export.subject import MARK, Subject

__all__ = ["FORMATS", "MARK", "Format", "Subject"]
