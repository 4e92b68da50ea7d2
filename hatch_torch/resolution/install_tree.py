"""The install that a decision takes part in: its roots, and the packages that it may take.

Lazy imports: where everything is installed already, nothing is searched.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from hatch_torch.catalog.bound_packages import bound_packages
from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.config.backend_request import expand_self_extras
from hatch_torch.config.config import declared_extras
from hatch_torch.config.pyproject import read_project
from hatch_torch.errors import ConfigurationError
from hatch_torch.resolution.model import COMMAND_LINE, Need, Tree
from hatch_torch.resolution.packages import InstallerPackages, find_installed_releases

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.index.project_index import ReleaseFile
    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.index.source import SourceOptions
    from hatch_torch.resolution.model import FamilyChoice, Offer, Release
    from hatch_torch.resolution.tree import Install
    from hatch_torch.resolution.tree_memory import RememberedTree, TreeMemory

    Root = tuple[str, Need]
    """A requirement, after who states it."""

_UV_SOURCE = "tool.uv.sources"
"""Stands for the URL of a package that uv gets from git or a URL."""
_WHEELS = "the wheels of the torch family"


class InstallTree:
    """Resolves the whole install, with what a strategy offers of the torch family."""

    def __init__(
        self, options: SourceOptions, family: frozenset[str], *, is_remembered: bool = False
    ) -> None:
        """Keep what determines the sources, and the names of the family in this project.

        `is_remembered`: the last result is used again while nothing changed.
        """
        self._is_remembered = is_remembered
        self._options = options
        self._family = family

    @cached_property
    def roots(self) -> tuple[Root, ...]:
        """What the command and the local projects require."""
        return tuple(self._find_roots())

    @cached_property
    def is_installed(self) -> bool:
        """Whether all that is required is installed already, and stays."""
        environment = self._options.target.environment
        return self._packages.has_installed((need for _, need in self.roots), environment)

    @cached_property
    def requires_family(self) -> bool:
        """Whether anything requires a member of the family; reads the newest releases."""
        if self._remembered:
            return bool(self._remembered.versions)
        if not self._is_family_found and self._memory:
            self._memory.store(Tree())
        return self._is_family_found

    def resolve(self, offer: Offer, *, paired: bool = False) -> Tree:
        """Return the install as the installer would resolve it.

        `paired`: what a package is compiled for bounds torch, even if the package does not say so.
        Raises TreeConflictError where no set of releases meets everything.
        """
        from hatch_torch.resolution.bound_packages import PairedPackages  # noqa: PLC0415 (see above)

        if not paired and self._remembered and (known := self._remembered.resolve(offer)):
            self._packages.locate(known.releases[name] for name in known.ranges)
            return known
        from hatch_torch.resolution.tree import resolve_tree  # noqa: PLC0415 (see above)

        _ = self._is_family_found  # reads in parallel what the search would read one by one
        source = PairedPackages(self._packages) if paired else self._packages
        tree = resolve_tree(self._make_install(), source, offer, self._packages.is_late)
        if self._memory and not paired:
            self._memory.store(tree)
        return tree

    def find_companion_wheels(
        self, name: str, torch: Version, backend: Backend
    ) -> tuple[Wheel, ...]:
        """Return a package's wheels for a torch, from the index that the project names for it."""
        from hatch_torch.index.companion_index import CompanionIndexes  # noqa: PLC0415 (few have any)

        options = self._options
        indexes = CompanionIndexes(options.client, options.config.companions, options.target)
        return indexes.find_wheels(name, torch, backend)

    def relax(self, name: str, *, remove: bool = False) -> InstallTree:
        """Return the install that requires any release of a package, or (`remove`) none itself."""
        other = copy(self)
        other._is_remembered = False  # noqa: SLF001 (a copy)
        for name_of_cached in ("requires_family", "_is_family_found", "_remembered", "_memory"):
            vars(other).pop(name_of_cached, None)
        other.roots = tuple(
            (by, need._replace(specifier=SpecifierSet()) if need.name == name else need)
            for by, need in self.roots
            if not (remove and need.name == name)
        )
        return other

    def read_requirements(self, release: Release) -> tuple[Requirement, ...] | None:
        """Return what a release requires; None where it cannot be known without building it."""
        return self._packages.requires(release)

    def complete(self, choice: FamilyChoice) -> Mapping[str, Release]:
        """Return every other package, with what the wheels of a choice require in turn.

        Raises TreeConflictError where no set of releases meets everything.
        """
        install = self._make_install()
        environment = self._options.target.environment
        required = [
            (_WHEELS, Need.from_requirement(one))
            for one in choice.requires()
            if marker_applies(one.marker, environment)
        ]
        install = install._replace(
            roots=(*install.roots, *required), family=install.family | choice.versions.keys()
        )
        from hatch_torch.resolution.tree import prefetch, resolve_tree  # noqa: PLC0415 (see above)

        prefetch(install, self._packages)

        def offer(bounds: Mapping[str, SpecifierSet]) -> Iterator[FamilyChoice]:
            if all(
                name in choice.versions
                and specifier.contains(choice.versions[name], prereleases=True)
                for name, specifier in bounds.items()
            ):
                yield choice._replace(requires=tuple)

        return resolve_tree(install, self._packages, offer, self._packages.is_late).releases

    def find_file(self, release: Release) -> ReleaseFile | None:
        """Return the file that the installer takes for a release; None where that is unknown."""
        return self._packages.find_file(release)

    @cached_property
    def _is_family_found(self) -> bool:
        from hatch_torch.resolution.tree import prefetch  # noqa: PLC0415 (see above)

        return prefetch(self._make_install(), self._packages)

    @cached_property
    def _remembered(self) -> RememberedTree | None:
        return self._memory.recall() if self._memory else None

    @cached_property
    def _memory(self) -> TreeMemory | None:
        options = self._options
        request = options.request
        if not self._is_remembered or options.settings.upgrade or request.upgrade:
            return None
        from hatch_torch.index.index_config import find_installer_indexes  # noqa: PLC0415 (see above)
        from hatch_torch.resolution.tree_memory import TreeMemory  # noqa: PLC0415 (see above)

        target = options.target
        question = (
            self.roots,
            request.resolver,
            find_installer_indexes(request, options.environ, options.uv_sources),
            (target.python, target.platform, target.environment),
            # What the C library or macOS admits shows in the tag that is preferred.
            (len(target.ranks), next(iter(target.ranks), None)),
            self._family,
            self._packages.local,
            sorted((*bound_packages(), *options.config.companions)),
        )
        return TreeMemory(question, options.client, lambda: options.project_index, self._packages)

    def _make_install(self) -> Install:
        from hatch_torch.resolution.tree import Install  # noqa: PLC0415 (see above)

        environment = self._options.target.environment
        constraints = _parse_constraints(self._options.request.resolver.constraints, environment)
        compiled = frozenset((*bound_packages(), *self._options.config.companions))
        return Install(self.roots, self._family, environment, constraints, compiled)

    def _find_roots(self) -> Iterator[Root]:
        request, environment = self._options.request, self._options.target.environment
        unknown = uv.unknown if (uv := self._options.uv_sources) else ()
        for by, need in _project_needs(self._options.config, request.extras, environment):
            yield by, need._replace(url=_UV_SOURCE) if need.name in unknown else need
        lines = ((COMMAND_LINE, line) for line in request.resolver.requirements)
        yield from _parse_needs(lines, environment)
        for project in self._local_projects:
            yield from _project_needs(project, (), environment)

    @cached_property
    def _local_projects(self) -> list[Config]:
        """The other local projects of the command; their own builds report what is wrong."""
        folders = self._options.request.resolver.local_projects
        return [config for folder in folders if (config := _read_local(folder))]

    @cached_property
    def _packages(self) -> InstallerPackages:
        options, request = self._options, self._options.request
        names = (config.name for config in (options.config, *self._local_projects))

        def keeps_installed(name: str) -> bool:
            return not options.settings.upgrade and request.resolver.keeps_installed(name)

        local: dict[str, tuple[Requirement, ...]] = _read_uv_projects(options)
        local |= {canonicalize_name(name): () for name in names if name}
        return InstallerPackages(
            lambda: options.project_index,
            installed=find_installed_releases(request.site_packages or ()),
            local=local,
            keeps_installed=keeps_installed,
            unlisted=frozenset(options.config.companions),
        )


