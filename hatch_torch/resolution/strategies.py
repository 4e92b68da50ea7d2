"""Strategies: which backends are tried together, in which order, and what stands in for them.

First come the backends that use the accelerators of this machine, then the CPU's wheel as far as
the project allows it. Where the index does not answer, the tables name PyPI's default wheels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.catalog import load_table
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import (
    TORCH,
    companion_versions,
    known_backends,
    published_releases,
    pypi_backend,
    supported_pythons,
    torch_releases,
)
from hatch_torch.catalog.specifiers import strip_local
from hatch_torch.compatibility.ranking import iter_gpu_subsets, rank_backends
from hatch_torch.compatibility.support import Verdict, incompatibility
from hatch_torch.compatibility.vendors import has_known_driver
from hatch_torch.config.requirements import merge_specifiers
from hatch_torch.errors import NoAnswerError
from hatch_torch.resolution.model import Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from hatch_torch.catalog.target import Target
    from hatch_torch.config.backend_request import BackendRequest
    from hatch_torch.config.config import Config
    from hatch_torch.config.requirements import FamilyRequirement
    from hatch_torch.hardware.model import Accelerator, Hardware
    from hatch_torch.resolution.candidates import Specifiers
    from hatch_torch.resolution.model import ResolutionInputs

    IncompatibilityCheck = Callable[[Backend, Version], str | None]
    """Returns why a release of a backend does not run on this machine, or None where it does."""

VENDORS = {"cuda": "nvidia", "rocm": "amd", "xpu": "intel", "mps": "apple"}
"""The vendor of each accelerator family."""

NO_WHEEL_RUNS = "no wheel in range runs on the accelerator of this machine"
"""Why the CPU's wheel is taken where there is an accelerator."""

_CPU_FAMILIES = {"cpu", "mps"}
_NO_ACCELERATOR = "no accelerator was found"
_UNKNOWN_DRIVER = (
    "the version of NVIDIA's driver is unknown, so the CUDA that needs the oldest driver is taken"
)
_DOUBTFUL = "no one has verified that the machine code of the chosen wheel runs on this GPU"


def accept_all(_backend: Backend, _release: Version) -> None:
    """Return None: every release is compatible, since the hardware is not looked at."""


class Strategy(NamedTuple):
    """Backends to be tried together, in the order of their rank."""

    backends: tuple[Backend, ...]
    """None at all: the requirements stay portable, for the reason that is the last warning."""
    incompatibility: IncompatibilityCheck = accept_all
    warnings: tuple[str, ...] = ()


def collect_specifiers(
    inputs: ResolutionInputs, strategy: Strategy, requirements: Collection[FamilyRequirement]
) -> dict[Backend, Specifiers]:
    """Return for each backend of a strategy the versions that it would have to provide."""
    config, environment = inputs.config, inputs.target.environment
    return {
        backend: merge_specifiers(
            requirements,
            environment,
            config.find_extra(backend),
            config.family,
            inputs.constraints,
        )
        for backend in strategy.backends
    }


def get_cpu_backend(target: Target) -> Backend:
    """Return the backend that every machine of a platform can use."""
    return Backend("mps" if target.platform == "macos_arm64" else "cpu")


def normalize_for_platform(request: BackendRequest, target: Target) -> BackendRequest:
    """Return the request with the CPU's backend for one that the platform never had.

    `cpu` and `mps` both mean the platform's CPU backend. Raises NoAnswerError where the backend
    was requested for this very run.
    """
    cpu = get_cpu_backend(target)
    is_cpu = request.value in _CPU_FAMILIES
    backend = Backend(str(request.value)) if is_cpu else request.backend
    if backend is None:
        return request
    if backend.family == "cpu" or backend == cpu:
        return request.with_backend(cpu)
    is_known = backend in known_backends(inferred=False)
    never = is_known and backend not in known_backends(target.platform)
    if not (never or target.platform.startswith("macos")):
        return request
    reason = f"PyTorch publishes no {backend} wheel for {target.platform}"
    if request.is_mandatory:
        raise NoAnswerError(f"{request.decided_by}: {reason}", hint=f"request {cpu} or auto")
    return request.with_backend(cpu, f"{reason}; using the CPU wheel")


def evaluate_backends(
    config: Config,
    request: BackendRequest,
    hardware: Hardware,
    target: Target,
    pinned: Version | None = None,
) -> tuple[Verdict, ...]:
    """Return a verdict on every backend that the request leaves open, the most preferred first.

    `pinned` is the release of torch that the project pins, even if it is known to be bad.
    """
    if request.backend:
        reason = f"requested by {request.decided_by}"
        return (Verdict(request.backend, is_compatible=True, reason=reason),)
    verdicts = rank_backends(
        hardware,
        target,
        _find_allowed(config, target),
        foreign=_find_foreign(config),
        pinned=pinned,
    )
    return tuple(one for one in verdicts if request.family in {None, one.backend.family})


