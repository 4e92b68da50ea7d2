"""Which build hook run is this: the Request, and how it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packaging.utils import canonicalize_name

from hatch_torch.frontend.asked import Asked, read_asked
from hatch_torch.frontend.calls import Call, nearest_call, read_call
from hatch_torch.frontend.environment import own_site_packages, uv_site_packages
from hatch_torch.frontend.place import is_in_place
from hatch_torch.frontend.purpose import PIP_TRACKER, Purpose, judge, judge_unseen
from hatch_torch.hardware.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


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
