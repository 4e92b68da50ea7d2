"""Where a source lies: in the user's own folder, or in a copy that an installer made.

The purpose of a build: an install on this machine, or an artefact for any.

Which build hook run is this: the Request, and how it is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.environment.prefix import find_prefix, own_site_packages, site_packages
from hatch_torch.frontend.invocation import Asked, Call, nearest_call, read_asked, read_call
from hatch_torch.frontend.process_tree import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from hatch_torch.frontend.invocation import Call


_PIP_COPY = r"pip-(req-build|install)-\w{8}"  # made by tempfile.mkdtemp
_UV_COPY = r"(archive|builds|built-wheels|git|sdists)-v\d+"


def is_in_place(project: Path) -> bool:
    """Tell whether a source is the user's own folder: no unpacked sdist, no installer's copy."""
    folders = (project, *project.parents)
    return not ((project / "PKG-INFO").exists() or any(map(_is_copy, folders)))


def _is_copy(folder: Path) -> bool:
    """Know pip's temporary folders by their names, and uv's cache by its tag as well."""
    if re.fullmatch(_UV_COPY, folder.name):
        return folder.with_name("CACHEDIR.TAG").exists()
    return re.fullmatch(_PIP_COPY, folder.name) is not None


Purpose = Literal["install", "portable"]

PIP_TRACKER = "PIP_BUILD_TRACKER"
"""The variable that pip sets for every build that it runs."""

_COPY = "The source is an unpacked archive or an installer's copy."
_UNSEEN = "The processes above this build cannot be read;"


def judge(call: Call | None, *, in_place: bool) -> tuple[Purpose, str]:
    """Return the purpose and the reason, one plain sentence."""
    if not in_place:
        return "portable", _COPY
    if call is None:
        return "portable", "No installer that is known runs this build."
    if _fills_build_environment(call):
        return "portable", "pip needs this project only to build another one."
    if call.installs:
        return "install", f"{call.name} installs this project."
    return "portable", f"{call.name} is portable: what it makes must fit any machine."


def judge_unseen(
    environ: Mapping[str, str], *, in_place: bool, editable: bool
) -> tuple[Purpose, str]:
    """Return the same where no process can be read: nobody ships what pip builds as editable."""
    if not in_place:
        return "portable", _COPY
    if editable and PIP_TRACKER in environ:
        return "install", f"{_UNSEEN} it is an editable build under pip."
    return "portable", f"{_UNSEEN} it is not an editable build under pip."


def _fills_build_environment(call: Call) -> bool:
    """Tell whether pip runs itself, for what a build requires (its `build_env.py`)."""
    prefix = call.value("--prefix") or ""
    return bool(re.search(r"[/\\]pip-build-env-\w+[/\\]", prefix))


class Request(NamedTuple):
    """A run of the build hook: who asks, for what, and into which environment."""

    frontend: str = "unknown"
    """The installer's name: `pip`, `uv`, `hatch`, `build` …"""
    command: str = ""
    """The installer with its sub-command: `uv pip install`."""
    purpose: Purpose = "portable"
    why: str = ""
    """The reason for the purpose, one plain sentence."""
    in_place: bool = False
    """The source is the user's own folder."""
    named: bool = False
    """The request names the project, so `extras` is all that is asked of it; otherwise it was
    not seen which extras are asked for."""
    extras: frozenset[str] = frozenset()
    """The project's extras that this very install asks for, normalized."""
    upgrade: bool = False
    """The command asks for newer releases; our own variable for it is `Settings`' to read."""
    pinnable: bool = False
    """`==` the installed version is right, for the installer looks at what is installed."""
    offline: bool = False
    """The command forbids the network; our own variable for it is `Settings`' to read."""
    constraints: tuple[str, ...] = ()
    """Constraints, and the other requirements of the same install, as they were written."""
    find_links: tuple[str, ...] = ()
    """Folders and URLs of further wheels."""
    indexes: tuple[tuple[str, str], ...] = ()
    """The indexes that the command names, each by its option."""
    environment: tuple[Path, ...] | None = None
    """The target's folders of packages; none for a new environment, None where not known."""

    def __repr__(self) -> str:
        """Show who asks for what: constraints and links may hold secrets."""
        return f"Request({self.command}, {self.purpose}, {sorted(self.extras)})"


