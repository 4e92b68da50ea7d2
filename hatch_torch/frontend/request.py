"""The build request: what this run of the build hook is for.

A build is an *install* if it is for this machine, and *portable* if its result must fit any.
Which of the two follows from where the source lies and from the installer's command line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.environment.prefix import (
    find_prefix,
    find_site_packages,
    get_own_site_packages,
    is_in_uv_cache,
)
from hatch_torch.frontend.invocation import (
    Invocation,
    RequestedInstall,
    find_installer_invocation,
    parse_invocation,
    parse_requested,
)
from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.resolver_options import ResolverOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

_PIP_COPY = r"pip-(req-build|install)-\w{8}"  # created by tempfile.mkdtemp


def is_local_checkout(project: Path, *, is_editable_under_pip: bool = False) -> bool:
    """Return whether a source is the user's own folder: no unpacked sdist, no installer's copy.

    Of a copy pip never builds an editable wheel, whatever the folders are called.
    """
    if (project / "PKG-INFO").exists():
        return False
    if is_editable_under_pip:
        return True
    if is_in_uv_cache(project):
        return False
    return not any(re.fullmatch(_PIP_COPY, path.name) for path in (project, *project.parents))


Purpose = Literal["install", "portable"]

PIP_TRACKER = "PIP_BUILD_TRACKER"
"""The variable that pip sets for every build that it runs."""

_COPY = "The source is an unpacked archive or an installer's copy."
_BUILD_ENVIRONMENT_OPTIONS = ("--ignore-installed", "--no-user", "--no-warn-script-location")
_UNREADABLE = "The parent processes of this build cannot be read;"


def classify_build(
    invocation: Invocation | None, *, is_local_checkout: bool
) -> tuple[Purpose, str]:
    """Return the purpose of a build and the reason, one sentence."""
    if not is_local_checkout:
        return "portable", _COPY
    if invocation is None:
        return "portable", "No known installer runs this build."
    if _fills_build_environment(invocation):
        return "portable", "pip needs this project only to build another one."
    if invocation.install_command:
        return "install", f"{invocation.name} installs this project."
    return "portable", f"{invocation.name} is portable: its result must fit any machine."


def classify_without_process_tree(
    environ: Mapping[str, str], *, is_local_checkout: bool, editable: bool
) -> tuple[Purpose, str]:
    """Return the purpose and the reason where the parent processes cannot be read.

    An editable wheel that pip builds is never published, so it is for this machine.
    """
    if not is_local_checkout:
        return "portable", _COPY
    if editable and PIP_TRACKER in environ:
        return "install", f"{_UNREADABLE} it is an editable build under pip."
    return "portable", f"{_UNREADABLE} it is not an editable build under pip."


def classify_editable_under_pip(
    invocation: Invocation | None, *, is_local_checkout: bool
) -> tuple[Purpose, str]:
    """Return the purpose and the reason of an editable build under pip, whatever started pip.

    An editor, a profiler or an emulator may hide pip's command line; only a command that is
    recognized as portable makes the build portable.
    """
    if not is_local_checkout:
        return "portable", _COPY
    if invocation and _fills_build_environment(invocation):
        return "portable", "pip needs this project only to build another one."
    if invocation and invocation.command and not invocation.install_command:
        return "portable", f"{invocation.name} is portable: its result must fit any machine."
    name = invocation.name if invocation and invocation.command else "pip"
    return "install", f"{name} installs this project."


def _fills_build_environment(invocation: Invocation) -> bool:
    """Return whether pip runs itself to install a build's requirements (its `build_env.py`).

    A user's own --prefix may have such a name, but comes without the other options.
    """
    prefix = invocation.value("--prefix") or ""
    has_name = re.search(r"[/\\]pip-build-env-\w+[/\\]", prefix)
    return bool(has_name) and all(map(invocation.has, _BUILD_ENVIRONMENT_OPTIONS))


class BuildRequest(NamedTuple):
    """What a run of the build hook is for: the installer, its request and its target."""

    installer: str = "unknown"
    """The installer's name: `pip`, `uv`, `hatch`, `build` …"""
    command: str = ""
    """The installer with its sub-command: `uv pip install`."""
    purpose: Purpose = "portable"
    reason: str = ""
    """The reason for the purpose, one sentence."""
    is_local_checkout: bool = False
    """The source is the user's own folder."""
    names_project: bool = False
    """The command names the project, so `extras` is complete; otherwise the requested extras are
    not known."""
    extras: frozenset[str] = frozenset()
    """The project's extras that this very install requests, normalized."""
    upgrade: bool = False
    """The command asks for newer releases (TORCH_VARIANT_UPGRADE is in `Settings`)."""
    allows_version_pins: bool = False
    """`==` the installed version is right, because the installer looks at what is installed."""
    offline: bool = False
    """The command forbids network access (TORCH_VARIANT_OFFLINE is in `Settings`)."""
    constraints: tuple[str, ...] = ()
    """Constraints, and the other requirements of the same install, as they were written."""
    find_links: tuple[str, ...] = ()
    """Folders and URLs of further wheels."""
    indexes: tuple[tuple[str, str], ...] = ()
    """The indexes that the command names, each with its option."""
    resolver: ResolverOptions = ResolverOptions()
    """What the command tells the installer's resolver."""
    site_packages: tuple[Path, ...] | None = None
    """The target's package folders; empty for a new environment, None if the target is unknown."""
    project: Path | None = None
    """The project's folder; None where there is none."""

    def __repr__(self) -> str:
        """Show command, purpose and extras: constraints and links may hold secrets."""
        return f"BuildRequest({self.command}, {self.purpose}, {sorted(self.extras)})"


