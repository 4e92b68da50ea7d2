"""One decision for several hosts, a layer above `decide`: merge them, decide, check each host.

A cluster's nodes share one environment, so its wheels have to run on all of them. `decide` sees
one machine that stands for all: every accelerator, the oldest driver. What that machine runs may
still not run on each host, since drivers and accelerators were mixed; so every host is checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from hatch_torch.catalog.releases import TORCH
from hatch_torch.catalog.target import platform_name
from hatch_torch.compatibility.ranking import iter_gpu_subsets
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.config.backend_request import PORTABLE
from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.model import Hardware, Nvidia, ProbeReport, Rocm
from hatch_torch.resolution.decide import (
    collect_requirements,
    decide,
    find_pinned_torch,
    read_request,
    select_requested,
)
from hatch_torch.resolution.strategies import evaluate_backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.backend_request import BackendRequest
    from hatch_torch.resolution.model import Decision, ResolutionInputs
    from hatch_torch.resolution.strategies import IncompatibilityCheck

    Profile = tuple[str, Hardware]
    """The name of a host's hardware profile, and its hardware."""

_SHOWN_NAMES = 6
_CPU_FAMILIES = {"cpu", "mps"}
_HINT = "decide for each kind of node separately, or request one backend by name"


class Host(NamedTuple):
    """A machine of several, and what runs on it."""

    name: str
    """The name of its profile."""
    hardware: Hardware
    usable: tuple[Backend, ...]
    """The backends that use its accelerators, the most preferred first; none: the CPU's alone."""
    incompatibility: str | None = None
    """Why the decided wheel does not run on it, or None."""

    @property
    def accelerators(self) -> str:
        """Its accelerators in words."""
        names = (f"{gpu.name}, {gpu.architecture}" for gpu in self.hardware.accelerators)
        return "; ".join(dict.fromkeys(names)) or "no accelerator"


class MultiHostDecision(NamedTuple):
    """A decision, and what it means for each host."""

    decision: Decision
    hosts: tuple[Host, ...] = ()


def decide_for_hosts(inputs: ResolutionInputs, profiles: Sequence[Profile]) -> MultiHostDecision:
    """Return the decision for hosts whose hardware `inputs.probe` returns merged.

    Without profiles it is `decide`'s, for this machine. Raises NoAnswerError where the hosts with
    an accelerator have no backend in common, or where the wheel runs on some of them only, unless
    it was requested by name.
    """
    request = read_request(inputs)
    if not profiles or request.value == PORTABLE or TORCH in inputs.uv_routed:
        return MultiHostDecision(decide(inputs))
    hosts = tuple(_evaluate_host(inputs, request, *profile) for profile in profiles)
    usable = [set(host.usable) for host in hosts if host.usable]
    if usable and not set.intersection(*usable):
        raise NoAnswerError(
            _format_hosts("the nodes have no backend in common:", hosts), hint=_HINT
        )
    return _check_hosts(inputs, request, MultiHostDecision(decide(inputs), hosts))


def _check_hosts(
    inputs: ResolutionInputs, request: BackendRequest, result: MultiHostDecision
) -> MultiHostDecision:
    decision = result.decision
    torch = next((pin for pin in decision.pins if pin.name == TORCH), None)
    if decision.backend is None or torch is None:
        return result
    release = Version(torch.version.public)
    hosts = tuple(_check_host(inputs, host, decision.backend, release) for host in result.hosts)
    if not request.is_mandatory and any(host.incompatibility for host in hosts):
        raise NoAnswerError(
            _format_hosts("no torch in range runs on every node:", hosts), hint=_HINT
        )
    warnings = _warn_of_idle_hosts(hosts, decision.backend)
    return MultiHostDecision(decision.with_warnings(*warnings), hosts)


def make_host_check(inputs: ResolutionInputs, profiles: Iterable[Profile]) -> IncompatibilityCheck:
    """Return the check that a release of a backend runs on every host."""
    hosts = [Host(*profile, usable=()) for profile in profiles]

    def check(backend: Backend, release: Version) -> str | None:
        checked = (_check_host(inputs, host, backend, release) for host in hosts)
        return next((host.incompatibility for host in checked if host.incompatibility), None)

    return check


def merge_hardware(machines: Sequence[Hardware]) -> Hardware:
    """Return one machine for several: their accelerators, the oldest driver, ROCm and C library.

    Only vendors that all of them have count; where there is none, only the CPU suits them all.
    Expects at least one machine; the other facts about the system are the first one's.
    """
    first = machines[0]._replace(libc=_oldest_libc(machine.libc for machine in machines))
    vendors = [{gpu.vendor for gpu in machine.accelerators} for machine in machines]
    shared = set.intersection(*vendors)
    if any(vendors) and not shared:
        report = ProbeReport("profiles", "absent", "the profiles have no vendor in common")
        return first._replace(
            accelerators=(), nvidia=None, rocm=None, probe_reports=(report,), environment_hints=()
        )
    gpus = (gpu for machine in machines for gpu in machine.accelerators if gpu.vendor in shared)
    return first._replace(
        accelerators=tuple(dict.fromkeys(gpus)),
        nvidia=_merge_nvidia([machine.nvidia for machine in machines if machine.nvidia]),
        rocm=_merge_rocm([machine.rocm for machine in machines if machine.rocm]),
    )


