"""`command`: the pip command that the selector on pytorch.org would give."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_torch.deciding.pins import Pin
    from hatch_torch.export.subject import Subject


def command(subject: Subject) -> str:
    """Return one command line; what the family requires comes from the same index, by itself."""
    decision = subject.decision
    if decision.backend is None:
        asked = shlex.join(("pip", "install", *map(str, subject.wanted)))
        return f"{subject.header}\n{asked if subject.wanted else '# nothing requires torch'}\n"
    pins = subject.members
    from_index = any(pin.url for pin in pins)
    words = (
        *("pip", "install"),
        *(["--pre"] if any(pin.version.is_prerelease for pin in pins) else []),
        *map(_version, pins),
        *(["--index-url", subject.index_url(decision.backend).rstrip("/")] if from_index else []),
    )
    return f"{shlex.join(words)}\n"


def _version(pin: Pin) -> str:
    """Name a version; the backend's index tells its local part."""
    return f"{pin.name}=={pin.version.public if pin.url else pin.version}"
