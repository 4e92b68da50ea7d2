"""The formats `uv` and `poetry`: tables for a pyproject.toml that route packages to an index.

With the tables of `uv`, `uv lock` and `uv sync` find every backend of the project; those of
`poetry` are for the decided backend alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch._toml import format_array, format_key_lines
from hatch_torch.catalog.releases import FAMILY, TORCH, is_index_only, known_backends
from hatch_torch.catalog.target import PLATFORMS
from hatch_torch.config.config import declared_extras
from hatch_torch.export.context import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.export.context import ExportContext

# The first word of a platform's name, and the value of the marker sys_platform there (PEP 508).
_SYSTEMS = {"linux": "linux", "win": "win32", "macos": "darwin"}
_UV_COMMENT = """\
# uv applies a source only to a package that is required by name, and a source for an extra only
# where that extra requires the package. Add these, or uv takes them from the default index:
"""


@dataclass(frozen=True, slots=True)
class Route:
    """A backend's index, the packages to take from it, and the extra that selects it."""

    backend: Backend
    url: str
    packages: tuple[str, ...]
    extra: str | None = None
    """None where every install uses the index."""

    @property
    def index_name(self) -> str:
        """The name of the index, without dots: `pytorch-rocm70`."""
        return f"pytorch-{self.backend.folder.replace('.', '')}"

    @property
    def marker(self) -> str | None:
        """The platforms that the backend exists for; None for all.

        On the others the default index has the default wheel.
        """
        systems = [
            value
            for word, value in _SYSTEMS.items()
            if any(
                self.backend in known_backends(platform)
                for platform in PLATFORMS
                if platform.startswith(word)
            )
        ]
        if len(systems) == len(_SYSTEMS):
            return None
        marker = " or ".join(f"sys_platform == '{system}'" for system in systems)
        return marker or "sys_platform != 'darwin'"  # of an unknown backend


def render_uv(context: ExportContext) -> str:
    """Return the tables of uv: conflicts, explicit indexes and sources."""
    routes = _plan_routes(context)
    header = f"{MARK} the project's backends" if context.config.extras else context.header
    missing = "".join(f"#   {line}\n" for line in _missing_for_uv(context, routes))
    comment = f"{header}\n{_UV_COMMENT}{missing}" if missing else f"{header}\n"
    return "\n".join((comment, *_format_uv_tables(routes)))


def render_poetry(context: ExportContext) -> str:
    """Return the tables of Poetry: an explicit source, and the dependencies that come from it.

    Poetry takes only the project's own dependencies from an explicit source, so the companions
    are among them.
    """
    route = _decided_route(context)
    if route is None:
        return f"{context.header}\n"
    source = {"name": route.index_name, "url": route.url, "priority": "explicit"}
    dependencies = {name: _poetry_dependency(context, name, route) for name in route.packages}
    # Poetry 2 ignores its own table where the standard one has dependencies.
    named = _required_by_name(context.config)
    missing = ", ".join(name for name in route.packages if name not in named)
    hint = f"# If [project] has dependencies, add these there too: {missing}\n" if missing else ""
    return (
        f"{context.header}\n{hint}\n"
        f"[[tool.poetry.source]]\n{format_key_lines(source)}\n\n"
        f"[tool.poetry.dependencies]\n{format_key_lines(dependencies)}\n"
    )


def _plan_routes(context: ExportContext) -> tuple[Route, ...]:
    """Return a route for each backend of the project, or else for the decided one."""
    requirements = declared_extras(context.config)
    routes = tuple(
        Route(
            extra.backend,
            context.index_url(extra.backend).rstrip("/"),
            _select_routable(requirements[extra.name]),
            extra.name,
        )
        for extra in context.config.extras
    )
    decided = _decided_route(context)
    return routes or ((decided,) if decided else ())


def _decided_route(context: ExportContext) -> Route | None:
    backend = context.decision.backend
    if backend is None:
        return None
    pins = (*context.family_pins, *context.companion_pins)
    url = context.index_url(backend).rstrip("/")
    return Route(backend, url, tuple(pin.name for pin in pins))


def _required_by_name(config: Config) -> frozenset[str]:
    """Return the packages in the project's dependencies and ordinary extras."""
    lists = (config.dependencies, *config.optional_dependencies.values())
    return frozenset(canonicalize_name(one.name) for requirements in lists for one in requirements)


def _select_routable(requirements: Iterable[Requirement]) -> tuple[str, ...]:
    """Return the packages that a backend's index serves."""
    names = dict.fromkeys(canonicalize_name(one.name) for one in requirements)
    return tuple(name for name in names if name in FAMILY or is_index_only(name, PLATFORMS[0]))


def _missing_for_uv(context: ExportContext, routes: Sequence[Route]) -> Iterator[str]:
    """Yield for each list of requirements what has to be added to it."""
    named = _required_by_name(context.config)
    for route in routes:
        if route.extra is None:
            path, missing = "dependencies", [name for name in route.packages if name not in named]
        else:
            path = f"[tool.torch-variant.extras.{route.extra}] dependencies"
            missing = [*_missing_in_extra(route, named)]
        if missing:
            yield f"{path}: {', '.join(missing)}"


def _missing_in_extra(route: Route, named: Collection[str]) -> Iterator[str]:
    """Yield what the project requires but the extra does not: the family, and a triton.

    The triton of ROCm and XPU is on their index alone (catalog/data/index_only.toml).
    """
    required = (name for name in FAMILY if name == TORCH or name in named)
    yield from (name for name in required if name not in route.packages)
    family = route.backend.family
    if family in {"rocm", "xpu"} and not any("triton" in name for name in route.packages):
        marker = f" ; {route.marker}" if route.marker else ""
        yield f"triton-{family}{marker} (before torch 2.10: pytorch-triton-{family})"


def _format_uv_tables(routes: Sequence[Route]) -> Iterator[str]:
    extras = [{"extra": route.extra} for route in routes if route.extra]
    if len(extras) > 1:
        yield f"[tool.uv]\nconflicts = [{format_array(extras)}]\n"
    for name, url in {route.index_name: route.url for route in routes}.items():
        index = {"name": name, "url": url, "explicit": True}
        yield f"[[tool.uv.index]]\n{format_key_lines(index)}\n"
    if routes:
        sources = "".join(f"{line}\n" for line in _format_sources(routes))
        yield f"[tool.uv.sources]\n{sources}"


def _format_sources(routes: Sequence[Route]) -> Iterator[str]:
    for name in dict.fromkeys(name for route in routes for name in route.packages):
        sources = [
            {key: value for key, value in _uv_source(route).items() if value}
            for route in routes
            if name in route.packages
        ]
        yield f"{name} = {format_array(sources)}"


def _uv_source(route: Route) -> dict[str, str | None]:
    return {"index": route.index_name, "extra": route.extra, "marker": route.marker}


def _poetry_dependency(context: ExportContext, name: str, route: Route) -> dict[str, str]:
    """Return a dependency with the project's specifier, or any version where it has none."""
    specifiers = (
        str(requirement.specifier)
        for requirement in context.family_requirements
        if canonicalize_name(requirement.name) == name
    )
    version = ",".join(filter(None, specifiers))
    return {"version": version or "*", "source": route.index_name}
