"""Parsers of what tools and files say, shared by the vendors.

Any text can come: truncated, in another language, or with escape sequences. No parser raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hatch_torch.hardware.process import CompletedProcess

UNKNOWN = "unknown"
"""The name of a device that reports none."""
_ESCAPE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+"
_MAX_CHARACTERS = 100
_NO_NAME = r"(?i)\[.*\]|err!|n/a|unknown.*|"  # as nvidia-smi writes it: ``[N/A]``, ``ERR!``
_DRIVER = r"\d{3}\.\d{1,3}(?:\.\d{1,3})?"
_CUDA = r"\d{1,2}\.\d{1,2}"
_OLDEST_CUDA, _NEWEST_CUDA = 5, 40
_NEWEST_CAPABILITY, _MINORS = 30, 10
_MAX_MIB = 2**24  # 16 TiB of memory on one device
_HEX_DIGIT = 16


def sanitize(text: str, most: int = _MAX_CHARACTERS) -> str:
    """Return a text on one line, without escape sequences and control characters, shortened."""
    plain = re.sub(_CONTROL, " ", re.sub(_ESCAPE, "", text))
    return " ".join(plain.split())[:most].strip()


def parse_name(text: str) -> str:
    """Return the name of a device, or UNKNOWN."""
    name = sanitize(text)
    return UNKNOWN if re.fullmatch(_NO_NAME, name) else name


def parse_driver(text: str | None) -> str | None:
    """Return the version of an NVIDIA driver (``580.65.06``), or None."""
    stripped = (text or "").strip()
    return stripped if re.fullmatch(_DRIVER, stripped) else None


def parse_cuda(text: str | None) -> str | None:
    """Return a CUDA release (``12.4``), or None."""
    stripped = (text or "").strip()
    if not re.fullmatch(_CUDA, stripped):
        return None
    return stripped if _OLDEST_CUDA <= int(stripped.split(".")[0]) <= _NEWEST_CUDA else None


def format_cuda(number: int) -> str | None:
    """Return the CUDA release of a number in NVIDIA's interfaces: 12040 is 12.4."""
    return parse_cuda(f"{number // 1000}.{number % 1000 // 10}")


def format_sm(major: int, minor: int) -> str | None:
    """Return the architecture of a compute capability: 9, 0 is sm_90; None if implausible."""
    is_plausible = 0 < major <= _NEWEST_CAPABILITY and 0 <= minor < _MINORS
    return f"sm_{major}{minor}" if is_plausible else None


def to_mebibytes(size: int) -> int | None:
    """Return a size in bytes as mebibytes; None if implausible."""
    return size // 2**20 if 2**20 <= size <= _MAX_MIB * 2**20 else None


def parse_gfx(text: str) -> str | None:
    """Return an AMD architecture without its features (``gfx90a``), or None.

    gfx000 is a processor (rocm_agent_enumerator).
    """
    match = re.fullmatch(r"gfx(?!0)[0-9a-f]{3,5}", text.partition(":")[0].strip())
    return match[0] if match else None


def format_gfx(number: int) -> str | None:
    """Return the architecture of KFD's `gfx_target_version`: 90010 is gfx90a, 110501 is gfx1151."""
    major, minor, step = number // 10000, number // 100 % 100, number % 100
    return parse_gfx(f"gfx{major}{minor:x}{step:x}") if max(minor, step) < _HEX_DIGIT else None


def describe_exit(completed: CompletedProcess) -> str:
    """Return how a tool ended, with the first line of its output."""
    first_line = next(filter(None, map(sanitize, completed.output.splitlines())), "")
    exit_code = completed.exit_code
    ending = "timed out" if exit_code is None else f"exit code {exit_code}"
    return f"{ending}: {first_line}" if first_line else ending
