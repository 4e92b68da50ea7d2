"""Creates a lock from an index: for every backend the same torch, as far as the backends have it.

The unit is a `LockTarget`: one backend on one Python and platform. `create_lock` chooses a release
of torch for each backend, then locks every wheel of it that fits one of the backend's targets.
Each page and each METADATA file is requested once, as many as possible at the same time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.index.limits import PARALLEL_REQUESTS, Deadline, map_until_deadline
from hatch_torch.index.urls import strip_credentials
from hatch_torch.lock.model import (
    Lock,
    LockedBackend,
    LockInputs,
    backend_sort_key,
    wheel_sort_key,
)
from hatch_torch.lock.source import LockedWheel, relative_url
from hatch_torch.lock.target import LockTarget
from hatch_torch.lock.tree import BoundTargets, apply_bounds, requires_others

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.lock.target import LockRequest, ProgressCallback
    from hatch_torch.lock.tree import OpenTree
    from hatch_torch.resolution.candidates import Candidate, CandidateFinder

_PAGES_PER_STEP = 2 * PARALLEL_REQUESTS  # pages that are requested between two progress reports


@dataclass(frozen=True, slots=True)
class LockResult:
    """A lock, and what it lacks."""

    lock: Lock
    notes: tuple[str, ...]


def create_lock(
    request: LockRequest,
    finder: CandidateFinder,
    report_progress: ProgressCallback = lambda *_: None,
    open_tree: OpenTree | None = None,
) -> LockResult:
    """Return a lock with one release of torch for each backend.

    It is the newest release that the most Pythons and platforms can have, the same for every
    backend that has it. A project that names no backends gets those that have this release.
    `open_tree` returns the whole install of a target, whose packages bound the family; None where
    the project's own requirements decide. Raises IndexFaultError where the index does not answer.
    """
    targets: dict[Backend, list[LockTarget]] = {}
    bounded = BoundTargets(_create_targets(request, finder, report_progress))
    if open_tree and requires_others(request.config):
        bounded = apply_bounds(
            request.config,
            bounded.targets,
            open_tree,
            report_progress,
            names_backends=request.names_backends,
        )
    for target in bounded.targets:
        targets.setdefault(target.backend, []).append(target)
    releases = _choose_releases(request, targets, report_progress)
    backends = {
        backend: LockedBackend(
            releases[backend], _lock_wheels(request, targets[backend], releases[backend])
        )
        for backend in sorted(releases, key=backend_sort_key)
    }
    inputs = LockInputs.from_config(request.config)
    lock = Lock(inputs, request.scope, backends, bounded.members)
    return LockResult(lock, (*bounded.notes, *_describe_gaps(targets, releases)))


def _create_targets(
    request: LockRequest, finder: CandidateFinder, report_progress: ProgressCallback
) -> list[LockTarget]:
    """Return the targets, with the pages of the family loaded for every backend."""
    targets = [
        LockTarget.create(request, backend, finder.for_target(target))
        for backend, target in request.targets
    ]
    pages = [*dict.fromkeys((one.backend, name) for one in targets for name in one.requested)]
    for loaded in range(0, len(pages), _PAGES_PER_STEP):
        report_progress("pages", loaded, len(pages))
        finder.index.load_pages(pages[loaded : loaded + _PAGES_PER_STEP])
    report_progress("pages", len(pages), len(pages))
    return targets


def _choose_releases(
    request: LockRequest,
    targets: Mapping[Backend, list[LockTarget]],
    report_progress: ProgressCallback,
) -> dict[Backend, Version]:
    releases = {
        backend: release
        for backend, release in request.previous.items()
        if _having(targets.get(backend, ()), release, request.seconds)
    }
    every = [target for of_backend in targets.values() for target in of_backend]
    common = max(releases.values(), default=None) or _find_best(every, request.seconds)
    # A backend that lacks the common release gets its own only where it is asked for by name.
    for count, (backend, of_backend) in enumerate(targets.items(), 1):
        if backend not in releases and common is not None:
            if _having(of_backend, common, request.seconds):
                releases[backend] = common
            elif request.names_backends and (best := _find_best(of_backend, request.seconds)):
                releases[backend] = best
        report_progress("backends", count, len(targets))
    return releases


def _find_best(targets: Sequence[LockTarget], seconds: float) -> Version | None:
    """Return the newest release whose family is there for the most Pythons and platforms.

    Each search is expensive. No release has its family in more places than its torch, so the
    releases are tried by that bound, until none can be better.
    """
    pairs = {
        (candidate.release, target.key) for target in targets for candidate in target.find_torches()
    }
    counts = Counter(release for release, _ in pairs)
    best: tuple[int, Version] | None = None
    for bound in sorted(((count, release) for release, count in counts.items()), reverse=True):
        if best and bound <= best:
            break
        keys = {target.key for target in _having(targets, bound[1], seconds)}
        if keys and (best is None or (len(keys), bound[1]) > best):
            best = (len(keys), bound[1])
    return best[1] if best else None


def _having(targets: Iterable[LockTarget], release: Version, seconds: float) -> list[LockTarget]:
    """Return the targets that have the family of a release."""
    having = [target for target in targets if target.find_torches(release)]
    _preload(having, release, seconds)
    return [target for target in having if target.find_family(release)]


def _preload(targets: Sequence[LockTarget], release: Version, seconds: float) -> None:
    """Read at the same time what a search reads one by one: METADATA of torch and companions."""
    torches = [(target, torch) for target in targets for torch in target.find_torches(release)]
    _read_metadata(targets, (torch for _, torch in torches), seconds)
    needs = [
        (target, requirement)
        for target, torch in torches
        for requirement in target.find_requirements(torch)
        if marker_applies(requirement.marker, target.target.environment)
    ]
    for target in targets[:1]:
        target.finder.index.load_pages(
            {(one.backend, canonicalize_name(need.name)): None for one, need in needs}
        )
    found = (
        target.finder.candidates(target.backend, need.name, need.specifier)
        for target, need in needs
    )
    _read_metadata(targets, (one for candidates in found for one in candidates[:1]), seconds)


def _read_metadata(
    targets: Sequence[LockTarget], candidates: Iterable[Candidate], seconds: float
) -> None:
    wheels = {candidate.wheel.url: candidate.wheel for candidate in candidates}
    for target in targets[:1]:  # all share one index
        read = target.finder.index.read_requirements
        map_until_deadline(read, wheels.values(), Deadline(seconds))


def _lock_wheels(
    request: LockRequest, targets: Iterable[LockTarget], release: Version
) -> tuple[LockedWheel, ...]:
    """Return the wheels of a backend, each once, in the order of the file."""
    own_indexes = {extra.backend: extra.index_url for extra in request.config.extras}
    wheels: dict[str, LockedWheel] = {}
    for target in targets:
        root = strip_credentials(own_indexes.get(target.backend) or request.root)
        for candidate in target.find_family(release) or ():
            requires = tuple(sorted(map(str, target.find_requirements(candidate))))
            for wheel in target.find_wheels(candidate):
                path, host = relative_url(wheel.url, root, request.config.hosts)
                version = str(wheel.version)
                locked = LockedWheel(wheel.name, version, path, wheel.sha256, host, requires)
                wheels.setdefault(path, locked)
    return tuple(sorted(wheels.values(), key=wheel_sort_key))


def _describe_gaps(
    targets: Mapping[Backend, Sequence[LockTarget]], releases: Mapping[Backend, Version]
) -> Iterator[str]:
    """Yield what a locked backend lacks, though its index has a torch in range for the target."""
    for backend, release in releases.items():
        candidates = [target for target in targets[backend] if target.find_torches()]
        if lacking := _format_targets(one for one in candidates if not one.find_family(release)):
            yield f"{backend} has no torch {release} with its family for {lacking}"
        missing = [(target, target.find_missing(release)) for target in candidates]
        for name in sorted({name for _, names in missing for name in names}):
            lacking = _format_targets(target for target, names in missing if name in names)
            yield f"{backend} has no {name}, which an extra requires, for {lacking}"


def _format_targets(targets: Iterable[LockTarget]) -> str:
    """Return the platforms of targets, each with its Pythons."""
    pythons: dict[str, list[str]] = {}
    for target in targets:
        pythons.setdefault(target.target.platform, []).append(target.target.python)
    return ", ".join(f"{platform} ({', '.join(names)})" for platform, names in pythons.items())