def read_build_request(  # noqa: PLR0913 (the last two default to the real thing)
    project: Path,
    processes: Sequence[Process] | None,
    environ: Mapping[str, str],
    *,
    editable: bool,
    family: Collection[str] = FAMILY,
    get_own: Callable[[], tuple[Path, ...]] = get_own_site_packages,
) -> BuildRequest:
    """Return the request of the build that runs in a project's folder.

    `processes` is the hook's own process and its ancestors, nearest first, None if they cannot be
    read; `environ` is the hook's own; `editable`: an editable wheel is built; `family`: the
    normalized names of the packages whose upgrade is an upgrade of torch.
    """
    project = project.resolve()
    invocation = find_installer_invocation(processes or (), environ)
    # pip is the one that builds: what stands further away only started it.
    is_editable_under_pip = editable and PIP_TRACKER in environ
    if is_editable_under_pip and invocation and invocation.tool != "pip":
        invocation = None
    local = is_local_checkout(project, is_editable_under_pip=is_editable_under_pip)
    if is_editable_under_pip and processes is not None:
        purpose, reason = classify_editable_under_pip(invocation, is_local_checkout=local)
    elif processes is None:
        purpose, reason = classify_without_process_tree(
            environ, is_local_checkout=local, editable=editable
        )
    else:
        purpose, reason = classify_build(invocation, is_local_checkout=local)
    invocations = (invocation,) if invocation else _guess_invocations(environ)
    requested = tuple(parse_requested(each, project) for each in invocations)
    is_install = purpose == "install"
    return BuildRequest(
        project=project,
        installer=invocations[0].installer.name if len(invocations) == 1 else "unknown",
        command=invocation.name if invocation else "",
        purpose=purpose,
        reason=reason,
        is_local_checkout=local,
        names_project=any(install.names_project for install in requested),
        extras=frozenset().union(*(install.extras for install in requested)),
        upgrade=any(_upgrades(each, family) for each in invocations),
        allows_version_pins=invocation is not None and _allows_version_pins(invocation),
        offline=_is_offline(invocations, requested),
        constraints=tuple(line for install in requested for line in install.requirements),
        find_links=tuple(link for install in requested for link in install.find_links),
        indexes=tuple(index for install in requested for index in install.indexes),
        resolver=requested[0].resolver,
        site_packages=find_target(invocations[0], project, get_own) if is_install else None,
    )


def default_request(project: Path, environ: Mapping[str, str]) -> BuildRequest:
    """Return the request of a plain `pip install -e .`, with the variables of pip and uv."""
    request = read_build_request(project, (), environ, editable=True)
    return request._replace(installer="pip", command="pip install", purpose="install", reason="")


def _guess_invocations(environ: Mapping[str, str]) -> tuple[Invocation, ...]:
    """Return invocations of which only the variables are known: of pip or uv, or of both."""
    names = ("pip",) if PIP_TRACKER in environ else ("uv",) if "UV" in environ else ("pip", "uv")
    invocations = (parse_invocation(Process(0, (name,)), environ) for name in names)
    return tuple(invocation for invocation in invocations if invocation)


def _upgrades(invocation: Invocation, family: Collection[str]) -> bool:
    """Return whether all packages are to be upgraded, or one of the torch family is."""
    names = (
        re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        for requirement in invocation.values("--upgrade-package")
    )
    return invocation.has("--upgrade") or any(canonicalize_name(name) in family for name in names)


def _allows_version_pins(invocation: Invocation) -> bool:
    """Return whether pip compares with the installed packages where it installs to."""
    elsewhere = ("--force-reinstall", "--ignore-installed", "--prefix", "--root", "--target")
    return invocation.name == "pip install" and not any(map(invocation.has, elsewhere))


def _is_offline(invocations: Sequence[Invocation], requested: Sequence[RequestedInstall]) -> bool:
    has_option = any(invocation.has("--offline") for invocation in invocations)
    return has_option or any(install.no_index for install in requested)


def find_target(
    invocation: Invocation,
    project: Path,
    get_own: Callable[[], tuple[Path, ...]] = get_own_site_packages,
) -> tuple[Path, ...] | None:
    """Return the package folders of the environment that an invocation installs into.

    Empty for a new environment, None if the environment is unknown.
    """
    command = invocation.install_command
    if command and command.isolated:
        return ()
    match invocation.installer.target:
        case "interpreter":
            return get_own()
        case "discovery":
            return _discover_target(invocation, invocation.cwd or project)
    return None


def _discover_target(invocation: Invocation, folder: Path) -> tuple[Path, ...] | None:
    if target := invocation.value("--target"):
        return (folder / target,)
    prefix: Path | str | None = invocation.value("--prefix") or find_prefix(
        invocation.environ,
        folder,
        python=invocation.value("--python"),
        system=invocation.has("--system"),
    )
    return find_site_packages(folder / prefix) if prefix else None
