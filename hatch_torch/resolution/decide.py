"""The decision, stage by stage: a build, `explain` and `status` all come through `decide`.

Who names the backend; what the hardware runs; what is installed and may stay; which wheels of the
index fit; which requirements that means. Lazy imports are for stages that few runs reach.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import TORCH
from hatch_torch.config.backend_request import (
    PORTABLE,
    expand_self_extras,
    read_backend_request,
)
from hatch_torch.config.requirements import (
    collect_family_requirements,
    find_pinned_release,
    fixed_backend,
    merge_specifiers,
)
from hatch_torch.errors import ConfigurationError, IndexFaultError, NoAnswerError
from hatch_torch.hardware.model import Hardware
from hatch_torch.resolution.avoidance import Avoidance
from hatch_torch.resolution.injection import UNSATISFIABLE, inject_for_all
from hatch_torch.resolution.installed import keep_installed, keep_vendor_build
from hatch_torch.resolution.model import COMMAND_LINE, Decision, Pin, Solution, TreeConflictError
from hatch_torch.resolution.strategies import (
    NO_WHEEL_RUNS,
    VENDORS,
    collect_specifiers,
    evaluate_backends,
    find_missing_members,
    has_accelerator,
    normalize_for_platform,
    plan_fallback,
    plan_strategies,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.backend_request import BackendRequest
    from hatch_torch.config.requirements import FamilyRequirement
    from hatch_torch.resolution.candidates import Specifiers
    from hatch_torch.resolution.model import Bound, ResolutionInputs
    from hatch_torch.resolution.strategies import Strategy

    Requirements = tuple[FamilyRequirement, ...]

_MEMBER_MISSING = "no wheel of torch that runs on the accelerator of this machine comes with"
_RETRY_HINT = (
    "try again when the index answers, or set TORCH_VARIANT=portable to install without a chosen "
    "backend"
)


def decide(inputs: ResolutionInputs) -> Decision:
    """Decide which wheels of the torch family this project gets, and what to inject for them.

    Raises ConfigurationError for a backend request that is wrong, and NoAnswerError where nothing
    fits, or where the index does not answer and nothing can stand in.
    """
    requirements = collect_requirements(inputs)
    request = read_request(inputs)
    draft = Decision(None, request.decided_by, Hardware(), warnings=request.notes)
    if request.value == PORTABLE:
        return draft
    if TORCH in inputs.uv_routed:
        return draft.with_warnings("uv gets torch from [tool.uv.sources], so nothing is added")
    hardware = _probe(inputs, request)
    requested = select_requested(inputs, requirements)
    pinned = find_pinned_torch(inputs, requested)
    verdicts = evaluate_backends(inputs.config, request, hardware, inputs.target, pinned)
    draft = draft._replace(hardware=hardware, verdicts=verdicts)
    tree = inputs.find_tree()
    leads_to_torch = requested or inputs.config.family or (tree and tree.requires_family)
    if not leads_to_torch:
        return draft.with_warnings("this install does not depend on torch")
    solution = keep_vendor_build(inputs, request, hardware, requested) or _find_solution(
        inputs, request, draft, requested
    )
    if isinstance(solution, str):
        return draft.with_warnings(solution)
    return _with_index(inputs, _with_injected(inputs, draft, solution, requirements))


def read_request(inputs: ResolutionInputs) -> BackendRequest:
    """Return which backend is requested, and by whom, as far as this platform has it.

    Raises ConfigurationError for a request that is wrong, and NoAnswerError for one that
    this platform cannot have.
    """
    fixed = fixed_backend(one for one in collect_requirements(inputs) if one.extra is None)
    request = read_backend_request(
        inputs.config, inputs.extras, inputs.environ, inputs.backend_option, fixed
    )
    return normalize_for_platform(request, inputs.target)


def collect_requirements(inputs: ResolutionInputs) -> Requirements:
    """Return the project's requirements on the torch family, also those of every extra."""
    requirements = collect_family_requirements(inputs.config, inputs.target.environment)
    return tuple(one for one in requirements if one.name not in inputs.uv_routed)


def select_requested(inputs: ResolutionInputs, requirements: Requirements) -> Requirements:
    """Return the requirements that this install includes: the project's and its extras'."""
    extras = expand_self_extras(inputs.config, inputs.extras)
    return tuple(
        requirement
        for requirement in requirements
        if requirement.extra is None or canonicalize_name(requirement.extra) in extras
    )


def find_pinned_torch(inputs: ResolutionInputs, requirements: Requirements) -> Version | None:
    """Return the release of torch that the requirements and constraints pin, or None."""
    environment, family = inputs.target.environment, inputs.config.family
    merged = merge_specifiers(requirements, environment, None, family, inputs.constraints)
    return find_pinned_release(merged[TORCH])


