"""Projects that `init` cannot serve, and what their people can do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.project.builder import Builder

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTEAD = """\
What is possible from outside: `hatch-torch install` installs the project and its requirements for \
this machine, and `hatch-torch export` writes them for pip, uv or Poetry. A project in plain \
Python can move to Hatch with these lines:
    [build-system]
    requires = ["hatchling>=1.27"]
    build-backend = "hatchling.build\""""
_NO_PROJECT = "project: not found; {} needs the table [project], with the name at least"


def refusal(pyproject: Mapping[str, Any]) -> str | None:
    """Say why nobody can call us in a project's build, and what can be done; None where it can."""
    builder = Builder.of(pyproject)
    if builder.door == "none" or not builder.name:
        name = builder.name or "another backend"
        found = f"build-system.build-backend: found {builder.backend!r}, so that {name} builds it"
        return f"{found}, where no plugin of ours can add requirements. {_INSTEAD}"
    if "project" not in pyproject and builder.name != "setuptools":
        return _NO_PROJECT.format(builder.name)
    return None
