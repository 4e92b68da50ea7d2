"""`poetry`: an explicit source, and the dependencies that come from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.export.routes import decided_route, required_by_name
from hatch_torch.export.toml import Value, inline, pairs

if TYPE_CHECKING:
    from hatch_torch.export.routes import Route
    from hatch_torch.export.subject import Subject


def poetry(subject: Subject) -> str:
    """Return the tables for the decided backend, ready to paste.

    Poetry looks into an explicit source for no more than what the project itself requires, so what
    comes along from the backend's index is among the dependencies.
    """
    route = decided_route(subject)
    if route is None:
        return f"{subject.header}\n"
    source = {"name": route.index, "url": route.url, "priority": "explicit"}
    lines = (f"{name} = {inline(_dependency(subject, name, route.index))}" for name in route.names)
    return "\n".join(
        (
            f"{subject.header}\n{_missing(subject, route)}",
            f"[[tool.poetry.source]]\n{pairs(source)}\n",
            "\n".join(("[tool.poetry.dependencies]", *lines, "")),
        )
    )


def _missing(subject: Subject, route: Route) -> str:
    """Tell what Poetry 2 does not see in its own table where the standard one is there."""
    named = required_by_name(subject.config)
    missing = ", ".join(one for one in route.names if one not in named)
    return (
        f"# Where [project] has dependencies, name these there too: {missing}\n" if missing else ""
    )


def _dependency(subject: Subject, name: str, index: str) -> Value:
    """Return a dependency in the range that the project writes, of any version where it doesn't."""
    ranges = (one.specifier for one in subject.wanted if canonicalize_name(one.name) == name)
    version = ",".join(filter(None, map(str, ranges)))
    return {"version": version or "*", "source": index}
