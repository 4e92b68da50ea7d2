"""`uv`: tables for a pyproject.toml, with which `uv lock` and `uv sync` find every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.companions import FAMILY
from hatch_torch.deciding.offers import TORCH
from hatch_torch.export.routes import Route, required_by_name, routes
from hatch_torch.export.subject import MARK
from hatch_torch.export.toml import Value, listed, pairs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hatch_torch.export.subject import Subject

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
