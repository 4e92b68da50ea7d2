"""Wheels for the packages of an install that are compiled for one release of torch.

PyTorch's index comes first, or the index that the project names for a package; else the release
that PyPI has for the chosen torch. What is built for another torch, or for another CUDA, or does
not say for which, is in the record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog.bound_packages import (
    bound_packages,
    may_be_on_pytorch_index,
    paired_torch,
    works_with_any_torch,
)
from hatch_torch.catalog.releases import TORCH, pypi_backend
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.errors import IndexFaultError
from hatch_torch.resolution.candidates import Candidate
from hatch_torch.resolution.model import Pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.resolution.model import (
        Release,
        ResolutionInputs,
        Solution,
        Tree,
        WholeInstall,
    )
    from hatch_torch.resolution.tree import PackageSource

_ANY = SpecifierSet()
_CUDA_SUFFIX = re.compile(r"-cu(1[1-9])(?:$|[-.])")
"""Ends the names of packages that come per CUDA: `nvidia-cublas-cu12`, `tensorrt-cu13`."""


class PairedPackages:
    """Packages that require the very torch that they are compiled for, as the tables know it."""

    def __init__(self, packages: PackageSource) -> None:
        """Take the packages with their own requirements."""
        self._packages = packages
        self.load_releases = packages.load_releases
        self.load_metadata = packages.load_metadata
        self.releases = packages.releases
        self.admits_python = packages.admits_python

    def requires(self, release: Release) -> Iterable[Requirement] | None:
        """Return what a release requires, and the torch that it is compiled for."""
        declared = self._packages.requires(release)
        name, version = release.name, release.version
        if version is None or name not in bound_packages() or works_with_any_torch(name):
            return declared
        torch = paired_torch(name, version)
        return (*(declared or ()), *([Requirement(f"{TORCH}{torch}")] if torch else ()))


def find_mismatches(tree: Tree) -> list[Release]:
    """Return the releases of an install that are compiled for another torch than its choice."""
    torch = tree.choice.versions[TORCH] if tree.choice else None
    return [
        release
        for name, release in tree.releases.items()
        if torch is not None
        and name in bound_packages()
        and not works_with_any_torch(name)
        and release.version is not None
        and not (paired_torch(name, release.version) or _ANY).contains(torch, prereleases=True)
    ]


def has_same_releases(tree: Tree, other: Tree) -> bool:
    """Return whether two solutions differ in nothing but torch and what is compiled for it."""
    versions, others = (
        {name: one.version for name, one in of.releases.items() if name not in bound_packages()}
        for of in (tree, other)
    )
    return all(others.get(name, version) == version for name, version in versions.items())


class BoundWheels(NamedTuple):
    """What an install gets of the packages that are compiled for its torch."""

    pins: tuple[Pin, ...] = ()
    warnings: tuple[str, ...] = ()
    cuda: frozenset[int] = frozenset()
    """The majors of CUDA that PyPI's wheels of such packages are built for."""


def find_bound_wheels(
    inputs: ResolutionInputs, install: WholeInstall, tree: Tree, solution: Solution
) -> BoundWheels:
    """Return the wheels for a solution, and what to warn of."""
    names = [
        name
        for name in tree.releases
        if (name in bound_packages() or name in inputs.config.companions)
        and name not in inputs.uv_routed
    ]
    finder = _BoundWheelFinder(inputs, install, tree, solution)
    found = [finder.find(tree.releases[name]) for name in names]
    return BoundWheels(
        tuple(pin for one in found for pin in one.pins),
        tuple(warning for one in found for warning in one.warnings),
        frozenset().union(*(one.cuda for one in found)),
    )


