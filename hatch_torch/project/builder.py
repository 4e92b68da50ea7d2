"""Who builds a project, and by what that lets a plugin add requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.project.kinds import table_at
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    Door = Literal["hooks", "table", "provider", "none"]

DISTRIBUTION = "hatch-torch"
"""What a project's build has to require, to have us."""
BUILDING = "hatch_torch.doors.setuptools"
"""setuptools' build backend, with torch in the build environment."""
PROVIDER = "torch-variant"
"""Our name in `[[tool.dynamic-metadata]]`."""


class Builder(NamedTuple):
    """A build backend, as `[build-system]` names it: a row of `tables/builders.toml`."""

    name: str = "Hatch"
    """For people; empty where it is not in the table."""
    door: Door = "hooks"
    backend: str = ""
    """What is written; empty where nothing is."""
    requires_us: bool = False
    """Whether `build-system.requires` has this plugin."""

    @classmethod
    def of(cls, pyproject: Mapping[str, Any]) -> Builder:
        """Read it from a pyproject.toml; a backend that nobody knows may stand for any other."""
        system = table_at(pyproject, "build-system")
        backend = str(system.get("build-backend", ""))
        found = [
            (len(prefix), row["name"], row["door"])
            for row in rows("builders")
            for prefix in row["backends"]
            if backend == prefix or (prefix and backend.startswith((f"{prefix}.", f"{prefix}:")))
        ]
        unknown: tuple[int, str, Door] = (0, "", "table")
        _, name, door = max(found, default=unknown)
        requires = system.get("requires")
        lines = requires if isinstance(requires, list) else []
        return cls(name, door, backend, requires_us=any(map(names_us, lines)))

    @property
    def prepares(self) -> bool:
        """Whether torch can be had in its build environment by `build-requires` in our table."""
        return self.door == "provider" or self.backend == BUILDING


def names_us(line: object) -> bool:
    """Tell whether a requirement is this plugin."""
    try:
        return canonicalize_name(Requirement(str(line)).name) == DISTRIBUTION
    except InvalidRequirement:
        return False
