"""From pins to injected requirements: each under the marker and the extra it belongs to.

They go in front of the project's dependencies and of every extra. An extra that asks for another
backend than the chosen one is made unsatisfiable: it would silently get the wrong wheel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import TORCH
from hatch_torch.config.backend_request import expand_self_extras
from hatch_torch.config.requirements import merge_specifiers
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution.model import InjectedRequirement

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from packaging.requirements import Requirement

    from hatch_torch.config.requirements import FamilyRequirement
    from hatch_torch.resolution.model import Pin, ResolutionInputs, Solution

UNSATISFIABLE = "torch<0"
"""Makes the install of an extra fail, by a requirement on torch itself."""

_LIBRARIES = ("transformers", "diffusers", "accelerate", "huggingface-hub")
_BEYOND_EVERY_RELEASE = "9999"


def inject_for_all(
    inputs: ResolutionInputs,
    solution: Solution,
    requested: Collection[FamilyRequirement],
    requirements: Collection[FamilyRequirement],
) -> tuple[list[InjectedRequirement], list[str]]:
    """Return what a solution injects, each once, and warnings of extras that it excludes.

    `requested` are those of the `requirements` that this install includes.
    """
    config, pins = inputs.config, solution.pins
    backend_extras = {extra.name for extra in config.extras}
    named = {one.name for one in requested}
    # A family that the project declares, or that only a dependency requires, is pinned though no
    # requirement of the project names it.
    is_complete = {pin.name for pin in pins} & inputs.family <= named
    for_all = pins if config.family or not is_complete else ()
    ordinary = [one for one in requested if one.extra not in backend_extras]
    injected = [
        *(InjectedRequirement(pin.requirement) for pin in for_all),
        *inject(ordinary, pins, inputs.family),
        *_inject_backend_dependencies(inputs, solution),
    ]
    if config.compatibility:
        (torch,) = (pin for pin in pins if pin.name == TORCH)
        injected += inject_library_bounds(config.dependencies, torch.version)
    injected += _inject_backend_extras(inputs, solution, requirements)
    warnings = []
    unrequested = (one.extra for one in requirements if one not in requested)
    for extra in dict.fromkeys(unrequested):
        if extra and extra not in backend_extras:
            more, warning = _inject_unrequested_extra(inputs, solution, requirements, extra)
            injected += more
            warnings += [warning] if warning else []
    return list(dict.fromkeys(injected)), warnings


def inject(
    requirements: Iterable[FamilyRequirement], pins: Collection[Pin], family: Collection[str]
) -> list[InjectedRequirement]:
    """Return what to inject for requirements: torch first, then the member and the companions.

    A member of the `family` is pinned where a requirement names it; every other pin is a
    companion, which goes wherever torch goes.
    """
    injected = {
        InjectedRequirement(
            pin.requirement + _format_marker(requirement.requirement), requirement.extra
        ): None
        for requirement in requirements
        for pin in _find_pins(requirement, pins, family)
    }
    return list(injected)


def _find_pins(
    requirement: FamilyRequirement, pins: Iterable[Pin], family: Collection[str]
) -> Iterator[Pin]:
    # What the project requires by URL is its own to choose.
    from_url = requirement.name if requirement.requirement.url else None
    for pin in pins:
        if pin.name in {TORCH, requirement.name} - {from_url} or pin.name not in family:
            yield pin


def _format_marker(requirement: Requirement) -> str:
    return f" ; {requirement.marker}" if requirement.marker else ""


def _inject_backend_extras(
    inputs: ResolutionInputs, solution: Solution, requirements: Collection[FamilyRequirement]
) -> Iterator[InjectedRequirement]:
    """Yield the pins for the chosen backend's extra; the other backends' become unsatisfiable."""
    for extra in inputs.config.extras:
        if not inputs.config.build_system.declares_extra(extra.name):
            continue
        if extra.backend.folder == solution.backend.folder:
            own = [one for one in requirements if one.extra == extra.name]
            yield from inject(own, solution.pins, inputs.family)
        else:
            yield InjectedRequirement(UNSATISFIABLE, extra.name)


def _inject_backend_dependencies(
    inputs: ResolutionInputs, solution: Solution
) -> Iterator[InjectedRequirement]:
    """Yield what the chosen backend's extra requires beside the family, without that extra.

    A user need not request the extra of the backend that was chosen.
    """
    extra = inputs.config.find_extra(solution.backend)
    for requirement in extra.dependencies if extra else ():
        if canonicalize_name(requirement.name) not in inputs.family:
            yield InjectedRequirement(str(requirement))


def _inject_unrequested_extra(
    inputs: ResolutionInputs,
    solution: Solution,
    requirements: Collection[FamilyRequirement],
    extra: str,
) -> tuple[list[InjectedRequirement], str | None]:
    """Return what goes into an ordinary extra that was not requested, and a warning or None.

    It never changes the solution: where its members don't fit it, it becomes unsatisfiable.
    """
    if _includes_other_backend(inputs, solution, extra):
        return [InjectedRequirement(UNSATISFIABLE, extra)], None
    own = [one for one in requirements if one.extra == extra]
    if pins := _pin_extra(inputs, solution, own, extra):
        return inject(own, pins, inputs.family), None
    names = ", ".join(str(one.requirement) for one in own)
    warning = f"extra {extra} cannot be installed: no wheel of {names} fits the chosen torch"
    return [InjectedRequirement(UNSATISFIABLE, extra)], warning


def _includes_other_backend(inputs: ResolutionInputs, solution: Solution, extra: str) -> bool:
    included = expand_self_extras(inputs.config, [extra])
    others = (one for one in inputs.config.extras if one.backend != solution.backend)
    return any(canonicalize_name(other.name) in included for other in others)


def _pin_extra(
    inputs: ResolutionInputs,
    solution: Solution,
    requirements: Collection[FamilyRequirement],
    extra: str,
) -> tuple[Pin, ...] | None:
    """Return the solution's pins with those that an extra needs beside them, or None."""
    if {one.name for one in requirements} <= {pin.name for pin in solution.pins}:
        return solution.pins
    from hatch_torch.resolution.installed import (  # noqa: PLC0415 (few projects have such extras)
        read_previous_pins,
    )

    specifiers = merge_specifiers(
        requirements, inputs.target.environment, None, (), inputs.constraints
    )
    from_url = any(one.requirement.url for one in requirements)
    if not from_url and (pins := read_previous_pins(inputs, solution, specifiers, extra)):
        return pins
    from hatch_torch.resolution.solve import (  # noqa: PLC0415 (the previous pins may do)
        solve_with_fixed_pins,
    )

    try:
        return solve_with_fixed_pins(inputs, solution.backend, solution.pins, specifiers)
    except IndexFaultError:
        return None


def get_library_bounds(release: Version) -> Mapping[str, str]:
    """Return the versions of Hugging Face's libraries that go with a release of torch, by name.

    A nightly or a release candidate counts as the release that it becomes.
    """
    final = Version(release.base_version)
    for row in load_table("compatibility"):
        if Version(row["first"]) <= final < Version(row.get("below", _BEYOND_EVERY_RELEASE)):
            return {name: row[name] for name in _LIBRARIES}
    return {}


def inject_library_bounds(
    requirements: Iterable[Requirement], release: Version
) -> Iterator[InjectedRequirement]:
    """Yield a bound for each of the libraries that a project requires, under its own marker."""
    bounds = get_library_bounds(release)
    for requirement in requirements:
        if specifier := bounds.get(canonicalize_name(requirement.name)):
            marker = _format_marker(requirement)
            yield InjectedRequirement(f"{requirement.name}{specifier}{marker}")
