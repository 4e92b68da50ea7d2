"""What a command tells the installer's resolver, beside indexes and the project itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from packaging.utils import canonicalize_name

from hatch_torch.frontend.requirements_txt import CONSTRAINT, PYPROJECT, to_local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from hatch_torch.frontend.installers import Option

ALL_PACKAGES = ":all:"
"""Stands for every package, as in pip's `--only-binary`."""
_ALL = frozenset({ALL_PACKAGES})
_NAMES = r"[\s,]+"
_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")


class OptionValues(Protocol):
    """A command's options, with the environment variables that stand for them."""

    @property
    def tool(self) -> str:
        """The installer's name."""

    @property
    def cwd(self) -> Path | None:
        """The folder of the command; None where it is unknown."""

    def has(self, name: str) -> bool:
        """Return whether an option is given."""

    def value(self, name: str) -> str | None:
        """Return the last value of an option."""

    def values(self, name: str) -> tuple[str, ...]:
        """Return all values of an option."""


class ResolverOptions(NamedTuple):
    """The other requirements of a command, and which releases its resolver may take."""

    requirements: tuple[str, ...] = ()
    """The other requirements by name, as written."""
    constraints: tuple[str, ...] = ()
    local_projects: tuple[Path, ...] = ()
    """The folders of the other local projects that are installed together with this one."""
    prereleases: bool = False
    only_binary: frozenset[str] = frozenset()
    """Packages, normalized, of which no sdist is taken; ALL_PACKAGES for all."""
    no_binary: frozenset[str] = frozenset()
    """Packages of which no wheel is taken."""
    no_index: bool = False
    """No index is asked: folders alone."""
    no_deps: bool = False
    """Dependencies are not installed, so nothing is resolved."""
    upgraded: frozenset[str] = frozenset()
    """Packages whose installed release is not kept; ALL_PACKAGES for all."""

    def __repr__(self) -> str:
        """Show the projects alone: requirements may hold secrets."""
        return f"ResolverOptions({[*map(str, self.local_projects)]})"

    def keeps_installed(self, name: str) -> bool:
        """Return whether an installed release of a package stays where it satisfies."""
        return not ({name, ALL_PACKAGES} & self.upgraded)


def parse_resolver_options(
    invocation: OptionValues,
    options: Iterable[Option],
    names_requirement: Callable[[Option], bool],
    locate_project: Callable[[Option], str | None],
) -> ResolverOptions:
    """Return the options of a command.

    `options` are those of the command line, the variables and the requirements files, without what
    names the project itself. `names_requirement`: an option is a requirement by name or a
    constraint; `locate_project` returns the path or URL that an option names.
    """
    options = tuple(options)
    named = [option for option in options if names_requirement(option)]
    required = tuple(option.value for option in named if option.name != CONSTRAINT)
    paths = (_find_project(locate_project(option), invocation.cwd) for option in options)
    return ResolverOptions(
        requirements=required,
        constraints=tuple(option.value for option in named if option.name == CONSTRAINT),
        local_projects=tuple(dict.fromkeys(path for path in paths if path)),
        prereleases=invocation.has("--pre") or invocation.value("--prerelease") == "allow",
        only_binary=_packages(invocation, "--only-binary", "--no-build-package")
        | (_ALL if invocation.has("--no-build") else frozenset()),
        no_binary=_packages(invocation, "--no-binary", "--no-binary-package"),
        no_index=invocation.has("--no-index") or any(one.name == "--no-index" for one in options),
        no_deps=invocation.has("--no-deps"),
        upgraded=_find_upgraded(invocation, required),
    )


def _packages(invocation: OptionValues, *names: str) -> frozenset[str]:
    """Return the packages that some options list; as for pip, ``:none:`` empties the list."""
    packages: list[str] = []
    for value in (value for name in names for value in invocation.values(name)):
        for package in filter(None, re.split(_NAMES, value)):
            if package == ":none:":
                packages.clear()
            else:
                packages.append(package if package == ALL_PACKAGES else canonicalize_name(package))
    return frozenset(packages)


def _find_upgraded(invocation: OptionValues, requirements: Iterable[str]) -> frozenset[str]:
    """Return whose installed release is not kept.

    pip upgrades what the command names, and with `--upgrade-strategy eager` all; uv upgrades all.
    """
    if any(map(invocation.has, ("--force-reinstall", "--ignore-installed", "--target"))):
        return _ALL
    packages = _packages(invocation, "--upgrade-package")
    if not invocation.has("--upgrade"):
        return packages
    is_eager = invocation.value("--upgrade-strategy") == "eager"
    if is_eager or invocation.tool != "pip":
        return _ALL
    matches = map(_NAME.match, requirements)
    return packages | {canonicalize_name(match[1]) for match in matches if match}


def _find_project(location: str | None, folder: Path | None) -> Path | None:
    """Return the folder of a local project that an option names."""
    path = to_local_path(location, folder) if location else None
    if path is None:
        return None
    path = path.parent if path.name == PYPROJECT else path
    try:
        return path.resolve() if (path / PYPROJECT).is_file() else None
    except OSError:
        return None
