"""What is installed already and may stay: PyTorch's own builds, a vendor's, and earlier pins.

Lazy imports: where everything that is installed may stay, the index is never opened, and the
modules that would ask it are not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog.releases import TORCH, is_built_alike, is_index_only, required_torch
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.config.requirements import merge_specifiers, parse_constraints, specifier_of
from hatch_torch.errors import IndexFaultError, NoAnswerError
from hatch_torch.resolution.model import Pin, Solution
from hatch_torch.resolution.strategies import get_cpu_backend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.backend_request import BackendRequest
    from hatch_torch.config.requirements import FamilyRequirement
    from hatch_torch.environment.packages import FamilyPackage
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.candidates import Specifiers
    from hatch_torch.resolution.model import ResolutionInputs
    from hatch_torch.resolution.strategies import Strategy

_REPLACE_HINT = 'set existing = "replace" in [tool.torch-variant] to install PyTorch\'s own build'


class Reusable(NamedTuple):
    """The installed packages that stay, torch first, and their backend."""

    backend: Backend
    members: tuple[FamilyPackage, ...]


def keep_installed(
    inputs: ResolutionInputs, strategy: Strategy, specifiers: Mapping[Backend, Specifiers]
) -> Solution | None:
    """Return the solution that keeps what is installed and adds what is missing beside it.

    None where nothing may stay. Raises IndexFaultError where a member is missing and the index
    does not answer.
    """
    if inputs.upgrade:
        return None
    kept = find_reusable(inputs.find_installed(inputs.family), strategy, specifiers)
    if kept is None:
        return None
    backend, wanted = kept.backend, specifiers[kept.backend]
    members = tuple(_pin_kept(inputs, package) for package in kept.members)
    pins = (*members, *_pin_companions(inputs, kept.members))
    has_all = {pin.name for pin in members} >= wanted.keys()
    if has_all and all(pin.by_version or pin.url for pin in pins):
        return Solution(backend, pins)
    from hatch_torch.resolution.solve import solve_with_fixed_pins  # noqa: PLC0415 (see above)

    try:
        completed = solve_with_fixed_pins(inputs, backend, pins, wanted)
    except IndexFaultError as fault:
        if not has_all:
            raise
        by_version = tuple(pin._replace(by_version=True) for pin in pins)
        return Solution(backend, by_version, (f"kept: {fault.message}",))
    return Solution(backend, completed) if completed else None


def find_reusable(
    installed: Iterable[FamilyPackage], strategy: Strategy, specifiers: Mapping[Backend, Specifiers]
) -> Reusable | None:
    """Return what a strategy may keep of what is installed, or None.

    torch must be PyTorch's own build of one of the strategy's backends, in range, and run here;
    another member must be of the same backend, in range, and built for that torch.
    """
    packages = {package.name: package for package in installed}
    torch = packages.get(TORCH)
    if torch is None or torch.backend is None or torch.built_by != "pytorch":
        return None
    wanted = specifiers.get(torch.backend)
    if wanted is None:
        return None
    if strategy.incompatibility(torch.backend, Version(torch.version.public)) is not None:
        return None
    if not all(_is_in_range(package, wanted) for package in packages.values()):
        return None
    members = [one for one in packages.values() if one.name in wanted and one is not torch]
    if not all(_belongs_to(member, torch) for member in members):
        return None
    return Reusable(torch.backend, (torch, *members))


def _is_in_range(package: FamilyPackage, specifiers: Specifiers) -> bool:
    specifier = specifiers.get(package.name)
    return specifier is None or specifier.contains(package.version, prereleases=True)


def _belongs_to(member: FamilyPackage, torch: FamilyPackage) -> bool:
    """Return whether a member's build goes with torch's, and its release with that torch."""
    required = required_torch(member.name, Version(member.version.public))
    for_torch = required is None or required.contains(torch.version, prereleases=True)
    if member.backend is None or torch.backend is None:
        return for_torch and member.backend is None
    return for_torch and is_built_alike(member.name, member.version, member.backend, torch.backend)


def _pin_kept(inputs: ResolutionInputs, package: FamilyPackage) -> Pin:
    """Pin by version where the installer accepts that, or where PyPI has the very wheel."""
    pin = pin_installed(package)
    from_pypi = pin.url is None and pin.version.local is None
    return pin._replace(by_version=inputs.allows_version_pins or from_pypi)


def _pin_companions(inputs: ResolutionInputs, members: Iterable[FamilyPackage]) -> tuple[Pin, ...]:
    """Pin what came from torch's index with it: no other index may serve these names."""
    names = find_companion_names(members, inputs.target)
    packages = inputs.find_installed(names) if names else ()
    return tuple(
        pin_installed(package)._replace(by_version=inputs.allows_version_pins)
        for package in packages
    )


def find_companion_names(members: Iterable[FamilyPackage], target: Target) -> frozenset[str]:
    """Return the requirements of the kept packages that only the backend's index serves."""
    requirements = [Requirement(line) for member in members for line in member.requires]
    return frozenset(
        name
        for one in requirements
        if is_index_only(name := canonicalize_name(one.name), target.platform, one.specifier)
        and marker_applies(one.marker, target.environment)
    )


def pin_installed(package: FamilyPackage) -> Pin:
    """Pin an installed package to its exact version."""
    return Pin.from_url(package.name, package.version, package.direct_url, by_version=True)


def find_vendor_build(installed: Iterable[FamilyPackage]) -> FamilyPackage | None:
    """Return the installed torch if PyTorch did not build it, else None."""
    torches = (package for package in installed if package.name == TORCH)
    return next((torch for torch in torches if torch.built_by != "pytorch"), None)


