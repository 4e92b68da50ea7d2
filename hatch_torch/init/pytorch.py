"""PyTorch's own index, as people write it into their tables."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hatch_torch.backend import Backend
from hatch_torch.project.schema import CHANNELS, is_backend

_HOST = "download.pytorch.org"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of PyTorch's index."""

    backend: Backend | None = None
    """None for the root, which has the wheels of every backend."""
    channel: str = "stable"


def folder(url: object) -> Folder | None:
    """Read an index's URL; None where it is not PyTorch's."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    names = [name for name in parts.path.split("/") if name]
    if parts.hostname != _HOST or names[:1] != ["whl"]:
        return None
    channel = names[1] if names[1:] and names[1] in CHANNELS else "stable"
    last = names[-1]
    return Folder(Backend.parse(last) if is_backend(last) else None, channel)
