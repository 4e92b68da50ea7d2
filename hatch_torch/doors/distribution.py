"""The door for setuptools, an entry point that it calls in *every* build where we are installed.

A project that does not opt in pays for a look at its pyproject.toml, and nothing here can fail it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from setuptools import Command, Distribution

_WORD = b"torch-variant"


def finalize(dist: Distribution) -> None:
    """Have a project that opts in write its metadata by our command.

    setuptools calls it before it reads the project's files, and wants to see something in each
    dynamic field. In `cmdclass` our command would be in the way: commands that a setup.cfg names
    are taken only where there are none yet, and those of a pyproject.toml replace all others.
    """
    if opts_in(Path.cwd()):
        from hatch_torch.doors.egg_info import with_additions  # noqa: PLC0415 (not for others)

        dist.install_requires = getattr(dist, "install_requires", None) or []
        dist.extras_require = getattr(dist, "extras_require", None) or {}
        ask = dist.get_command_class
        ours: Callable[..., type[Command]] = cache(with_additions)

        def get_command_class(command: str) -> type[Command]:
            found: type[Command] = ask(command)
            return ours(found) if command == "egg_info" else found

        dist.get_command_class = get_command_class


def opts_in(root: Path) -> bool:
    """Answer whether a folder's pyproject.toml has our table, and setuptools builds it.

    A file that is at fault in any way opts in to nothing: it is its own builder's to tell.
    """
    with suppress(Exception):
        text = (root / "pyproject.toml").read_bytes()
        return _WORD in text and _opts_in(text.decode())
    return False


def _opts_in(text: str) -> bool:
    from hatch_torch.project.builder import Builder  # noqa: PLC0415 (not for others)
    from hatch_torch.project.kinds import table_at  # noqa: PLC0415 (likewise)
    from hatch_torch.toml import loads  # noqa: PLC0415 (likewise)

    pyproject = loads(text)
    ours = "torch-variant" in table_at(pyproject, "tool")
    return ours and Builder.of(pyproject).name in {"setuptools", ""}
