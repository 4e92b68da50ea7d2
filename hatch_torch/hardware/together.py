"""Several machines as one: what a wheel has to run on so that it runs on each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_torch.hardware.facts import Hardware, Nvidia, Rocm, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def together(machines: Sequence[Hardware]) -> Hardware:
    """Merge machines: their accelerators, the oldest driver, ROCm and C library.

    Only a vendor that all of them have counts; where there is none, the CPU alone fits them all.
    Expects at least one machine; the other facts about the system are the first one's.
    """
    first = machines[0]._replace(libc=_libc(machine.libc for machine in machines))
    vendors = [{one.vendor for one in machine.accelerators} for machine in machines]
    shared = set.intersection(*vendors)
    if any(vendors) and not shared:
        note = Source("profiles", "absent", "the profiles have no vendor in common")
        return first._replace(accelerators=(), nvidia=None, rocm=None, sources=(note,), signs=())
    found = (one for machine in machines for one in machine.accelerators if one.vendor in shared)
    return first._replace(
        accelerators=tuple(dict.fromkeys(found)),
        nvidia=_nvidia([machine.nvidia for machine in machines if machine.nvidia]),
        rocm=_rocm([machine.rocm for machine in machines if machine.rocm]),
    )


def _nvidia(found: Sequence[Nvidia]) -> Nvidia | None:
    if not found:
        return None
    return Nvidia(_oldest(one.driver for one in found), _oldest(one.cuda for one in found))


def _rocm(found: Sequence[Rocm]) -> Rocm | None:
    return Rocm(_oldest(one.version for one in found)) if found else None


def _libc(found: Iterable[str | None]) -> str | None:
    """Return the oldest glibc, or musl where there is one: no wheel of PyTorch runs on that."""
    return min(
        filter(None, found),
        key=lambda libc: (not libc.startswith("musl"), _numbers(libc)),
        default=None,
    )


def _oldest(versions: Iterable[str | None]) -> str | None:
    return min(filter(None, versions), key=_numbers, default=None)


def _numbers(version: str) -> list[int]:
    """Return a version's numbers: a profile may hold what no package version looks like."""
    return [int(number) for number in re.findall(r"[0-9]+", version)]