def _probe(inputs: ResolutionInputs, request: BackendRequest) -> Hardware:
    """Probe no more than the request leaves open: nothing, one vendor, or everything."""
    if request.backend or request.family == "cpu":
        return Hardware()
    return inputs.probe({VENDORS[request.family]} if request.family else None).infer_gpus()


def _plan(
    inputs: ResolutionInputs, request: BackendRequest, draft: Decision, requirements: Requirements
) -> Iterator[Strategy]:
    arguments = (inputs.config, request, draft.hardware, draft.verdicts, inputs.target)
    pinned = find_pinned_torch(inputs, requirements)
    return chain(plan_strategies(*arguments, pinned=pinned), plan_fallback(*arguments))


def _find_solution(
    inputs: ResolutionInputs, request: BackendRequest, draft: Decision, requirements: Requirements
) -> Solution | str:
    """Return the first strategy's solution, or why the requirements stay portable."""
    tried: list[Strategy] = []
    conflicts: dict[Bound, None] = {}
    for strategy in _plan(inputs, request, draft, requirements):
        tried.append(strategy)
        if not strategy.backends:
            return strategy.warnings[-1]
        try:
            solution = _try_strategy(inputs, strategy, requirements, draft.hardware)
        except IndexFaultError as fault:
            if request.is_mandatory:
                raise _unavailable(request, fault) from fault
            if inputs.has_folders:
                break
            return _solve_offline(inputs, request, draft, fault, requirements)
        except TreeConflictError as conflict:
            # What the project itself requires is told as such, also without a whole install.
            own = (inputs.config.name or COMMAND_LINE,)
            if any(bound.path != own for bound in conflict.bounds):
                conflicts |= dict.fromkeys(conflict.bounds)
            continue
        if solution:
            excluded = [f"excluded: {bound}" for bound in conflicts]
            why = _explain_strategy(inputs, strategy, tried, requirements)
            return solution._replace(warnings=(*why, *excluded, *solution.warnings))
    if any(one.requirement.url for one in requirements if one.name == TORCH):
        return "the project requires torch from a URL, and no wheel of the index goes with it"
    from hatch_torch.resolution.diagnosis import (  # noqa: PLC0415 (only where nothing fits)
        FailedResolution,
        format_no_match,
    )

    failed = FailedResolution(
        inputs,
        request,
        draft,
        tuple(tried),
        requirements,
        tuple(conflicts),
        partial(_try_strategy, hardware=draft.hardware),
    )
    raise NoAnswerError(format_no_match(failed))


def _explain_strategy(
    inputs: ResolutionInputs,
    strategy: Strategy,
    tried: Sequence[Strategy],
    requirements: Requirements,
) -> tuple[str, ...]:
    """Return the warnings of a strategy; of the CPU's whether torch was missing, or a member."""
    if NO_WHEEL_RUNS not in strategy.warnings:
        return strategy.warnings
    missing = " and ".join(find_missing_members(inputs, tried[:-1], requirements))
    reason = f"{_MEMBER_MISSING} {missing}" if missing else NO_WHEEL_RUNS
    return (*(one for one in strategy.warnings if one != NO_WHEEL_RUNS), reason)


def _try_strategy(
    inputs: ResolutionInputs, strategy: Strategy, requirements: Requirements, hardware: Hardware
) -> Solution | None:
    """Return the best solution of a strategy that the whole install admits; None for none.

    Raises TreeConflictError where only the other packages exclude it.
    """
    specifiers = collect_specifiers(inputs, strategy, requirements)

    def solve(ranges: Mapping[Backend, Specifiers]) -> Solution | None:
        return _solve(inputs, strategy, ranges, hardware)

    tree = inputs.find_tree()
    if tree is None:
        return solve(specifiers)
    if tree.is_installed:
        avoidance = Avoidance(strategy, specifiers, hardware, inputs.target)
        if kept := keep_installed(inputs, avoidance.strategy, specifiers):
            return kept
    from hatch_torch.resolution.bound_packages import (  # noqa: PLC0415 (likewise)
        find_bound_wheels,
    )
    from hatch_torch.resolution.tree_solution import (  # noqa: PLC0415 (few need the whole install)
        read_torch_requirements,
        solve_in_tree,
    )

    return solve_in_tree(
        tree,
        specifiers,
        solve,
        partial(read_torch_requirements, inputs),
        partial(find_bound_wheels, inputs, tree),
    )