def _read_uv_projects(options: SourceOptions) -> dict[str, tuple[Requirement, ...]]:
    """Return what the local projects require that `[tool.uv.sources]` names."""
    if not (options.uv_sources and options.uv_sources.projects):
        return {}
    from hatch_torch.config.uv_sources import list_requirements  # noqa: PLC0415 (few have any)

    return {
        canonicalize_name(config.name): list_requirements(config)
        for config in options.uv_sources.projects
    }


def _project_needs(
    config: Config, extras: Collection[str], environment: Mapping[str, str]
) -> Iterator[Root]:
    """Yield what a project requires for the extras that are requested."""
    included = expand_self_extras(config, extras)
    requested = (
        requirement
        for name, requirements in declared_extras(config).items()
        if canonicalize_name(name) in included
        for requirement in requirements
    )
    for requirement in (*config.dependencies, *requested):
        if marker_applies(requirement.marker, environment):
            yield config.name or COMMAND_LINE, Need.from_requirement(requirement)


def _parse_needs(
    lines: Iterable[tuple[str, str]], environment: Mapping[str, str]
) -> Iterator[tuple[str, Need]]:
    for stated_by, line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:  # the installer reports it
            continue
        if marker_applies(requirement.marker, environment):
            yield stated_by, Need.from_requirement(requirement)


def _parse_constraints(
    lines: Iterable[str], environment: Mapping[str, str]
) -> dict[str, SpecifierSet]:
    constraints: dict[str, SpecifierSet] = {}
    for _, need in _parse_needs((("", line) for line in lines), environment):
        known = constraints.get(need.name)
        constraints[need.name] = known & need.specifier if known else need.specifier
    return constraints


def _read_local(folder: Path) -> Config | None:
    try:
        return read_project(folder)
    except ConfigurationError:  # its own build reports it
        return None
