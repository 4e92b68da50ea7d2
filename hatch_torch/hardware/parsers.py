"""Reading what tools and files say: they may lie, break off, or speak another language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_torch.hardware.process import Ran

UNKNOWN = "unknown"
"""The name of a device that does not tell it."""
_ESCAPE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+"
_LONGEST = 100
_NO_NAME = r"(?i)\[.*\]|err!|n/a|unknown.*|"
_DRIVER = r"\d{3}\.\d{1,3}(?:\.\d{1,3})?"
_CUDA = r"\d{1,2}\.\d{1,2}"
_OLDEST_CUDA, _NEWEST_CUDA = 5, 40
_NEWEST_CAPABILITY, _MINORS = 30, 10
_MOST_MIB = 2**24  # 16 TiB of memory on one device


def clean(text: str, longest: int = _LONGEST) -> str:
    """Return text without terminal escapes and control characters, on one line, cut off."""
    plain = re.sub(_CONTROL, " ", re.sub(_ESCAPE, "", text))
    return " ".join(plain.split())[:longest].strip()


def name(text: str) -> str:
    """Return a device's name; "unknown" for what is none (``[N/A]``, ``ERR!``)."""
    cleaned = clean(text)
    return UNKNOWN if re.fullmatch(_NO_NAME, cleaned) else cleaned


def driver(text: str | None) -> str | None:
    """Return the version of an NVIDIA driver (``580.65.06``), or None where it is none."""
    stripped = (text or "").strip()
    return stripped if re.fullmatch(_DRIVER, stripped) else None


def cuda(text: str | None) -> str | None:
    """Return a CUDA release (``12.4``), or None where it is none."""
    stripped = (text or "").strip()
    if not re.fullmatch(_CUDA, stripped):
        return None
    return stripped if _OLDEST_CUDA <= int(stripped.split(".")[0]) <= _NEWEST_CUDA else None


def cuda_of_number(number: int) -> str | None:
    """Return the release of a number of NVIDIA's interfaces: 12040 is 12.4."""
    return cuda(f"{number // 1000}.{number % 1000 // 10}")


def sm(major: int, minor: int) -> str | None:
    """Return the architecture of a compute capability: 9, 0 is sm_90; None for a wild number."""
    plausible = 0 < major <= _NEWEST_CAPABILITY and 0 <= minor < _MINORS
    return f"sm_{major}{minor}" if plausible else None


def mebibytes(size: int) -> int | None:
    """Return a size in bytes as mebibytes; None for a wild number."""
    return size // 2**20 if 2**20 <= size <= _MOST_MIB * 2**20 else None


def gfx(text: str) -> str | None:
    """Return AMD's name of a target, without features (``gfx90a``); None for another text.

    gfx000 is a processor (rocm_agent_enumerator).
    """
    match = re.fullmatch(r"gfx(?!0)[0-9a-f]{3,5}", text.partition(":")[0].strip())
    return match[0] if match else None


def gfx_of_number(number: int) -> str | None:
    """Return the target of KFD's number: 90010 is gfx90a, 110501 is gfx1151."""
    major, minor, step = number // 10000, number // 100 % 100, number % 100
    return gfx(f"gfx{major}{minor:x}{step:x}") if max(minor, step) < 16 else None  # noqa: PLR2004 - one hexadecimal digit


def ending(ran: Ran) -> str:
    """Say how a tool ended, and the first thing that it said."""
    said = next((line for line in ran.out.splitlines() if clean(line)), "")
    how = "hangs" if ran.code is None else f"exit code {ran.code}"
    return f"{how}: {clean(said)}" if said else how
