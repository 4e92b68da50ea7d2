"""`uv`: tables for a pyproject.toml, with which `uv lock` and `uv sync` find every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.export.routes import Route, routed_members, routes
from hatch_torch.export.subject import MARK
from hatch_torch.export.toml import Value, listed, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_torch.export.subject import Subject


def uv(subject: Subject) -> str:
    """Return the tables, ready to paste: conflicts, explicit indexes, sources."""
    found = routes(subject)
    header = f"{MARK} the project's backends" if subject.config.extras else subject.header
    return "\n\n".join((header, *_tables(subject, found))) + "\n"


def _tables(subject: Subject, found: Sequence[Route]) -> Iterator[str]:
    extras = [one.extra for one in found if one.extra]
    if len(extras) > 1:
        every: list[Value] = [{"extra": one} for one in extras]
        yield f"[tool.uv]\nconflicts = [{listed(every)}]"
    for name, url in {one.index: one.url for one in found}.items():
        yield f"[[tool.uv.index]]\n{pairs({'name': name, 'url': url})}\nexplicit = true"
    if found:
        yield "\n".join(("[tool.uv.sources]", *_sources(subject, found)))


def _sources(subject: Subject, found: Sequence[Route]) -> Iterator[str]:
    for name in routed_members(subject.config):
        yield f"{name} = {listed([_source(one) for one in found])}"


def _source(route: Route) -> Value:
    source = {"index": route.index, "extra": route.extra, "marker": route.marker}
    return {key: value for key, value in source.items() if value}