def plan_strategies(  # noqa: PLR0913 (what a decision goes by; `pinned` is an exception to it)
    config: Config,
    request: BackendRequest,
    hardware: Hardware,
    verdicts: tuple[Verdict, ...],
    target: Target,
    *,
    pinned: Version | None = None,
) -> Iterator[Strategy]:
    """Yield the strategies that use this machine's accelerators, the most preferred first.

    The hardware is not checked for a backend requested by name, nor for a family of which this
    machine shows no device.
    """
    if request.backend:
        yield Strategy((request.backend,), warnings=request.notes)
        return
    if request.family and not hardware.of_vendor(VENDORS[request.family]):
        warning = f"{request.decided_by} requests {request.family}, but no such device was found"
        allowed = _find_allowed(config, target)
        backends = (one.backend for one in verdicts if allowed is None or one.backend in allowed)
        yield Strategy(tuple(backends), warnings=(*request.notes, warning))
        return
    first = _Stage(hardware, verdicts, pinned)
    stages = (first, *_reduce_stages(config, request, first, target))
    for family in dict.fromkeys(one.backend.family for stage in stages for one in stage.verdicts):
        for doubtful in (False, True):
            for stage in stages:
                yield from _plan_family(
                    family, config, stage, target, request.notes, doubtful=doubtful
                )


class _Stage(NamedTuple):
    """A machine, or a part of it, with the verdict on every backend."""

    hardware: Hardware
    verdicts: tuple[Verdict, ...]
    pinned: Version | None
    """The release of torch that the project pins."""
    dropped: tuple[Accelerator, ...] = ()


def _reduce_stages(
    config: Config, request: BackendRequest, stage: _Stage, target: Target
) -> Iterator[_Stage]:
    """Yield the machine without some of its GPUs, the best subset first."""
    for hardware, dropped in iter_gpu_subsets(stage.hardware):
        verdicts = evaluate_backends(config, request, hardware, target, stage.pinned)
        yield _Stage(hardware, verdicts, stage.pinned, dropped)


def _plan_family(  # noqa: PLR0913 (a part of the machine, and what is wanted of it)
    family: str,
    config: Config,
    stage: _Stage,
    target: Target,
    notes: tuple[str, ...],
    *,
    doubtful: bool,
) -> Iterator[Strategy]:
    backends = tuple(
        verdict.backend
        for verdict in stage.verdicts
        if (verdict.is_compatible or doubtful)
        and verdict.is_doubtful == doubtful
        and verdict.backend.family == family != "cpu"
    )
    dropped_of_others = any(gpu.vendor != VENDORS.get(family) for gpu in stage.dropped)
    if dropped_of_others or not backends:
        return
    foreign = _find_foreign(config)

    def check(backend: Backend, release: Version) -> str | None:
        return incompatibility(
            backend,
            release,
            stage.hardware,
            target,
            foreign=backend in foreign,
            pinned=stage.pinned,
        )

    yield Strategy(backends, check, (*notes, *_warn(family, stage, doubtful=doubtful)))


def _warn(family: str, stage: _Stage, *, doubtful: bool) -> Iterator[str]:
    """Yield what is uncertain about the wheels of a family on a part of the machine."""
    if stage.dropped:
        yield _format_dropped(stage.dropped)
    if doubtful:
        yield _DOUBTFUL
    if family == "cuda" and not has_known_driver(stage.hardware):
        yield _UNKNOWN_DRIVER


def _find_allowed(config: Config, target: Target) -> set[Backend] | None:
    """Return the backends of a project that lists its own; None where every one is allowed."""
    allowed = {extra.backend for extra in config.extras} or None
    if allowed and (target.platform.startswith("macos") or Backend("cpu") in allowed):
        allowed.add(get_cpu_backend(target))
    return allowed


def _find_foreign(config: Config) -> frozenset[Backend]:
    """Return the backends with an index of the project's own, which no table describes."""
    return frozenset(extra.backend for extra in config.extras if extra.index_url)


def _format_dropped(gpus: Collection[Accelerator]) -> str:
    names = ", ".join(f"{gpu.name} ({gpu.architecture})" for gpu in gpus)
    return (
        "no wheel in range runs on every GPU of this machine; the chosen one does not run on "
        f"{names}"
    )


