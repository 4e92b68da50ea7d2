"""A backend, a build of torch: its spellings, and its order within its accelerator family."""

from __future__ import annotations

import re
from typing import NamedTuple

FAMILIES = ("cuda", "rocm", "xpu", "mps", "cpu")
"""The accelerator families."""

# No wheel is for a CUDA before 7, so that `cu12` is incomplete (`cu121`, `cu124` …), not 1.2.
_CUDA = r"(?a)cu(?:da)?-?([7-9]|[1-9]\d)\.?(\d)"
_ROCM = r"(?a)rocm-?([1-9]\d?(?:\.\d{1,2}){1,2})"
_ROCM_DOTLESS = r"(?a)rocm-?([2-9]|1\d)(\d)(\d?)"
# ``rocm714`` could also be 7.1.4, which PyTorch never published.
_ROCM_TWO_DIGIT_MINORS = {"714": (7, 14)}


class Backend(NamedTuple):
    """A build of torch, such as ``cpu``, ``cu124``, ``rocm6.2.4``, ``xpu`` or ``mps``."""

    family: str
    release: tuple[int, ...] = ()
    """The release of CUDA or ROCm: (12, 4); empty for the other families."""

    @classmethod
    def parse(cls, text: str) -> Backend:
        """Return the backend of a usual spelling: ``cu124``, ``CUDA12.4``, ``rocm70``, ``ROCm7.0``.

        Raises ValueError for anything else, also for a family without a release (``cuda``).
        """
        spelling = text.strip().lower()
        if spelling in {"cpu", "xpu", "mps"}:
            return cls(spelling)
        if match := re.fullmatch(_CUDA, spelling):
            return cls("cuda", (int(match[1]), int(match[2])))
        if release := _rocm_release(spelling):
            return cls("rocm", release)
        raise ValueError(f"{text!r} is not a backend")

    @property
    def name(self) -> str:
        """The backend's name, which is its folder on the index too: ``cu124``, ``rocm6.2.4``."""
        if self.family == "cuda":
            return "cu" + "".join(map(str, self.release))
        return self.family + ".".join(map(str, self.release))

    @property
    def extra(self) -> str:
        """The name as an extra, without dots: ``rocm624``."""
        return self.name.replace(".", "")

    @property
    def folder(self) -> str:
        """Its folder on an index; the macOS wheels are in the CPU's."""
        return "cpu" if self.family == "mps" else self.name

    def __str__(self) -> str:
        """Return the name."""
        return self.name


def _rocm_release(spelling: str) -> tuple[int, ...] | None:
    if match := re.fullmatch(_ROCM, spelling):
        return tuple(map(int, match[1].split(".")))
    if match := re.fullmatch(_ROCM_DOTLESS, spelling):
        known = _ROCM_TWO_DIGIT_MINORS.get("".join(match.groups()))
        return known or tuple(int(part) for part in match.groups() if part)
    return None
