"""Values as TOML writes them.

PyTorch's own index, as people write it into their tables.

The backends that a project supports: those asked for, and those that it already names.

What has us called, and the extras where that reads them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.build_system import DISTRIBUTION, FIELDS, HOOK, PROVIDER, Wiring
from hatch_torch.config.validation import CHANNELS, is_backend, table_at
from hatch_torch.errors import ConfigurationError
from hatch_torch.init.toml_edit import (
    add_item,
    has_table,
    moved,
    put,
    read,
    renamed,
    values,
    with_table,
    without,
    without_section,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.init.toml_edit import Path


def inline(table: Mapping[str, object]) -> str:
    """Write a table of strings and booleans on one line: ``{ extra = "cpu" }``."""
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in table.items())} }}"


def pairs(table: Mapping[str, object]) -> str:
    """Write the same below a header, a line for each key."""
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def row(items: Iterable[str]) -> str:
    """Write an array on one line; the items are written already."""
    return f"[{', '.join(items)}]"


def column(items: Iterable[str]) -> str:
    """Write an array with a line for each item; a single one needs none of its own."""
    found = [*items]
    lines = "".join(f"  {item},\n" for item in found)
    return f"[\n{lines}]" if len(found) > 1 else row(found)


def _value(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_HOST = "download.pytorch.org"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of PyTorch's index."""

    backend: Backend | None = None
    """None for the root, which has the wheels of every backend."""
    channel: str = "stable"


def folder(url: object) -> Folder | None:
    """Read an index's URL; None where it is not PyTorch's."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    names = [name for name in parts.path.split("/") if name]
    if parts.hostname != _HOST or names[:1] != ["whl"]:
        return None
    channel = names[1] if names[1:] and names[1] in CHANNELS else "stable"
    last = names[-1]
    return Folder(Backend.parse(last) if is_backend(last) else None, channel)


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


_SYSTEM: Path = ("build-system",)
_TABLE: Path = ("tool", "torch-variant")
STATIC: Path = ("project", "optional-dependencies")
ORDINARY: Path = ("tool", "torch-variant", "optional-dependencies")


@dataclass(frozen=True, slots=True)
class Files:
    """The texts of a project's files; None where there is no such file."""

    pyproject: str
    hatch: str | None = None
    gitignore: str | None = None

    @property
    def hatch_tables(self) -> Mapping[str, Any]:
        """Hatch's configuration: the tables of hatch.toml stand in place of pyproject.toml's."""
        own = values(self.hatch) if self.hatch is not None else {}
        return {**table_at(values(self.pyproject), "tool", "hatch"), **own}

    @property
    def wiring(self) -> Wiring:
        """Which hooks the project names."""
        return Wiring.of(values(self.pyproject), self.hatch_tables)


def required(files: Files) -> Files:
    """Let the build environment have us; who builds, where nobody says, is setuptools."""
    builder, text = files.wiring.builder, files.pyproject
    if not builder.requires_us:
        first = () if builder.backend else ('"setuptools>=69"',)
        text = add_item(text, (*_SYSTEM, "requires"), f'"{DISTRIBUTION}"', first=first)
    if not builder.backend:
        text = put(text, (*_SYSTEM, "build-backend"), '"setuptools.build_meta"')
    return replace(files, pyproject=text)


def called(files: Files, *kinds: str) -> Files:
    """Have us called: by hooks of these kinds (`metadata`, `build`), or as who builds does it."""
    wiring = files.wiring
    if wiring.builder.door == "hooks":
        return _hooked(files, *kinds)
    if wiring.builder.door == "table" and not wiring.table:
        return replace(files, pyproject=with_table(files.pyproject, _TABLE))
    if wiring.builder.door == "provider" and wiring.provider is None:
        path = ("tool", "dynamic-metadata")
        text = add_item(files.pyproject, path, f'{{ provider = "{PROVIDER}" }}')
        return replace(files, pyproject=text)
    return files


def _hooked(files: Files, *kinds: str) -> Files:
    """Name us as a hook of these kinds (`metadata`, `build`), where Hatch looks for them."""
    wiring = files.wiring
    named = {"metadata": wiring.metadata_hook, "build": wiring.build_hook}
    for kind in kinds:
        if named[kind] is None:
            files = _with_hook(files, kind)
    return files


def dynamic(files: Files) -> Files:
    """Leave the extras to the metadata hook, and move those that are written into our table.

    Raises ConfigurationError where another metadata hook sets them already.
    """
    wiring = files.wiring
    others = [*table_at(files.hatch_tables, "metadata", "hooks").keys() - {HOOK}]
    if others and wiring.dynamic and wiring.metadata_hook is None:
        raise ConfigurationError([_taken(wiring, others)])
    text = files.pyproject
    if not wiring.standard:
        return files
    # A provider adds beside what is static; for anybody else a field is one or the other.
    adds = wiring.builder.door == "provider"
    for name in FIELDS if adds else FIELDS[1:]:
        if name not in wiring.dynamic:
            text = add_item(text, ("project", "dynamic"), f'"{name}"')
    return replace(files, pyproject=text if adds else _moved(text))


def _taken(wiring: Wiring, others: Iterable[str]) -> str:
    fields = " and ".join(sorted(wiring.dynamic))
    return (
        f"tool.hatch.metadata.hooks: another hook ({', '.join(sorted(others))}) sets {fields}, and "
        "two cannot; write these requirements into pyproject.toml"
    )


def _with_hook(files: Files, kind: str) -> Files:
    if files.hatch is not None and kind in values(files.hatch):
        return replace(files, hatch=with_table(files.hatch, (kind, "hooks", HOOK)))
    path = ("tool", "hatch", kind, "hooks", HOOK)
    return replace(files, pyproject=with_table(files.pyproject, path))


def _moved(text: str) -> str:
    """Give the extras' table our header, or each extra its line there, however it is written."""
    names = table_at(values(text), *STATIC)
    if names and has_table(text, STATIC) and not has_table(text, ORDINARY):
        return renamed(text, STATIC, ORDINARY)
    for name in names:
        text = moved(text, (*STATIC, name), (*ORDINARY, name))
    return without(text, STATIC)
