"""The facts about a machine, and their JSON (contract: ``hatch-torch detect --json``)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A device that torch may compute on."""

    vendor: str
    """``nvidia``, ``amd``, ``intel`` or ``apple``."""
    name: str = "unknown"
    architecture: str | None = None
    """``sm_90``, ``gfx942``, ``xe-hpg``, ``apple-m``; None where it is not known."""
    memory_mib: int | None = None


@dataclass(frozen=True, slots=True)
class Nvidia:
    """NVIDIA's driver, and the newest CUDA release whose interface it speaks."""

    driver: str | None = None
    cuda: str | None = None


@dataclass(frozen=True, slots=True)
class Rocm:
    """The ROCm release that is installed."""

    version: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One probe: what it was, how it ended (``found``, ``absent``, ``broken``), and its words."""

    probe: str
    result: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a machine has; a field that nobody knows is None or empty."""

    system: str | None = None
    """``Linux``, ``Windows`` or ``Darwin``, as ``platform.system()`` says it."""
    machine: str | None = None
    """``x86_64``, ``aarch64``, ``arm64`` or ``AMD64``, as ``platform.machine()`` says it."""
    libc: str | None = None
    """``glibc 2.36``, ``musl 1.2``; on macOS the system's own release, ``macos 14.5``."""
    python: str | None = None
    accelerators: tuple[Accelerator, ...] = ()
    nvidia: Nvidia | None = None
    rocm: Rocm | None = None
    sources: tuple[Source, ...] = ()
    signs: tuple[str, ...] = ()
    """What else tells what this machine is for: ``ci``, ``container``, ``slurm-login`` …"""

    def of_vendor(self, vendor: str) -> tuple[Accelerator, ...]:
        """Return the accelerators of one vendor."""
        return tuple(one for one in self.accelerators if one.vendor == vendor)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of contract.md, section 4."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_json(cls, text: str) -> Hardware:
        """Read a hardware profile, which may leave out what it does not know.

        Raises ValueError, whose message says what is wrong and where.
        """
        raise NotImplementedError(json.loads(text))
