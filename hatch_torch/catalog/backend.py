"""A backend, one flavour of torch: its spellings, and its order within its family."""

from __future__ import annotations

import re
from typing import NamedTuple

FAMILIES = ("cuda", "rocm", "xpu", "mps", "cpu")
"""The families of backends."""

# No wheel is older than CUDA 7, so that `cu12` is half a name (of `cu121`, `cu124` …).
_CUDA = r"(?a)cu(?:da)?-?([7-9]|[1-9]\d)\.?(\d)"
_ROCM = r"(?a)rocm-?([1-9]\d?(?:\.\d{1,2}){1,2})"
_ROCM_DOTLESS = r"(?a)rocm-?([2-9]|1\d)(\d)(\d?)"
# ``rocm714`` could be 7.1.4 as well; this release of ROCm has a minor of two digits.
_ROCM_TWO_DIGIT_MINORS = {"714": (7, 14)}


class Backend(NamedTuple):
    """A flavour of torch, such as ``cpu``, ``cu124``, ``rocm6.2.4``, ``xpu`` or ``mps``."""

    family: str
    release: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Backend:
        """Read any spelling that users write (``cu124``, ``CUDA12.4``, ``rocm70``, ``ROCm7.0``).

        Raises ValueError where the text is none of them; a family without a number
        (``cuda``) is not a backend.
        """
        spelled = text.strip().lower()
        if spelled in {"cpu", "xpu", "mps"}:
            return cls(spelled)
        if match := re.fullmatch(_CUDA, spelled):
            return cls("cuda", (int(match[1]), int(match[2])))
        if release := _rocm_release(spelled):
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
        """The folder of an index that holds it; the macOS wheel lies beside the CPU's."""
        return "cpu" if self.family == "mps" else self.name

    def __str__(self) -> str:
        """Return its name."""
        return self.name


def _rocm_release(spelled: str) -> tuple[int, ...] | None:
    if match := re.fullmatch(_ROCM, spelled):
        return tuple(map(int, match[1].split(".")))
    if match := re.fullmatch(_ROCM_DOTLESS, spelled):
        known = _ROCM_TWO_DIGIT_MINORS.get("".join(match.groups()))
        return known or tuple(int(part) for part in match.groups() if part)
    return None
