"""`command`: the pip command that the selector on pytorch.org would give.

`constraints`: lines for `-c`, PIP_CONSTRAINT or UV_CONSTRAINT, whatever asks for torch.

`extra`: the name of the project's extra for the decided backend, for scripts.

`requirements`: the family as exact wheels, everything else as it was written.

The formats, as a table.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import ConfigurationError, NoAnswerError
from hatch_torch.export import pylock
from hatch_torch.export.tool_tables import poetry, uv

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator

    from packaging.requirements import Requirement

    from hatch_torch.config.config import Config
    from hatch_torch.export.context import Subject
    from hatch_torch.resolution.model import Pin


def command(subject: Subject) -> str:
    """Return one command line; what the family requires comes from the same index, by itself."""
    decision = subject.decision
    if decision.backend is None:
        asked = shlex.join(("pip", "install", *map(str, subject.wanted)))
        return f"{subject.header}\n{asked if subject.wanted else '# nothing requires torch'}\n"
    pins = subject.members
    from_index = any(pin.url for pin in pins)
    words = (
        *("pip", "install"),
        *(["--pre"] if any(pin.version.is_prerelease for pin in pins) else []),
        *map(_version, pins),
        *(["--index-url", subject.index_url(decision.backend).rstrip("/")] if from_index else []),
    )
    return f"{shlex.join(words)}\n"


def _version(pin: Pin) -> str:
    """Name a version; the backend's index tells its local part."""
    return f"{pin.name}=={pin.version.public if pin.url else pin.version}"


def constraints(subject: Subject) -> str:
    """Return a constraint for every pin; a constraint by URL redirects a plain requirement."""
    lines = (subject.header, *(pin.requirement for pin in subject.decision.pins))
    return "".join(f"{line}\n" for line in lines)


def extra(subject: Subject) -> str:
    """Return the extra's name.

    Raises NoAnswerError where nothing is decided, and ConfigurationError where the project has no
    extra for the backend.
    """
    backend = subject.decision.backend
    if backend is None:
        raise NoAnswerError(f"no extra: {subject.why_portable}")
    found = subject.config.extra_of(backend) or subject.config.extra_of(_plain(backend))
    if found is None:
        table = f"[tool.torch-variant.extras.{backend.extra}]"
        raise ConfigurationError([f"the project has no extra for {backend}; add the table {table}"])
    return f"{found.name}\n"


def _plain(backend: Backend) -> Backend:
    """Return the backend whose extra stands for the plain wheel, where mps is meant."""
    return Backend("cpu") if backend.family == "mps" else backend


def requirements(subject: Subject) -> str:
    """Return a requirements file for the target, or the given one with the family replaced."""
    if subject.file:
        named = [one for one in subject.file.requirements if subject.pin_of(one)]
        new = (subject.header, *_in_front(subject, named))
        return subject.file.rewritten(new, lambda one: _replaced(subject, one))
    written = subject.config.dependencies
    named = [one for one in written if subject.pin_of(one)]
    lines = (_replaced(subject, one) or str(one) for one in written)
    return "".join(f"{line}\n" for line in (subject.header, *_in_front(subject, named), *lines))


def exact(requirement: Requirement, pin: Pin) -> str:
    """Return a requirement for a pin, with the extras and the marker of what it stands in for."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{pin.name}{extras}{pin.requirement.removeprefix(pin.name)}{marker}"


def _replaced(subject: Subject, requirement: Requirement) -> str | None:
    pin = subject.pin_of(requirement)
    return exact(requirement, pin) if pin else None


def _in_front(subject: Subject, named: Iterable[Requirement]) -> Iterator[str]:
    """Yield what is added beside the lines that are replaced: torch, and what comes with it."""
    there = {canonicalize_name(one.name) for one in named}
    for addition in subject.decision.additions:
        if addition.extra is None and addition.name not in there:
            yield addition.requirement


def _always(_config: Config) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a decision down."""

    name: str
    render: Callable[[Subject], str]
    file_name: str
    """In a folder; `{extra}` is the backend without dots."""
    allowed: re.Pattern[str] | None = None
    """The file names that its readers take; None: any."""
    needs_decision: Callable[[Config], bool] = _always
    rewrites: bool = False
    """Whether the text is the given requirements file's, whose bytes it keeps."""


FORMATS = (
    Format("requirements", requirements, "requirements.{extra}.txt", rewrites=True),
    Format("constraints", constraints, "constraints.{extra}.txt"),
    Format("command", command, "install.{extra}.txt"),
    Format("pylock", pylock.pylock, "pylock.{extra}.toml", allowed=pylock.FILE_NAME),
    Format("uv", uv, "uv.{extra}.toml", needs_decision=lambda config: not config.extras),
    Format("poetry", poetry, "poetry.{extra}.toml"),
    Format("extra", extra, "extra.{extra}.txt"),
)
"""In the order of `--help`."""
