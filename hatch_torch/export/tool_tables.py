"""Values as TOML (v1.0), as much of it as the exports need.

Which packages come from which index of PyTorch's, for tools that take such routes.

`uv`: tables for a pyproject.toml, with which `uv lock` and `uv sync` find every backend.

`poetry`: an explicit source, and the dependencies that come from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.catalog.releases import FAMILY, TORCH, index_only, known_backends
from hatch_torch.catalog.target import PLATFORMS
from hatch_torch.config.config import declared_extras
from hatch_torch.export.context import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.export.context import Subject


Value = str | list["Value"] | Mapping[str, "Value"]


def inline(value: Value) -> str:
    """Return a value on one line.

    Strings are basic ones, of which JSON's are a subset where nothing needs a pair of surrogates.
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + pairs(value, ", ") + " }"
    return "[" + ", ".join(map(inline, value)) + "]"


def pairs(table: Mapping[str, Value], between: str = "\n") -> str:
    """Return the keys of a table, which are bare, with their values."""
    return between.join(f"{key} = {inline(value)}" for key, value in table.items())


def listed(value: list[Value]) -> str:
    """Return an array with an item a line, where it has more than one."""
    if len(value) == 1:
        return inline(value)
    return "[\n" + "".join(f"  {inline(item)},\n" for item in value) + "]"


# The first word of a platform, and what the marker sys_platform says there (PEP 508).
_SYSTEMS = {"linux": "linux", "win": "win32", "macos": "darwin"}


@dataclass(frozen=True, slots=True)
class Route:
    """A backend's index, and the extra that leads to it."""

    backend: Backend
    url: str
    names: tuple[str, ...]
    """What is to be had there, of all that is required by name."""
    extra: str | None = None
    """None: everybody is led to it."""

    @property
    def index(self) -> str:
        """The name of the index, without dots: `pytorch-rocm70`."""
        return f"pytorch-{self.backend.folder.replace('.', '')}"

    @property
    def marker(self) -> str | None:
        """Where the backend exists; None: everywhere.

        Elsewhere the default index has the plain wheel.
        """
        has = [
            system
            for word, system in _SYSTEMS.items()
            if any(self.backend in known_backends(one) for one in PLATFORMS if one.startswith(word))
        ]
        if len(has) == len(_SYSTEMS):
            return None
        return " or ".join(f"sys_platform == '{one}'" for one in has) or "sys_platform != 'darwin'"


def routes(subject: Subject) -> tuple[Route, ...]:
    """Return a route for each backend of the project, or that of the decided one."""
    declared = declared_extras(subject.config)
    found = [
        Route(one.backend, _url(subject, one.backend), _routable(declared[one.name]), one.name)
        for one in subject.config.extras
    ]
    decided = None if found else decided_route(subject)
    return (*found, decided) if decided else tuple(found)


def decided_route(subject: Subject) -> Route | None:
    """Return the route for everybody to the decided backend, if one was decided."""
    backend = subject.decision.backend
    pins = (*subject.members, *subject.companions)
    names = tuple(pin.name for pin in pins)
    return Route(backend, _url(subject, backend), names) if backend else None


def required_by_name(config: Config) -> frozenset[str]:
    """Return the names that stand in the project's dependencies and ordinary extras."""
    lists = (config.dependencies, *config.optional_dependencies.values())
    return frozenset(canonicalize_name(one.name) for lines in lists for one in lines)


def _routable(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """Return the packages that a backend's index is for."""
    names = dict.fromkeys(canonicalize_name(one.name) for one in requirements)
    return tuple(one for one in names if one in FAMILY or index_only(one, PLATFORMS[0]))


def _url(subject: Subject, backend: Backend) -> str:
    return subject.index_url(backend).rstrip("/")


_ABOUT = """\
# uv takes a source only for what is required by name, and one for an extra only where that extra
# requires it. Still missing, so that uv would look for it on the default index:
"""


def uv(subject: Subject) -> str:
    """Return the tables, ready to paste: conflicts, explicit indexes, sources."""
    found = routes(subject)
    header = f"{MARK} the project's backends" if subject.config.extras else subject.header
    missing = "".join(f"#   {line}\n" for line in _missing(subject, found))
    comment = f"{header}\n{_ABOUT}{missing}" if missing else f"{header}\n"
    return "\n".join((comment, *_tables(found)))


def _missing(subject: Subject, found: Sequence[Route]) -> Iterator[str]:
    """Yield what has to be added to the requirements, and where."""
    named = required_by_name(subject.config)
    for route in found:
        others = (one for one in route.names if one not in named)
        missing = [*(_missing_in_extra(route, named) if route.extra else others)]
        if missing:
            yield f"{_list_of(route)}: {', '.join(missing)}"


def _missing_in_extra(route: Route, named: Collection[str]) -> Iterator[str]:
    """Yield what an extra does not require, though the project does, or torch of that backend.

    The triton of ROCm and XPU is on their index alone (tables/index_only.toml).
    """
    members = (one for one in FAMILY if one == TORCH or one in named)
    yield from (one for one in members if one not in route.names)
    family = route.backend.family
    if family in {"rocm", "xpu"} and not any("triton" in one for one in route.names):
        where = f" ; {route.marker}" if route.marker else ""
        yield f"triton-{family}{where} (before torch 2.10: pytorch-triton-{family})"


def _list_of(route: Route) -> str:
    if route.extra is None:
        return "dependencies"
    return f"[tool.torch-variant.extras.{route.extra}] dependencies"


def _tables(found: Sequence[Route]) -> Iterator[str]:
    extras = [one.extra for one in found if one.extra]
    if len(extras) > 1:
        every: list[Value] = [{"extra": one} for one in extras]
        yield f"[tool.uv]\nconflicts = [{listed(every)}]\n"
    for name, url in {one.index: one.url for one in found}.items():
        yield f"[[tool.uv.index]]\n{pairs({'name': name, 'url': url})}\nexplicit = true\n"
    if found:
        yield "\n".join(("[tool.uv.sources]", *_sources(found), ""))


def _sources(found: Sequence[Route]) -> Iterator[str]:
    for name in dict.fromkeys(name for one in found for name in one.names):
        yield f"{name} = {listed([_source(one) for one in found if name in one.names])}"


def _source(route: Route) -> Value:
    source = {"index": route.index, "extra": route.extra, "marker": route.marker}
    return {key: value for key, value in source.items() if value}


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
            f"{subject.header}\n{_missing_poetry(subject, route)}",
            f"[[tool.poetry.source]]\n{pairs(source)}\n",
            "\n".join(("[tool.poetry.dependencies]", *lines, "")),
        )
    )


def _missing_poetry(subject: Subject, route: Route) -> str:
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
