"""The backends that a project supports: those asked for, and those that it already names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_torch.backend import Backend
from hatch_torch.init.edits import moved, put, with_table, without, without_section
from hatch_torch.init.form import STATIC
from hatch_torch.init.pytorch import folder
from hatch_torch.init.statements import read, values
from hatch_torch.project.kinds import table_at
from hatch_torch.project.schema import is_backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_torch.init.statements import Path

EXTRAS: Path = ("tool", "torch-variant", "extras")
_POETRY: Path = ("tool", "poetry")


@dataclass(frozen=True, slots=True)
class _Found:
    """A backend, and the channel of the index that names it."""

    backend: Backend
    channel: str = "stable"


def names_backends(text: str) -> bool:
    """Answer whether a project chooses backends by tables that are not ours."""
    return bool([*_static(text)]) or any(folder(url) for url in _urls(text))


def supported(text: str, backends: Iterable[Backend]) -> str:
    """Give each backend its extra: those asked for, then those of the project's own tables."""
    named = [*_static(text)]
    found = [*map(_Found, backends), *_of_indexes(text)]
    for name in named:
        text = _taken_over(text, name)
    for one in found:
        if one.backend.folder not in _folders(text):
            text = _declared(text, one)
    return _without_poetry(text)


def _folders(text: str) -> set[str]:
    """Return the folders of the backends that have our extra."""
    names = filter(is_backend, table_at(values(text), *EXTRAS))
    return {Backend.parse(name).folder for name in names}


def _static(text: str) -> Iterator[str]:
    """Yield the ordinary extras that are named like a backend."""
    return (name for name in table_at(values(text), *STATIC) if is_backend(name))


def _taken_over(text: str, name: str) -> str:
    """Make an ordinary extra a backend's, with its requirements as they are written."""
    if name in table_at(values(text), *EXTRAS):
        return text  # an ordinary extra by the same name adds to ours
    if not table_at(values(text), *STATIC)[name]:
        return with_table(without(text, (*STATIC, name)), (*EXTRAS, name))
    return moved(text, (*STATIC, name), (*EXTRAS, name, "dependencies"))


def _declared(text: str, one: _Found) -> str:
    path = (*EXTRAS, one.backend.extra)
    if one.channel != "stable":
        return put(text, (*path, "channel"), f'"{one.channel}"')
    return with_table(text, path)


def _urls(text: str) -> Iterator[Any]:
    """Yield the URLs of the indexes in uv's and Poetry's tables."""
    for path, key in ((("uv",), "index"), (("poetry",), "source")):
        indexes = table_at(values(text), "tool", *path).get(key, [])
        yield from (one.get("url") for one in indexes)


def _of_indexes(text: str) -> Iterator[_Found]:
    for found in map(folder, _urls(text)):
        if found and found.backend:
            yield _Found(found.backend, found.channel)


def _without_poetry(text: str) -> str:
    """Remove Poetry's sources of PyTorch's index, and the requirements' references to them."""
    said = values(text)
    sources = table_at(said, *_POETRY).get("source", [])
    gone = {one.get("name") for one in sources if folder(one.get("url"))}
    places = [one.section for one in read(text) if one.header and one.table == (*_POETRY, "source")]
    for section, one in reversed([*zip(places, sources, strict=False)]):
        if one.get("name") in gone:
            text = without_section(text, section)
    for name, requirement in table_at(said, *_POETRY, "dependencies").items():
        if table_at(requirement).get("source") in gone:
            text = without(text, (*_POETRY, "dependencies", name, "source"))
    return text
