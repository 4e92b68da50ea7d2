"""Says why no wheel fits: what was required, why each backend fails, and what would help.

The change that it suggests was tried: another backend, another Python, or the CPU's wheel.
"""

from __future__ import annotations

from bisect import bisect_left
from copy import copy
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet

from hatch_torch.catalog.releases import (
    TORCH,
    known_backends,
    supported_pythons,
    torch_releases,
)
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution.model import Pin, Solution, TreeConflictError
from hatch_torch.resolution.solve import resolve_family
from hatch_torch.resolution.strategies import (
    Strategy,
    collect_specifiers,
    evaluate_backends,
    get_cpu_backend,
    pin_from_tables,
    plan_strategies,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.backend_request import BackendRequest
    from hatch_torch.config.requirements import FamilyRequirement
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.model import Bound, Decision, ResolutionInputs, WholeInstall

    Requirements = tuple[FamilyRequirement, ...]
    TryStrategy = Callable[[ResolutionInputs, Strategy, Requirements], Solution | None]

_MAX_BOUNDS = 3
_MAX_REASONS = 6
"""Lines of reasons, so that the whole text has at most 12."""
_SHOWN_NAMES = 4
_PORTABLE_HINT = "hint: set TORCH_VARIANT=portable to install without a chosen backend"


class FailedResolution(NamedTuple):
    """What was tried without a solution."""

    inputs: ResolutionInputs
    request: BackendRequest
    draft: Decision
    strategies: tuple[Strategy, ...]
    requirements: tuple[FamilyRequirement, ...]
    conflicts: tuple[Bound, ...] = ()
    """What the packages of the whole install require of the family, where that excludes all."""
    try_strategy: TryStrategy | None = None
    """Returns the solution of a strategy that the whole install admits, or None."""

    def retry(
        self, strategies: Iterable[Strategy], inputs: ResolutionInputs | None = None
    ) -> Solution | None:
        """Try other strategies, or other inputs, with the same requirements."""
        inputs = inputs or self.inputs
        attempt = self._try_in_tree if self.conflicts else self._try_family
        results = (attempt(inputs, one, self.requirements) for one in strategies)
        return next(filter(None, results), None)

    def _try_family(
        self, inputs: ResolutionInputs, strategy: Strategy, requirements: Requirements
    ) -> Solution | None:
        specifiers = collect_specifiers(inputs, strategy, requirements)
        found = resolve_family(specifiers, inputs.finder, strategy.incompatibility)
        if not found:
            return None
        return Solution(found[0].backend, tuple(map(Pin.from_candidate, found)))

    def _try_in_tree(
        self, inputs: ResolutionInputs, strategy: Strategy, requirements: Requirements
    ) -> Solution | None:
        try_strategy = self.try_strategy or self._try_family
        try:
            return try_strategy(inputs, strategy, requirements) if strategy.backends else None
        except TreeConflictError:
            return None


def format_no_match(failed: FailedResolution) -> str:
    """Return at most 12 lines: what was required, for what, why each backend fails, hints."""
    target, index = failed.inputs.target, failed.inputs.finder.index
    download = _suggest_download(failed)
    required = dict.fromkeys(str(one.requirement) for one in failed.requirements)
    bounds = [f"  bounded by   {bound}" for bound in failed.conflicts[:_MAX_BOUNDS]]
    lines = [
        "no torch fits this project:",
        f"  required     {', '.join(required) or 'torch'}",
        f"  for          Python {target.python} on {target.platform}{index.hint}",
        f"  accelerator  {_format_accelerators(failed.draft.hardware)}",
        *bounds,
        *_format_reasons(failed, _MAX_REASONS - len(download) - len(bounds)),
    ]
    if change := suggest_change(failed):
        lines.append(f"hint: {change}")
    return "\n".join([*lines, *download, _PORTABLE_HINT])


def _format_accelerators(hardware: Hardware) -> str:
    names = [f"{gpu.name} ({gpu.architecture or 'unknown'})" for gpu in hardware.accelerators]
    driver = f"; driver {hardware.nvidia.driver}" if hardware.nvidia else ""
    return (", ".join(dict.fromkeys(names)) or "none found, or not looked for") + driver


def suggest_change(failed: FailedResolution) -> str | None:
    """Return a change of the backend or of the Python that was tried and works, or None.

    None too where the index stops answering meanwhile.
    """
    try:
        changes = chain(
            _try_without_bounds(failed),
            _try_backends(failed),
            _try_pythons(failed),
            _try_cpu(failed),
            _try_removal(failed),
        )
        return next(changes, None)
    except IndexFaultError:
        return None


def _try_without_bounds(failed: FailedResolution) -> Iterator[str]:
    """Try the project's own range of torch, then another release of what excludes it."""
    tree = failed.inputs.find_tree() if failed.conflicts else None
    if tree is None:
        return
    own = [one for one in failed.requirements if one.requirement.specifier]
    if own:
        relaxed = failed._replace(requirements=tuple(map(_relax, failed.requirements)))
        for one in own:
            tree = tree.relax(one.name)
        if found := relaxed.retry(failed.strategies, _with_tree(failed, tree)):
            (torch,) = (pin for pin in found.pins if pin.name == TORCH)
            instead = ", ".join(str(one.requirement) for one in own)
            change = f"require torch=={torch.version.public} instead of {instead}"
            yield _format_change(failed, change, found)
    yield from _try_other_releases(failed)


def _try_other_releases(failed: FailedResolution) -> Iterator[str]:
    """Try other releases of the packages that the project requires and that exclude all torches."""
    tree = failed.inputs.find_tree()
    for name in _find_roots(failed):
        if tree is None:
            return
        if found := failed.retry(failed.strategies, _with_tree(failed, tree.relax(name))):
            release = found.releases.get(name)
            yield _format_change(failed, f"require {name} {release or 'in any release'}", found)


def _try_removal(failed: FailedResolution) -> Iterator[str]:
    """Try the install without a package that no torch here satisfies."""
    tree = failed.inputs.find_tree()
    for name in _find_roots(failed):
        if tree is None:
            return
        inputs = _with_tree(failed, tree.relax(name, remove=True))
        if found := failed.retry(failed.strategies, inputs):
            yield _format_change(failed, f"remove {name}, which no torch here satisfies", found)


def _find_roots(failed: FailedResolution) -> list[str]:
    """Return the packages through which the project or the command gets to the conflicts."""
    paths = (bound.path for bound in failed.conflicts)
    return [*dict.fromkeys(path[-2].partition(" ")[0] for path in paths if len(path) > 1)]


def _with_tree(failed: FailedResolution, tree: WholeInstall) -> ResolutionInputs:
    return failed.inputs._replace(find_tree=lambda: tree)


def _relax(requirement: FamilyRequirement) -> FamilyRequirement:
    relaxed = copy(requirement.requirement)
    relaxed.specifier = SpecifierSet()
    return requirement._replace(requirement=relaxed)


def _try_backends(failed: FailedResolution) -> Iterator[str]:
    """Try the siblings of the requested backend, or the backends that are not among the extras."""
    inputs, request = failed.inputs, failed.request
    config, target, hardware = inputs.config, inputs.target, failed.draft.hardware
    if request.backend:
        siblings = (Strategy((one,)) for one in _find_siblings(request.backend, target))
        if found := failed.retry(siblings):
            change = f"request {found.backend} instead of {request.backend}"
            yield _format_change(failed, change, found)
    elif config.extras:
        unrestricted = config._replace(extras=())
        verdicts = evaluate_backends(unrestricted, request, hardware, target)
        for strategy in plan_strategies(unrestricted, request, hardware, verdicts, target):
            if found := failed.retry([strategy]):
                extra = found.backend.extra
                yield _format_change(failed, f"add [tool.torch-variant.extras.{extra}]", found)


def _find_siblings(backend: Backend, target: Target) -> list[Backend]:
    """Return the others of a backend's family, the nearest first."""
    family = [one for one in known_backends(target.platform) if one.family == backend.family]
    place = bisect_left([one.release for one in family], backend.release)
    others = [one for one in family if one != backend]
    return sorted(others, key=lambda one: (abs(family.index(one) - place), -family.index(one)))


def _try_pythons(failed: FailedResolution) -> Iterator[str]:
    """Try the Pythons that torch has wheels for on this platform, the nearest first."""
    inputs = failed.inputs
    current = _minor(inputs.target.python)
    pythons = {
        python
        for release in torch_releases()
        for python in supported_pythons(release, inputs.target.platform)
        if not python.endswith("t")  # a free-threaded build is no substitute for the usual one
    }
    for python in sorted(pythons, key=lambda one: (abs(_minor(one) - current), -_minor(one))):
        target = inputs.target.with_python(python)
        other = inputs._replace(target=target, finder=inputs.finder.for_target(target))
        if failed.conflicts:
            tree = inputs.open_tree(target, inputs.extras)
            other = other._replace(find_tree=partial(_identity, tree))
        if found := failed.retry(failed.strategies, other):
            yield _format_change(failed, f"use Python {python}", found)


def _identity(tree: WholeInstall | None) -> WholeInstall | None:
    return tree


def _minor(python: str) -> int:
    return int(python.split(".")[1].rstrip("t"))


def _try_cpu(failed: FailedResolution) -> Iterator[str]:
    backend = get_cpu_backend(failed.inputs.target)
    if any(backend in strategy.backends for strategy in failed.strategies):
        return
    if found := failed.retry([Strategy((backend,))]):
        config = failed.inputs.config
        is_listed = not config.extras or config.find_extra(backend)
        extra = f"add [tool.torch-variant.extras.{backend}]"
        yield _format_change(failed, "set TORCH_VARIANT=cpu" if is_listed else extra, found)


def _format_change(failed: FailedResolution, change: str, found: Solution) -> str:
    """Return the change, and the wheels of the family that it leads to."""
    family = (pin for pin in found.pins if pin.name in failed.inputs.family)
    names = ", ".join(f"{pin.name} {pin.version.public}" for pin in family)
    return f"{change}: {found.backend} has {names}"


def _suggest_download(failed: FailedResolution) -> list[str]:
    """Return, for a folder of wheels, the command that fetches what it lacks; else nothing."""
    target = failed.inputs.target
    usable = [one.backend for one in failed.draft.verdicts if one.is_compatible]
    is_folder = failed.inputs.has_folders or failed.inputs.finder.index.is_folder
    if not (is_folder and usable):
        return []
    machine = f"--backend {usable[0]} --python {target.python} --platform {target.platform}"
    command = f"hatch-torch download -d FOLDER {machine}"
    files = ", ".join(_list_files(failed, usable[0]))
    purpose = f", which fetches {files}" if files else ""
    return [f"hint: on a machine with a network, run {command}{purpose}"]


def _list_files(failed: FailedResolution, backend: Backend) -> Iterator[str]:
    """Yield the wheels that would do by the tables; only the index knows their tags."""
    local = "" if backend.family == "mps" else f"+{backend}"
    strategy = next((one for one in failed.strategies if backend in one.backends), None)
    if strategy:
        specifiers = collect_specifiers(failed.inputs, strategy, failed.requirements)[backend]
        for pin in pin_from_tables(strategy, backend, specifiers, failed.inputs.target):
            yield f"{pin.name}-{pin.version}{local}-*.whl"


def _format_reasons(failed: FailedResolution, limit: int) -> list[str]:
    """Return each reason once, with the backends it holds for; first those that were tried."""
    tried = {backend: one for one in failed.strategies for backend in one.backends}
    backends: dict[str, list[str]] = {}
    for backend, strategy in tried.items():
        reason, detail = _find_reason(failed, strategy, backend)
        backends.setdefault(reason, []).append(f"{backend}{detail}")
    for verdict in failed.draft.verdicts:
        if verdict.backend not in tried:
            backends.setdefault(verdict.reason, []).append(str(verdict.backend))
    lines = [f"  {_shorten(names)}: {reason}" for reason, names in backends.items()]
    if len(lines) <= limit:
        return lines
    return [*lines[: limit - 1], f"  … and {len(lines) - limit + 1} more reasons"]


def _shorten(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _find_reason(failed: FailedResolution, strategy: Strategy, backend: Backend) -> tuple[str, str]:
    """Return why a backend was passed over, and a detail to stand beside its name."""
    try:
        return _find_failed_step(failed, strategy, backend)
    except IndexFaultError as fault:
        return fault.message, ""


def _find_failed_step(
    failed: FailedResolution, strategy: Strategy, backend: Backend
) -> tuple[str, str]:
    """Go through the steps: the page, the Python, the range, the GPU, the rest of the family."""
    finder, target = failed.inputs.finder, failed.inputs.target
    specifiers = collect_specifiers(failed.inputs, strategy, failed.requirements)[backend]
    if not finder.index.get_wheels(backend, TORCH):
        return _explain_missing_page(failed, backend), ""
    torches = finder.candidates(backend, TORCH, SpecifierSet())
    if not torches:
        return f"no torch for Python {target.python} on {target.platform}", ""
    in_range = finder.candidates(backend, TORCH, specifiers[TORCH])
    if not in_range:
        span = f" ({torches[-1].release} to {torches[0].release})"
        return "no torch in range for this Python and platform", span
    reasons = [strategy.incompatibility(backend, torch.release) for torch in in_range]
    if all(reasons):
        return str(reasons[0]), ""
    members = ", ".join(f"{name}{one}" for name, one in specifiers.items() if name != TORCH)
    return f"no torch in range comes with all of {members}", ""


def _explain_missing_page(failed: FailedResolution, backend: Backend) -> str:
    """Return that the index lacks a backend; for one that no table knows, what the index has."""
    reason = "the index has no torch for it"
    if backend in known_backends():
        return reason
    inputs = failed.inputs
    published = known_backends(inputs.target.platform, inferred=False)
    known = inputs.finder.index.list_backends() or published
    return f"{reason}, only for {', '.join(map(str, known))}"