def read_request(
    project: Path,
    processes: Sequence[Process] | None,
    environ: Mapping[str, str],
    *,
    editable: bool,
    own: Callable[[], tuple[Path, ...]] = own_site_packages,
) -> Request:
    """Read the run of a build hook for the project in a folder.

    `processes` is the hook's own process and those above it, the nearest first, None where they
    cannot be read; `environ` is the hook's own; `editable`: an editable wheel is built.
    """
    project = project.resolve()
    call = nearest_call(processes or (), environ)
    in_place = is_in_place(project)
    if processes is None:
        purpose, why = judge_unseen(environ, in_place=in_place, editable=editable)
    else:
        purpose, why = judge(call, in_place=in_place)
    calls = (call,) if call else _stand_ins(environ)
    asked = tuple(read_asked(one, project) for one in calls)
    return Request(
        frontend=calls[0].installer.name if len(calls) == 1 else "unknown",
        command=call.name if call else "",
        purpose=purpose,
        why=why,
        in_place=in_place,
        named=any(one.named for one in asked),
        extras=frozenset().union(*(one.extras for one in asked)),
        upgrade=any(map(_upgrades, calls)),
        pinnable=call is not None and _is_pinnable(call),
        offline=_is_offline(calls, asked),
        constraints=tuple(line for one in asked for line in one.requirements),
        find_links=tuple(place for one in asked for place in one.find_links),
        indexes=tuple(index for one in asked for index in one.indexes),
        environment=_environment(calls, project, own) if purpose == "install" else None,
    )


def presumed_request(project: Path, environ: Mapping[str, str]) -> Request:
    """Return what a plain `pip install -e .` would be: the variables of pip and uv take part."""
    unseen = read_request(project, (), environ, editable=True)
    return unseen._replace(frontend="pip", command="pip install", purpose="install", why="")


def _stand_ins(environ: Mapping[str, str]) -> tuple[Call, ...]:
    """Return calls of which only the variables are known: of pip or uv, or of both."""
    names = ("pip",) if PIP_TRACKER in environ else ("uv",) if "UV" in environ else ("pip", "uv")
    calls = (read_call(Process(0, (name,)), environ) for name in names)
    return tuple(call for call in calls if call)


_FAMILY = frozenset({"torch", "torchaudio", "torchvision"})


def _upgrades(call: Call) -> bool:
    packages = (
        re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in call.values("--upgrade-package")
    )
    return call.has("--upgrade") or not _FAMILY.isdisjoint(map(canonicalize_name, packages))


def _is_pinnable(call: Call) -> bool:
    """Tell whether pip compares with what is installed where it installs to."""
    away = ("--force-reinstall", "--ignore-installed", "--prefix", "--root", "--target")
    return call.name == "pip install" and not any(map(call.has, away))


def _is_offline(calls: Sequence[Call], asked: Sequence[Asked]) -> bool:
    return any(one.no_index for one in asked) or any(one.has("--offline") for one in calls)


def _environment(
    calls: Sequence[Call], project: Path, own: Callable[[], tuple[Path, ...]]
) -> tuple[Path, ...] | None:
    if calls[0].installer.name == "pip":
        return own()
    return uv_site_packages(calls[0], project)


def uv_site_packages(call: Call, project: Path) -> tuple[Path, ...] | None:
    """Return the site-packages that a call of uv installs into, None where it is not known.

    No folder at all for a tool, whose environment is uv's own affair.
    """
    if call.command.startswith("tool "):
        return ()
    folder = call.cwd or project
    if target := call.value("--target"):
        return (folder / target,)
    prefix: Path | str | None = call.value("--prefix") or find_prefix(
        call.environ, folder, python=call.value("--python"), system=call.has("--system")
    )
    return site_packages(folder / prefix) if prefix else None