class _BoundWheelFinder:
    """Finds the wheels for one solution."""

    def __init__(
        self, inputs: ResolutionInputs, install: WholeInstall, tree: Tree, solution: Solution
    ) -> None:
        self._inputs = inputs
        self._install = install
        self._tree = tree
        (self._torch,) = (pin for pin in solution.pins if pin.name == TORCH)
        self._backend = solution.backend

    def find(self, release: Release) -> BoundWheels:
        name = release.name
        if self._is_kept(release):
            return BoundWheels()
        if name in self._inputs.config.companions:
            return self._find_companion(release)
        try:
            if found := self._find_on_pytorch_index(release):
                return found
        except IndexFaultError as fault:
            return BoundWheels(warnings=(fault.message,))
        return self._find_on_pypi(release)

    def _is_kept(self, release: Release) -> bool:
        """Return whether a release that is installed stays beside a torch that stays."""
        if not self._torch.by_version or release.version is None:
            return False
        installed = self._inputs.find_installed({release.name})
        return any(one.version == release.version for one in installed)

    def _find_companion(self, release: Release) -> BoundWheels:
        name, torch = release.name, self._torch.version
        wheels = self._install.find_companion_wheels(name, torch, self._backend)
        fitting = self._inputs.finder.select_wheels(wheels, self._range(name))
        if fitting:
            return BoundWheels((self._pin(name, fitting[0]),))
        place = f"tool.torch-variant.companions.{name}"
        reason = "without a hash" if self._lacks_hash(wheels) else f"for {self._describe_torch()}"
        return BoundWheels(warnings=(f"{place}: the index has no wheel of {name} {reason}",))

    def _lacks_hash(self, wheels: Sequence[Wheel]) -> bool:
        return self._inputs.config.require_hashes and any(not one.hash_fragment for one in wheels)

    def _find_on_pytorch_index(self, release: Release) -> BoundWheels | None:
        name = release.name
        if not may_be_on_pytorch_index(name, self._backend.family):
            return None
        finder = self._inputs.finder
        unknown: Wheel | None = None
        for candidate in finder.candidates(self._backend, name, self._range(name)):
            requires = finder.index.read_requirements(candidate.wheel) or ()
            built_for = _find_torch(name, candidate.release, requires)
            if built_for is None:
                if candidate.release == release.version:
                    unknown = candidate.wheel
            elif self._admits(built_for) and self._fits_tree(requires):
                return BoundWheels((Pin.from_candidate(candidate),))
        if unknown is None:
            return None
        warning = f"nothing says which torch {name} {unknown.version} is compiled for"
        return BoundWheels((self._pin(name, unknown),), (warning,))

    def _find_on_pypi(self, release: Release) -> BoundWheels:
        """Return what PyPI's release means: `==` where it is not the newest, or a warning."""
        if release.version is None:
            return BoundWheels()
        name, row = release.name, bound_packages()[release.name]
        requires = tuple(self._install.read_requirements(release) or ())
        stated = _find_stated_torch(requires)
        built_for = _find_torch(name, release.version, requires)
        if built_for is None:
            hint = f"; set tool.torch-variant.companions.{name} to an index of its wheels"
            has_wheels = row.get("pypi") not in {"sdist", "none"}
            reason = f"nothing says which torch {release} is compiled for"
            return BoundWheels(warnings=(reason + ("" if has_wheels else hint),))
        if not self._admits(built_for):
            reason = f"{release} is compiled for torch {built_for}, not for {self._torch.version}"
            return BoundWheels(warnings=(reason,))
        # Its requirements make the installer take this release; a row of a table does not.
        file = self._install.find_file(release)
        url = (
            file.url if file and not file.url.startswith("file:") and "?" not in file.url else None
        )
        pin = Pin(
            name, release.version, url, file.sha256 if file and url else None, by_version=True
        )
        pins = () if stated or works_with_any_torch(name) else (pin,)
        return BoundWheels(pins, cuda=self._find_cuda(row, built_for, requires))

    def _find_cuda(
        self, row: Mapping[str, object], built_for: SpecifierSet, requires: Iterable[Requirement]
    ) -> frozenset[int]:
        """Return the major of CUDA that PyPI's wheel is built for: by its requirements, or torch's.

        A lower bound on torch says nothing: the wheel is as old as the lowest.
        """
        majors = {int(match[1]) for one in requires if (match := _CUDA_SUFFIX.search(one.name))}
        if majors or row.get("pypi") != "default":
            return frozenset(majors)
        release = Version(self._torch.version.base_version)
        is_exact = any(one.operator in {"==", "==="} for one in built_for)
        backend = pypi_backend(release, self._inputs.target.platform) if is_exact else None
        return frozenset(backend.release[:1] if backend and backend.family == "cuda" else ())

    def _pin(self, name: str, wheel: Wheel) -> Pin:
        return Pin.from_candidate(Candidate(name, wheel, self._backend))

    def _range(self, name: str) -> SpecifierSet:
        return self._tree.ranges.get(name, _ANY)

    def _admits(self, built_for: SpecifierSet) -> bool:
        return built_for.contains(self._torch.version, prereleases=True)

    def _fits_tree(self, requires: Iterable[Requirement]) -> bool:
        """Return whether the rest of the install meets what a wheel requires."""
        releases = self._tree.releases
        return all(
            one.specifier.contains(version, prereleases=True)
            for one in requires
            if marker_applies(one.marker, self._inputs.target.environment)
            and (found := releases.get(canonicalize_name(one.name)))
            and (version := found.version)
        )

    def _describe_torch(self) -> str:
        target = self._inputs.target
        where = f"Python {target.python} on {target.platform}"
        return f"torch {Version(self._torch.version.public)}, {self._backend}, {where}"


def describe_cuda_mismatch(wheels: BoundWheels, backend: Backend) -> Iterator[str]:
    """Yield a warning where PyPI's wheels are built for another CUDA than the chosen torch."""
    for major in sorted(wheels.cuda):
        if backend.family != "cuda" or backend.release[0] != major:
            yield (
                f"the packages from PyPI that are compiled for this torch are built for CUDA "
                f"{major}, but the chosen backend is {backend}"
            )


def _find_torch(
    name: str, version: Version, requires: Iterable[Requirement]
) -> SpecifierSet | None:
    """Return the torch that a release is compiled for; None where nothing says so."""
    return paired_torch(name, version) or _find_stated_torch(requires)


def _find_stated_torch(requires: Iterable[Requirement]) -> SpecifierSet | None:
    stated = (one.specifier for one in requires if canonicalize_name(one.name) == TORCH)
    return next((specifier for specifier in stated if specifier), None)
