"""The verdict on every backend, the most preferred first; and a machine with fewer of its GPUs."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

from hatch_torch.catalog.backend import FAMILIES
from hatch_torch.catalog.releases import (
    inferred_releases,
    known_backends,
    published_releases,
    torch_releases,
)
from hatch_torch.compatibility.support import Verdict, get_required_gpus, incompatibility
from hatch_torch.compatibility.vendors import (
    find_preferred_rocm,
    get_amd_gpus,
    get_nvidia_gpus,
    is_verified,
    measure_cuda_distances,
    parse_capability,
)
from hatch_torch.compatibility.wheel_builds import find_nearest_backend, format_gpus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.hardware.model import Accelerator, Hardware

_MAX_SUBSETS_OF = 4
"""So many different GPUs are combined in every way; of more, only the best and each alone."""
_PLAIN = {"cpu": "runs everywhere", "mps": "runs on Apple silicon"}


def rank_backends(
    hardware: Hardware,
    target: Target,
    allowed: Collection[Backend] | None = None,
    *,
    foreign: Collection[Backend] = (),
    pinned: Version | None = None,
) -> tuple[Verdict, ...]:
    """Return a verdict for every known and every allowed backend, the most preferred first.

    The order: NVIDIA's, AMD's, Intel's, then the plain backends; in each family the compatible
    before the others, then what suits the driver or the installed ROCm best, then the newest.
    Compatible means that some release runs on the machine; `incompatibility` tells which one.

    `allowed`: the backends that may be used, None for all. `foreign`: backends from an index of
    the project's own. `pinned`: the release of torch that the project pins.
    """
    unknown = [backend for backend in allowed or () if backend not in known_backends()]
    verdicts = [
        _evaluate(backend, hardware, target, foreign=backend in foreign, pinned=pinned)
        if allowed is None or backend in allowed
        else Verdict(backend, is_compatible=False, reason="not one of this project's extras")
        for backend in (*known_backends(), *unknown)
    ]
    return _sort(_prefer_verified(verdicts, target, foreign), hardware, target)


def _evaluate(
    backend: Backend, hardware: Hardware, target: Target, *, foreign: bool, pinned: Version | None
) -> Verdict:
    published = published_releases(backend, target.platform)
    inferred = inferred_releases(backend, target.platform)
    releases = (*published, *inferred) or torch_releases()[-1:]
    reasons = {
        release: incompatibility(backend, release, hardware, target, foreign=foreign, pinned=pinned)
        for release in releases
    }
    compatible = [release for release, reason in reasons.items() if reason is None]
    gpus = get_required_gpus(backend, hardware)
    note = "" if foreign or not gpus else _describe_stand_in(backend)
    if not compatible:
        return Verdict(backend, is_compatible=False, reason=f"{reasons[releases[-1]]}{note}")
    runs_on = _PLAIN.get(backend.family) or f"runs on {format_gpus(gpus)}"
    if confirmed := [release for release in compatible if release not in inferred]:
        span = _describe_span(confirmed, published or releases)
    else:
        span = f" with torch {compatible[-1]}, if the index has it"
    return Verdict(backend, is_compatible=True, reason=f"{runs_on}{span}{note}")


def _describe_span(compatible: Collection[Version], releases: Collection[Version]) -> str:
    """Return which releases are compatible, if not all are."""
    if len(compatible) == len(releases):
        return ""
    first, last = min(compatible), max(compatible)
    return f" with torch {first}" + (f" to {last}" if last > first else "")


def _describe_stand_in(backend: Backend) -> str:
    """Return which known backend an unknown one is treated like."""
    known = [one for one in known_backends() if one.family == backend.family]
    if backend in known:
        return ""
    is_newer = backend.release > known[-1].release
    position = "newer than the tables" if is_newer else "not in the tables"
    return f"; {position}: treated like {find_nearest_backend(backend, known)}"


def _prefer_verified(
    verdicts: Collection[Verdict], target: Target, foreign: Collection[Backend]
) -> list[Verdict]:
    """Allow a ROCm backend with unverified machine code only if no other one is compatible."""
    newest = torch_releases()[-1]
    rocm = [one.backend for one in verdicts if one.is_compatible and one.backend.family == "rocm"]
    verified = [one for one in rocm if one in foreign or is_verified(one, newest, target)]
    return [
        _doubt(verdict, verified)
        if verdict.backend in rocm and verdict.backend not in verified
        else verdict
        for verdict in verdicts
    ]


def _doubt(verdict: Verdict, verified: Collection[Backend]) -> Verdict:
    doubt = "its own machine code is unverified"
    if not verified:
        reason = f"{verdict.reason}; by its device packages, {doubt}"
        return verdict._replace(reason=reason, is_doubtful=True)
    best = max(verified, key=lambda one: one.release)
    reason = f"{doubt}, and {best} runs here"
    return verdict._replace(is_compatible=False, reason=reason, is_doubtful=True)


def _sort(verdicts: Collection[Verdict], hardware: Hardware, target: Target) -> tuple[Verdict, ...]:
    compatible = [one.backend for one in verdicts if one.is_compatible]
    distances = measure_cuda_distances(compatible, hardware, target)
    if preferred := find_preferred_rocm(compatible, hardware):
        distances[preferred] = -1
    newest_first = sorted(verdicts, key=lambda one: one.backend.release, reverse=True)

    def sort_key(verdict: Verdict) -> tuple[int, bool, int]:
        backend = verdict.backend
        family = FAMILIES.index(backend.family)
        return family, not verdict.is_compatible, distances.get(backend, 0)

    return tuple(sorted(newest_first, key=sort_key))


def iter_gpu_subsets(hardware: Hardware) -> Iterator[tuple[Hardware, tuple[Accelerator, ...]]]:
    """Yield the machine with fewer GPUs of one vendor, and the GPUs that were dropped.

    First those with the best GPU, as many as possible beside it; then those without it, and so
    on. All GPUs of an architecture are kept or dropped together. Rank the backends again for a
    subset, since more of them may be compatible with it.
    """
    for gpus in (get_nvidia_gpus(hardware), get_amd_gpus(hardware)):
        ranked = sorted(gpus, key=_strength, reverse=True)
        architectures = tuple(dict.fromkeys(gpu.architecture for gpu in ranked))
        for kept in _iter_subsets(architectures):
            dropped = tuple(gpu for gpu in gpus if gpu.architecture not in kept)
            left = tuple(gpu for gpu in hardware.accelerators if gpu not in dropped)
            yield hardware._replace(accelerators=left), dropped


def _iter_subsets(architectures: tuple[str | None, ...]) -> Iterator[tuple[str | None, ...]]:
    """Yield what remains of the architectures, best first, if some of them are dropped."""
    number = len(architectures)
    if number > _MAX_SUBSETS_OF:
        yield from (architectures[:end] for end in range(number - 1, 1, -1))
        yield from ((one,) for one in architectures)
        return
    for first in range(number):
        beside = architectures[first + 1 :]
        for size in range(len(beside), -1, -1):
            for others in combinations(beside, size):
                if (kept := (architectures[first], *others)) != architectures:
                    yield kept


def _strength(gpu: Accelerator) -> tuple[int, int, int, str]:
    """Return a sort key: compute capability for NVIDIA; memory, then generation, for AMD.

    AMD's architectures have no order.
    """
    architecture = gpu.architecture or ""
    generation = re.match(r"gfx(\d+)[0-9a-f]{2}(?![0-9a-f])", architecture)
    return (
        parse_capability(gpu) or 0,
        gpu.memory_mib or 0,
        int(generation[1]) if generation else 0,  # 11 for ``gfx1100``, 9 for ``gfx90a``
        architecture,
    )
