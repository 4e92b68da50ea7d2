"""The machine without the GPUs that hold back its best.

Every backend judged, the most preferred first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_torch.catalog.backend import FAMILIES
from hatch_torch.catalog.releases import known_backends, published, torch_releases
from hatch_torch.compatibility.support import Verdict, counted, why_not
from hatch_torch.compatibility.vendors import (
    amd_gpus,
    capability,
    cuda_distances,
    favoured_rocm,
    is_verified,
    nvidia_gpus,
)
from hatch_torch.compatibility.wheel_builds import named, stand_in

if TYPE_CHECKING:
    from collections.abc import Collection

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Accelerator, Hardware


def most_capable(hardware: Hardware) -> tuple[Hardware, tuple[Accelerator, ...]] | None:
    """Return the machine with only the best GPU of a vendor (and its like), and those left out.

    NVIDIA's GPUs are reduced where they differ, else AMD's; None where all are alike. The result
    has to be ranked anew, since other backends may be usable on it.
    """
    for gpus in (nvidia_gpus(hardware), amd_gpus(hardware)):
        best = max(gpus, key=_capability, default=None)
        left_out = tuple(one for one in gpus if best and one.architecture != best.architecture)
        if left_out:
            kept = tuple(one for one in hardware.accelerators if one not in left_out)
            return hardware._replace(accelerators=kept), left_out
    return None


def _capability(accelerator: Accelerator) -> tuple[int, int, int, str]:
    """Order NVIDIA's GPUs by compute capability, AMD's by memory: their targets have no order.

    Where AMD's memory is the same, or unknown, the newer generation is the more capable one.
    """
    architecture = accelerator.architecture or ""
    memory = accelerator.memory_mib or 0
    return capability(accelerator) or 0, memory, _generation(architecture), architecture


def _generation(architecture: str) -> int:
    """Return the major of a gfx target: 11 for ``gfx1100``, 9 for ``gfx90a``; else 0."""
    match = re.match(r"gfx(\d+)[0-9a-f]{2}(?![0-9a-f])", architecture)
    return int(match[1]) if match else 0


def rank(
    hardware: Hardware,
    target: Target,
    allowed: Collection[Backend] | None = None,
    *,
    foreign: Collection[Backend] = (),
) -> tuple[Verdict, ...]:
    """Return a verdict for every known and every allowed backend, the most preferred first.

    NVIDIA's come first, then AMD's, Intel's and the plain ones; of each the usable before the
    others, then what the driver or the installed ROCm was made for, then the newest. Usable means
    that some release may run here; which, `why_not` knows. `allowed`: no other may be used.
    `foreign`: backends that come from an index of the project's own.
    """
    judged = [
        _judge(one, hardware, target, foreign=one in foreign)
        if allowed is None or one in allowed
        else Verdict(one, usable=False, reason="not one of this project's extras")
        for one in known_backends() + _unknown(allowed or ())
    ]
    return _sorted(_verified_first(judged, target, foreign), hardware, target)


def _judge(backend: Backend, hardware: Hardware, target: Target, *, foreign: bool) -> Verdict:
    releases = published(backend, target.platform) or torch_releases()[-1:]
    reasons = {one: why_not(backend, one, hardware, target, foreign=foreign) for one in releases}
    running = [one for one, reason in reasons.items() if reason is None]
    note = "" if foreign or not counted(backend, hardware) else _note(backend)
    if not running:
        return Verdict(backend, usable=False, reason=f"{reasons[releases[-1]]}{note}")
    reason = _what_runs(backend, hardware) + _span(running, releases)
    return Verdict(backend, usable=True, reason=reason + note)


def _what_runs(backend: Backend, hardware: Hardware) -> str:
    plain = {"cpu": "runs everywhere", "mps": "runs on Apple silicon"}
    return plain.get(backend.family) or f"runs on {named(counted(backend, hardware))}"


def _span(running: Collection[Version], releases: Collection[Version]) -> str:
    """Name the releases that run, where not all do."""
    if len(running) == len(releases):
        return ""
    first, last = min(running), max(running)
    return f" with torch {first}" + (f" to {last}" if last > first else "")


def _note(backend: Backend) -> str:
    """Say what a verdict on a backend that no table knows rests on."""
    known = [one for one in known_backends() if one.family == backend.family]
    if backend in known:
        return ""
    newer = backend.release > known[-1].release
    what = "newer than the table knows" if newer else "not in the tables"
    return f"; {what}: judged like {stand_in(backend, known)}"


def _unknown(allowed: Collection[Backend]) -> tuple[Backend, ...]:
    return tuple(one for one in allowed if one not in known_backends())


def _verified_first(
    judged: Collection[Verdict], target: Target, foreign: Collection[Backend]
) -> list[Verdict]:
    """Let a ROCm whose code nobody has looked into be used only where nothing else runs."""
    rocm = [one for one in judged if one.usable and one.backend.family == "rocm"]
    doubtful = [one for one in rocm if _is_doubtful(one.backend, target, foreign)]
    verified = [one.backend for one in rocm if one not in doubtful]
    return [_doubted(one, verified) if one in doubtful else one for one in judged]


def _is_doubtful(backend: Backend, target: Target, foreign: Collection[Backend]) -> bool:
    return backend not in foreign and not is_verified(backend, torch_releases()[-1], target)


def _doubted(verdict: Verdict, verified: Collection[Backend]) -> Verdict:
    doubt = "its own machine code is unverified"
    if not verified:
        return verdict._replace(reason=f"{verdict.reason}; by its device packages, {doubt}")
    best = max(verified, key=lambda one: one.release)
    return verdict._replace(usable=False, reason=f"{doubt}, and {best} runs here")


def _sorted(judged: Collection[Verdict], hardware: Hardware, target: Target) -> tuple[Verdict, ...]:
    usable = [one.backend for one in judged if one.usable]
    distances = cuda_distances(usable, hardware, target)
    distances |= dict.fromkeys(favoured_rocm(usable, hardware), -1)
    newest_first = sorted(judged, key=lambda one: one.backend.release, reverse=True)

    def place(verdict: Verdict) -> tuple[int, bool, int]:
        backend = verdict.backend
        return FAMILIES.index(backend.family), not verdict.usable, distances.get(backend, 0)

    return tuple(sorted(newest_first, key=place))