def plan_fallback(
    config: Config,
    request: BackendRequest,
    hardware: Hardware,
    verdicts: Collection[Verdict],
    target: Target,
) -> Iterator[Strategy]:
    """Yield the CPU wheel's strategy, one without backends (portable), or nothing.

    `when-unsupported` decides where there is an accelerator, `when-no-accelerator` where there is
    none. Nothing where the CPU's backend is none of the project's, or does not run here. Raises
    NoAnswerError where `when-no-accelerator` is "error".
    """
    if request.family and (request.is_mandatory or not has_accelerator(hardware, verdicts)):
        return
    cpu = get_cpu_backend(target)
    excluded = any(one.backend == cpu and not one.is_compatible for one in verdicts)
    if has_accelerator(hardware, verdicts):
        if config.when_unsupported == "cpu" and not excluded:
            yield Strategy((cpu,), warnings=(*request.notes, NO_WHEEL_RUNS))
        return
    policy, reason = _choose_policy(config, hardware)
    if policy == "error":
        raise NoAnswerError(f'{reason}, and when-no-accelerator = "error" requires one')
    if policy == "portable":
        yield Strategy((), warnings=(reason,))
    elif not excluded:
        yield Strategy((cpu,), warnings=(*request.notes, reason))


def find_missing_members(
    inputs: ResolutionInputs,
    strategies: Iterable[Strategy],
    requirements: Collection[FamilyRequirement],
) -> tuple[str, ...]:
    """Return the members without which some torch of these strategies would have done; or ()."""
    for strategy in strategies:
        for backend, specifiers in collect_specifiers(inputs, strategy, requirements).items():
            torch = strip_local(specifiers[TORCH])
            runs = any(
                torch.contains(release) and _suits(strategy, backend, release, inputs.target)
                for release in published_releases(backend, inputs.target.platform)
            )
            if runs and len(specifiers) > 1:
                return tuple(f"{name}{one}" for name, one in specifiers.items() if name != TORCH)
    return ()


def has_accelerator(hardware: Hardware, verdicts: Collection[Verdict]) -> bool:
    """Return whether there is anything that torch could have computed on.

    Intel's graphics count only where they run XPU: nearly every office machine has some.
    """
    others = any(gpu.vendor != "intel" for gpu in hardware.accelerators)
    usable = any(one.is_compatible and one.backend.family != "cpu" for one in verdicts)
    return others or usable


def interpret_hints(hints: Collection[str]) -> tuple[str, str]:
    """Return the policy that environment hints ask for, `cpu` or `portable`, and the reason.

    The table's rows are in the order of their weight; a host without hints is `cpu`.
    """
    for row in load_table("environment_hints"):
        if row["hint"] in hints and row.get("effect"):
            return row["effect"], f"{_NO_ACCELERATOR}, and this is {row['meaning']}"
    return "cpu", _NO_ACCELERATOR


def _choose_policy(config: Config, hardware: Hardware) -> tuple[str, str]:
    if config.when_no_accelerator == "auto":
        return interpret_hints(hardware.environment_hints)
    return config.when_no_accelerator, _NO_ACCELERATOR


def pin_pypi_wheels(
    strategy: Strategy, specifiers: Mapping[Backend, Specifiers], target: Target
) -> tuple[Backend, tuple[Pin, ...]] | None:
    """Pin the newest release in range whose default wheel is of the strategy and runs here.

    The tables know the backend of PyPI's default wheels; the user's default index serves them.
    Returns None where there is no such release.
    """
    for release in reversed(torch_releases()):
        backend = pypi_backend(release, target.platform)
        if backend is None or backend not in specifiers:
            continue
        pins = _pin_family(release, specifiers[backend])
        if pins and _suits(strategy, backend, release, target):
            return backend, pins
    return None


def pin_from_tables(
    strategy: Strategy, backend: Backend, specifiers: Specifiers, target: Target
) -> tuple[Pin, ...]:
    """Pin the newest family in range that a backend has and that runs here; () for none."""
    families = (
        _pin_family(release, specifiers)
        for release in reversed(published_releases(backend, target.platform))
        if _suits(strategy, backend, release, target)
    )
    return next(filter(None, families), ())


def _suits(strategy: Strategy, backend: Backend, release: Version, target: Target) -> bool:
    has_python = target.python in supported_pythons(release, target.platform)
    return has_python and strategy.incompatibility(backend, release) is None


def _pin_family(release: Version, specifiers: Specifiers) -> tuple[Pin, ...]:
    """Pin torch and the newest members for it; () where a member has no version in range."""
    published = {**companion_versions(release), TORCH: (release,)}
    newest = {
        name: _find_newest(published.get(name, ()), specifiers[name])
        for name in dict.fromkeys((TORCH, *specifiers))
    }
    pins = (Pin(name, version, by_version=True) for name, version in newest.items() if version)
    return tuple(pins) if all(newest.values()) else ()


def _find_newest(versions: Iterable[Version], specifier: SpecifierSet) -> Version | None:
    return max((version for version in versions if specifier.contains(version)), default=None)
