"""How the reasons of verdicts name things."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_torch.hardware.facts import Accelerator

_MAKERS = {"nvidia": "an NVIDIA GPU", "amd": "an AMD GPU", "intel": "an Intel GPU"}
_PLATFORMS = {
    "linux_x86_64": "Linux x86_64",
    "linux_aarch64": "Linux aarch64",
    "win_amd64": "Windows",
    "macos_arm64": "macOS",
    "macos_x86_64": "macOS on Intel",
}


def named(accelerators: Iterable[Accelerator]) -> str:
    """Name accelerators, each once: ``NVIDIA H200 (sm_90), Tesla T4 (sm_75)``."""
    return ", ".join(dict.fromkeys(map(_named, accelerators)))


def platform_name(platform: str) -> str:
    """Name a platform as people do."""
    return _PLATFORMS.get(platform, platform)


def family_name(family: str) -> str:
    """Name a family as its maker does."""
    return "ROCm" if family == "rocm" else family.upper()


def dotted(numbers: tuple[int, ...]) -> str:
    """Spell a version."""
    return ".".join(map(str, numbers))


@lru_cache(maxsize=256)
def numbers(text: str | None) -> tuple[int, ...]:
    """Read the numbers of a version: ``580.159.03`` is (580, 159, 3); empty where it has none.

    The same text always has the same answer: nothing makes it stale.
    """
    match = re.match(r"\D*(\d+(?:\.\d+)*)", text or "")
    return tuple(map(int, match[1].split("."))) if match else ()


def _named(one: Accelerator) -> str:
    name = _MAKERS.get(one.vendor, "a GPU") if one.name == "unknown" else one.name
    return f"{name} ({one.architecture})" if one.architecture else name
