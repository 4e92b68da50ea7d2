"""The formats, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_torch.export import pylock
from hatch_torch.export.command import command
from hatch_torch.export.constraints import constraints
from hatch_torch.export.extra import extra
from hatch_torch.export.poetry import poetry
from hatch_torch.export.requirements import requirements
from hatch_torch.export.uv import uv

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from hatch_torch.export.subject import Subject
    from hatch_torch.project.config import Config


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