def _merge_nvidia(drivers: Sequence[Nvidia]) -> Nvidia | None:
    if not drivers:
        return None
    return Nvidia(
        _oldest(driver.driver for driver in drivers), _oldest(driver.cuda for driver in drivers)
    )


def _merge_rocm(stacks: Sequence[Rocm]) -> Rocm | None:
    return Rocm(_oldest(stack.version for stack in stacks)) if stacks else None


def _oldest_libc(libcs: Iterable[str | None]) -> str | None:
    """Return the oldest glibc, or musl where a host has it: no wheel of PyTorch runs on that."""
    return min(
        filter(None, libcs),
        key=lambda libc: (not libc.startswith("musl"), _parse_numbers(libc)),
        default=None,
    )


def _oldest(versions: Iterable[str | None]) -> str | None:
    return min(filter(None, versions), key=_parse_numbers, default=None)


def _parse_numbers(version: str) -> list[int]:
    # A profile may be written by hand, so this need not be a version of PEP 440.
    return [int(number) for number in re.findall(r"[0-9]+", version)]


def find_common_platform(profiles: Iterable[Profile]) -> str | None:
    """Return the one platform that the profiles name, or None where they name none.

    Raises NoAnswerError where they name several: no wheel is for two.
    """
    platforms: dict[str, list[str]] = {}
    for name, hardware in profiles:
        if hardware.system:
            platform = platform_name(hardware.system, hardware.machine or "")
            platforms.setdefault(platform, []).append(name)
    if len(platforms) > 1:
        names = "; ".join(f"{key} ({_shorten(names)})" for key, names in platforms.items())
        raise NoAnswerError(
            f"the nodes have no platform in common: {names}", hint="choose one with --platform"
        )
    return next(iter(platforms), None)


def _evaluate_host(
    inputs: ResolutionInputs, request: BackendRequest, name: str, hardware: Hardware
) -> Host:
    pinned = _find_pinned(inputs)
    for stage in _iter_parts(hardware.infer_gpus()):
        verdicts = evaluate_backends(inputs.config, request, stage, inputs.target, pinned)
        usable = (verdict.backend for verdict in verdicts if verdict.is_compatible)
        if accelerated := tuple(one for one in usable if one.family not in _CPU_FAMILIES):
            return Host(name, hardware, accelerated)
    return Host(name, hardware, ())


def _check_host(inputs: ResolutionInputs, host: Host, backend: Backend, release: Version) -> Host:
    """Return the host with the reason why a release does not run on it, or with None.

    It need not run on every GPU of a host that has different ones, as in `plan_strategies`.
    """
    extra = inputs.config.find_extra(backend)
    foreign, pinned = bool(extra and extra.index_url), _find_pinned(inputs)
    reasons = [
        incompatibility(backend, release, part, inputs.target, foreign=foreign, pinned=pinned)
        for part in _iter_parts(host.hardware.infer_gpus())
    ]
    return host._replace(incompatibility=None if None in reasons else reasons[0])


def _iter_parts(hardware: Hardware) -> Iterator[Hardware]:
    yield hardware
    for part, _ in iter_gpu_subsets(hardware):
        yield part


def _find_pinned(inputs: ResolutionInputs) -> Version | None:
    return find_pinned_torch(inputs, select_requested(inputs, collect_requirements(inputs)))


def _warn_of_idle_hosts(hosts: Iterable[Host], backend: Backend) -> Iterator[str]:
    limiting = [host.name for host in hosts if not host.usable]
    idle = [host.name for host in hosts if host.usable]
    if backend.family in _CPU_FAMILIES and limiting and idle:
        yield (
            f"{_shorten(limiting)} can only use the CPU wheel, "
            f"so the accelerators of {_shorten(idle)} stay idle"
        )


def _format_hosts(title: str, hosts: Iterable[Host]) -> str:
    """Return what runs where, one line for hosts that are alike."""
    names: dict[str, list[str]] = {}
    for host in hosts:
        usable = _shorten([str(backend) for backend in host.usable]) or "only the CPU wheel"
        line = f"({host.accelerators}): {host.incompatibility or usable}"
        names.setdefault(line, []).append(host.name)
    lines = [f"  {_shorten(alike)} {line}" for line, alike in names.items()]
    return "\n".join([title, *lines])


def _shorten(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