def keep_vendor_build(
    inputs: ResolutionInputs,
    request: BackendRequest,
    hardware: Hardware,
    requirements: Collection[FamilyRequirement],
) -> Solution | None:
    """Pin a torch that PyTorch did not build, so that nothing replaces it; None without one.

    Raises NoAnswerError where it is out of range, where a member that goes with it is missing, and
    where a vendor's image has one but the environment is unknown.
    """
    overridden = inputs.config.existing == "auto" and request.is_mandatory
    if inputs.config.existing == "replace" or overridden:
        return None
    if "vendor-image" in hardware.environment_hints and not inputs.sees_environment:
        raise NoAnswerError(
            "this image has its vendor's own build of torch, but the environment to install into "
            "is unknown",
            hint="name the environment (uv pip install --python /path/to/environment), or "
            + _REPLACE_HINT,
        )
    installed = inputs.find_installed(inputs.family)
    torch = find_vendor_build(installed)
    return _pin_vendor_build(inputs, torch, installed, requirements) if torch else None


def _pin_vendor_build(
    inputs: ResolutionInputs,
    torch: FamilyPackage,
    installed: Collection[FamilyPackage],
    requirements: Collection[FamilyRequirement],
) -> Solution:
    backend = torch.backend or get_cpu_backend(inputs.target)
    specifiers = merge_specifiers(
        requirements, inputs.target.environment, None, inputs.config.family, inputs.constraints
    )
    build = f"the installed torch {torch.version}, which PyTorch did not build ({torch.built_by})"
    if not specifiers[TORCH].contains(torch.version, prereleases=True):
        raise NoAnswerError(
            f"{build}, is not in the range torch{specifiers[TORCH]}", hint=_REPLACE_HINT
        )
    pins = tuple(pin_installed(package) for package in installed if package.name in specifiers)
    if missing := specifiers.keys() - {pin.name for pin in pins}:
        names = ", ".join(sorted(missing))
        from hatch_torch.resolution.solve import solve_with_fixed_pins  # noqa: PLC0415 (see above)

        try:
            completed = solve_with_fixed_pins(inputs, backend, pins, specifiers)
        except IndexFaultError as fault:
            raise NoAnswerError(
                f"{names}: not installed beside {build}, and {fault.message}", hint=_REPLACE_HINT
            ) from fault
        if completed is None:
            raise NoAnswerError(
                f"{names}: not installed, and no wheel goes with {build}", hint=_REPLACE_HINT
            )
        pins = completed
    return Solution(backend, pins, (f"kept {build}",))


def read_previous_pins(
    inputs: ResolutionInputs, solution: Solution, specifiers: Specifiers, extra: str
) -> tuple[Pin, ...] | None:
    """Return the solution's pins and those that the previous install has for an extra, or None.

    Without these, every install of a checkout would open the index for wheels that it does not
    install. They are stale where a pin of the solution has another version there, where a member
    is missing or out of its range (`specifiers`), and where a wheel is not on the index that is
    configured now. A newer release does not make them stale, as with installed packages.
    """
    # An install puts its own requirements in front, so the first of a name counts.
    previous = {pin.name: pin for pin in reversed([*_parse_pins(inputs, extra)])}
    fixed = {pin.name: pin for pin in solution.pins}
    further = [pin for name, pin in previous.items() if name not in fixed]
    moved = any(
        previous[name].version != fixed[name].version for name in previous.keys() & fixed.keys()
    )
    in_range = all(
        name in previous and specifier.contains(previous[name].version, prereleases=True)
        for name, specifier in specifiers.items()
    )
    if moved or not in_range or not _are_on_index(inputs, solution.backend, further):
        return None
    return (*solution.pins, *further)


def _parse_pins(inputs: ResolutionInputs, extra: str) -> Iterator[Pin]:
    """Yield what the previous METADATA pins of the family under an extra."""
    target = inputs.target
    lines = (line for line in inputs.read_previous_requirements() if "extra" in line)
    for requirement in parse_constraints(lines):
        name, version = canonicalize_name(requirement.name), _exact_version(requirement)
        of_family = name in inputs.family or is_index_only(
            name, target.platform, requirement.specifier
        )
        in_extra = marker_applies(requirement.marker, target.environment, extra)
        in_base = marker_applies(requirement.marker, target.environment, "")
        if version and of_family and in_extra and not in_base:
            yield Pin.from_url(name, version, requirement.url)


def _exact_version(requirement: Requirement) -> Version | None:
    """Return the one version that a requirement admits, or None where it admits several."""
    for specifier in specifier_of(requirement):
        if specifier.operator == "==" and not specifier.version.endswith("*"):
            return Version(specifier.version)
    return None


def _are_on_index(inputs: ResolutionInputs, backend: Backend, pins: Iterable[Pin]) -> bool:
    """Return whether wheels are below the configured root, or both are on PyTorch's hosts."""
    from hatch_torch.index.urls import PYTORCH_HOSTS, get_host  # noqa: PLC0415 (see above)

    index_config = inputs.find_index_config()
    if index_config is None:
        return False
    root = index_config.folders.get(backend, index_config.root)
    folder = root.rstrip("/") + "/"
    return all(
        pin.url is not None
        and (pin.hash_fragment or not inputs.config.require_hashes)
        and (pin.url.startswith(folder) or {get_host(folder), get_host(pin.url)} <= PYTORCH_HOSTS)
        for pin in pins
    )
