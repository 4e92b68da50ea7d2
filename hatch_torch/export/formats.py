"""The export formats: those that are lines of text, and the registry of all.

A new format is a function from an `ExportContext` to a text, and a row of `FORMATS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import ConfigurationError, NoAnswerError
from hatch_torch.export.pylock import FILE_NAME, render_pylock
from hatch_torch.export.tool_tables import render_poetry, render_uv
from hatch_torch.export.whole_install import format_requirements
from hatch_torch.frontend.shell import join_command

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator

    from packaging.requirements import Requirement

    from hatch_torch.config.config import Config
    from hatch_torch.export.context import ExportContext
    from hatch_torch.resolution.model import Pin


def render_command(context: ExportContext) -> str:
    """Return the pip command that pytorch.org's selector would show for the decision."""
    backend, pins = context.decision.backend, context.family_pins
    if backend is None:
        requirements = context.family_requirements
        install = join_command(("pip", "install", *map(str, requirements)))
        return f"{context.header}\n{install if requirements else '# nothing requires torch'}\n"
    # The index has the companions too, and only its wheels have the local part of a version.
    versions = (f"{pin.name}=={pin.version.public if pin.url else pin.version}" for pin in pins)
    pre = ("--pre",) if any(pin.version.is_prerelease for pin in pins) else ()
    has_index = any(pin.url for pin in pins)
    index = ("--index-url", context.index_url(backend).rstrip("/")) if has_index else ()
    return f"{join_command(('pip', 'install', *pre, *versions, *index))}\n"


def render_constraints(context: ExportContext) -> str:
    """Return a constraints file with every pin, for `-c`, PIP_CONSTRAINT or UV_CONSTRAINT.

    A constraint with a URL redirects a plain requirement to it.
    """
    lines = (context.header, *(pin.requirement for pin in context.decision.pins))
    return "".join(f"{line}\n" for line in lines)


def render_extra(context: ExportContext) -> str:
    """Return the name of the project's extra for the decided backend, for scripts.

    Raises NoAnswerError where nothing is decided, and ConfigurationError where the project has no
    extra for the backend.
    """
    backend = context.decision.backend
    if backend is None:
        raise NoAnswerError(f"there is no extra to use: {context.portable_reason}")
    # The default wheel for macOS goes by the extra `cpu` where the project has no extra `mps`.
    default = Backend("cpu") if backend.family == "mps" else backend
    extra = context.config.find_extra(backend) or context.config.find_extra(default)
    if extra is None:
        hint = f"add the table [tool.torch-variant.extras.{backend.extra}]"
        raise ConfigurationError([f"the project has no extra for {backend}"], hint=hint)
    return f"{extra.name}\n"


def render_requirements(context: ExportContext) -> str:
    """Return a requirements file, the project's or the given one, with the family as exact wheels.

    All other lines of a given file stay byte for byte. With hashes it is the whole install instead:
    the installer takes no package without one then.
    """
    if context.hashes:
        return "".join(f"{line}\n" for line in _format_hashed(context))
    requirements = context.file.requirements if context.file else context.config.dependencies
    pinned = {canonicalize_name(one.name) for one in requirements if context.find_pin(one)}
    front = (context.header, *_unnamed_requirements(context, pinned))

    def replace(requirement: Requirement) -> str | None:
        pin = context.find_pin(requirement)
        return format_pin(requirement, pin) if pin else None

    if context.file:
        return context.file.rewrite(front, replace)
    lines = (replace(requirement) or str(requirement) for requirement in requirements)
    return "".join(f"{line}\n" for line in (*front, *lines))


def _format_hashed(context: ExportContext) -> Iterator[str]:
    """Yield the lines of the whole install; raises NoAnswerError for a wheel without a hash."""
    if context.decision.backend is None:
        raise NoAnswerError(f"there is nothing to hash: {context.portable_reason}")
    yield context.header
    unhashed = (pin for pin in context.decision.pins if not pin.hash_fragment)
    if pin := next(unhashed, None):
        raise NoAnswerError(f"the hash of the wheel of {pin.name} {pin.version} is not known")
    yield from format_requirements(context.decision.pins, context.others)


def _unnamed_requirements(context: ExportContext, pinned: Iterable[str]) -> Iterator[str]:
    """Yield the injected requirements that replace no line: torch, and its companions."""
    for injected in context.decision.injected:
        if injected.extra is None and injected.name not in pinned:
            yield injected.requirement


def format_pin(requirement: Requirement, pin: Pin) -> str:
    """Return a pin as a requirement, with the extras and the marker of the one it replaces."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    return f"{pin.name}{extras}{pin.requirement.removeprefix(pin.name)}{marker}"


@dataclass(frozen=True, slots=True)
class Format:
    """An export format."""

    name: str
    render: Callable[[ExportContext], str]
    file_name: str
    """The name of the file in a folder; `{extra}` is the backend without dots."""
    file_pattern: re.Pattern[str] | None = None
    """The file names that its readers accept; None for any."""
    needs_decision: Callable[[Config], bool] = lambda _config: True
    is_whole: bool = False
    """Whether the text always holds the other packages of the install."""
    rewrites: bool = False
    """Whether the text replaces the given requirements file, and keeps its encoding."""


FORMATS = (
    Format("requirements", render_requirements, "requirements.{extra}.txt", rewrites=True),
    Format("constraints", render_constraints, "constraints.{extra}.txt"),
    Format("command", render_command, "install.{extra}.txt"),
    Format("pylock", render_pylock, "pylock.{extra}.toml", FILE_NAME, is_whole=True),
    Format("uv", render_uv, "uv.{extra}.toml", needs_decision=lambda config: not config.extras),
    Format("poetry", render_poetry, "poetry.{extra}.toml"),
    Format("extra", render_extra, "extra.{extra}.txt"),
)
"""All formats, in the order of `--help`."""
