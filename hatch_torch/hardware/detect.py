"""What a machine has: every vendor asked by its own chain of ways. Detection never raises."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from hatch_torch.hardware import amd, apple, intel, nvidia, overrides
from hatch_torch.hardware.chain import ask
from hatch_torch.hardware.host import ask_host

if TYPE_CHECKING:
    from collections.abc import Collection

    from hatch_torch.hardware.facts import Hardware
    from hatch_torch.hardware.machine import Machine

PROBES = (
    ("nvidia", (overrides.nvidia_by_uv, overrides.nvidia_by_conda, *nvidia.WAYS)),
    ("amd", (overrides.amd_by_uv, *amd.WAYS)),
    ("amd", amd.INSTALLED),
    ("intel", intel.WAYS),
    ("apple", apple.WAYS),
)
"""Each vendor's chains: of its ways the cheapest stands first, and the first that knows ends."""


def detect(machine: Machine, vendors: Collection[str] | None = None) -> Hardware:
    """Return what a machine has, of all vendors or of some; every probe leaves its source.

    A vendor that is not there costs some look-ups of files, no process and no library.
    """
    parts = [ask(machine, ways) for vendor, ways in PROBES if vendors is None or vendor in vendors]
    host = ask(machine, [ask_host])
    return host._replace(
        accelerators=tuple(chain.from_iterable(part.accelerators for part in parts)),
        nvidia=next(filter(None, (part.nvidia for part in parts)), None),
        rocm=next(filter(None, (part.rocm for part in parts)), None),
        sources=tuple(chain.from_iterable(part.sources for part in (*parts, host))),
        signs=tuple(chain.from_iterable(part.signs for part in (*parts, host))),
    )