def _solve(
    inputs: ResolutionInputs,
    strategy: Strategy,
    specifiers: Mapping[Backend, Specifiers],
    hardware: Hardware,
) -> Solution | None:
    """Return a solution for these ranges; a release that is known to be bad is the last resort."""
    avoidance = Avoidance(strategy, specifiers, hardware, inputs.target)
    solution = _keep_or_resolve(inputs, avoidance.strategy, specifiers)
    if solution is None and avoidance.passed_over:
        solution = _keep_or_resolve(inputs, strategy, specifiers)
    if solution is None:
        return None
    return solution._replace(warnings=(*solution.warnings, *avoidance.describe(solution)))


def _keep_or_resolve(
    inputs: ResolutionInputs, strategy: Strategy, specifiers: Mapping[Backend, Specifiers]
) -> Solution | None:
    """Keep what is installed where it fits, else take the highest release; None for neither."""
    if kept := keep_installed(inputs, strategy, specifiers):
        return kept
    from hatch_torch.resolution.solve import (  # noqa: PLC0415 (only where the index is asked)
        resolve_family,
    )

    candidates = resolve_family(specifiers, inputs.finder, strategy.incompatibility)
    if candidates is None:
        return None
    return Solution(candidates[0].backend, tuple(map(Pin.from_candidate, candidates)))


def _unavailable(request: BackendRequest, fault: IndexFaultError) -> NoAnswerError:
    message = f"{request.decided_by} requests {request.value}, which no other source has"
    return NoAnswerError(f"{fault.message}; {message}", hint=_RETRY_HINT)


def _solve_offline(
    inputs: ResolutionInputs,
    request: BackendRequest,
    draft: Decision,
    fault: IndexFaultError,
    requirements: Requirements,
) -> Solution | str:
    """Take PyPI's default wheels where they run here; never leave an accelerator out silently."""
    from hatch_torch.resolution.strategies import (  # noqa: PLC0415 (only without the index)
        pin_pypi_wheels,
    )

    for strategy in _plan(inputs, request, draft, requirements):
        specifiers = collect_specifiers(inputs, strategy, requirements)
        if found := pin_pypi_wheels(strategy, specifiers, inputs.target):
            warning = f"{fault.message}; using PyPI's default wheel, which runs here too"
            return Solution(*found, (warning, *strategy.warnings))
    if request.backend:
        raise _unavailable(request, fault) from fault
    if not has_accelerator(draft.hardware, draft.verdicts):
        return f"{fault.message}; nothing is added, since no accelerator was found"
    raise NoAnswerError(
        f"{fault.message}; no default wheel of PyPI in range runs on the accelerator here",
        hint=_RETRY_HINT,
    ) from fault


def _with_injected(
    inputs: ResolutionInputs, draft: Decision, solution: Solution, requirements: Requirements
) -> Decision:
    """Return the decision with what a solution adds to the dependencies and to each extra."""
    requested = select_requested(inputs, requirements)
    injected, warnings = inject_for_all(inputs, solution, requested, requirements)
    chosen = inputs.config.find_extra(solution.backend)
    routed = [f"uv gets {name} from [tool.uv.sources]" for name in sorted(inputs.uv_routed)]
    from_url = {one.name for one in requested if one.requirement.url}
    untouched = from_url | inputs.uv_routed
    unhashed = ", ".join(
        f"{pin.name} {pin.version}"
        for pin in solution.pins
        if pin.url and not (pin.by_version or pin.hash_fragment or pin.name in untouched)
    )
    return draft._replace(
        backend=solution.backend,
        bounds=solution.bounds,
        releases=solution.releases,
        pins=tuple(pin for pin in solution.pins if pin.name not in untouched),
        injected=tuple(
            one for one in injected if one.requirement == UNSATISFIABLE or one.name not in untouched
        ),
    ).with_warnings(
        *solution.warnings,
        *(chosen.notices if chosen else ()),
        *warnings,
        *routed,
        *([f"the index gives no hash for the wheel of {unhashed}"] if unhashed else ()),
        *inputs.finder.notes,
    )


def _with_index(inputs: ResolutionInputs, decision: Decision) -> Decision:
    """Return the decision with the index that its wheels come from.

    Raises ConfigurationError where the installer could not log in there to fetch them.
    """
    urls = [pin.url for pin in decision.pins if pin.url and not pin.by_version]
    index_config = inputs.find_index_config() if urls else None
    if index_config is None:
        return decision
    if hints := dict.fromkeys(filter(None, map(index_config.installer_auth_hint, urls))):
        raise ConfigurationError(hints)
    return decision._replace(index_origin=index_config.root_and_source)
