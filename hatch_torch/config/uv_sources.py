"""What a project's `[tool.uv]` says of where uv gets packages: sources, indexes, the workspace.

A package may come from one index alone, from git or a URL, of which nothing is known, or from a
folder, whose own requirements count. What is wrong in these tables uv reports.
"""

from __future__ import annotations

from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.config.build_system import is_source_used
from hatch_torch.config.config import declared_extras
from hatch_torch.config.pyproject import read_project, read_toml
from hatch_torch.config.validation import get_table
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from hatch_torch.config.config import Config

_MAX_PROJECTS = 200
"""Folders of one install; a large workspace has some 50."""


class UvSources(NamedTuple):
    """Where uv gets the packages of a project, as far as its tables say."""

    own_urls: tuple[tuple[str, str], ...] = ()
    """Packages that come from one index alone, each with its URL."""
    unknown: frozenset[str] = frozenset()
    """Packages from git or a URL, of which nothing can be known."""
    projects: tuple[Config, ...] = ()
    """The local projects that packages come from."""
    indexes: tuple[tuple[bool, str], ...] = ()
    """Further indexes (`name=URL` or a URL), each with whether it replaces PyPI."""
    find_links: tuple[str, ...] = ()
    """Folders and pages of wheels."""


def read_uv_sources(
    root: Path,
    extras: Collection[str],
    environment: Mapping[str, str],
    *,
    has_sources: bool = True,
    has_config: bool = True,
) -> UvSources:
    """Return what `[tool.uv]` says in a project's folder, in its workspace and in local projects.

    `extras` are those of the install. `has_sources=False` leaves out `[tool.uv.sources]`, and
    `has_config=False` the indexes to which no source routes.
    """
    settings = _Settings.read(root)
    indexes = settings.indexes if has_config else ()
    own_urls: dict[str, str] = {}
    unknown: set[str] = set()
    known: set[str] = set()
    projects: dict[Path, Config] = {}
    todo = [(root, frozenset(map(canonicalize_name, extras)))] if has_sources else []
    while todo and len(projects) < _MAX_PROJECTS:
        folder, active = todo.pop()
        own = settings if folder == root else _Settings.read(folder)
        for name, source in own.find_used(active, environment):
            if name in known:  # the project's own sources come before those of others
                continue
            known.add(name)
            if "index" in source:
                if url := own.named.get(str(source["index"])):
                    own_urls[name] = url
            elif path := own.locate(name, source):
                if path not in projects and (config := _read_local(path)):
                    projects[path] = config
                    todo.append((path, frozenset()))
            else:
                unknown.add(name)
    return UvSources(
        tuple(own_urls.items()),
        frozenset(unknown),
        tuple(projects.values()),
        tuple(
            (index.get("default") is True, _format_index(index))
            for index in indexes
            if index.get("explicit") is not True and index.get("format") != "flat"
        ),
        tuple(index["url"] for index in indexes if index.get("format") == "flat"),
    )


def list_requirements(config: Config) -> tuple[Requirement, ...]:
    """Return a local project's requirements as METADATA has them: those of extras with a marker."""
    lines = [*map(str, config.dependencies)]
    for extra, requirements in declared_extras(config).items():
        for requirement in requirements:
            text, _, marker = str(requirement).partition(";")
            condition = f"({marker.strip()}) and " if marker else ""
            lines.append(f'{text.rstrip()} ; {condition}extra == "{canonicalize_name(extra)}"')
    found: list[Requirement] = []
    for line in lines:
        with suppress(InvalidRequirement):
            found.append(Requirement(line))
    return tuple(found)


class _Settings(NamedTuple):
    """The tables of a project, completed with those of its workspace."""

    folder: Path
    workspace: Path | None
    sources: Mapping[str, tuple[Any, Path]]
    """Each with the folder that its paths are relative to."""
    indexes: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, folder: Path) -> _Settings:
        """Return the settings of a folder; the project's own come before its workspace's."""
        workspace = _find_workspace(folder)
        sources: dict[str, tuple[Any, Path]] = {}
        indexes: list[Mapping[str, Any]] = []
        for place in dict.fromkeys(filter(None, (folder, workspace))):
            table = _read_uv(place)
            for name, source in get_table(table, "sources").items():
                sources.setdefault(canonicalize_name(name), (source, place))
            listed = table.get("index")
            indexes += (
                {**index, "url": _absolute(url, place)}
                for index in (listed if isinstance(listed, list) else ())
                if isinstance(url := get_table(index).get("url"), str)
            )
        return cls(folder, workspace, sources, tuple(indexes))

    @property
    def named(self) -> dict[str, str]:
        """The indexes by name, as `name=URL`; a project's own wins over its workspace's."""
        named = ((index.get("name"), _format_index(index)) for index in reversed(self.indexes))
        return {name: url for name, url in named if isinstance(name, str)}

    def find_used(
        self, extras: Collection[str], environment: Mapping[str, str]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield each package with the source that applies, its `path` resolved."""
        for name, (sources, place) in self.sources.items():
            for source in map(get_table, sources if isinstance(sources, list) else [sources]):
                if is_source_used(source, extras, environment):
                    path = source.get("path")
                    resolved = {"path": place / path} if isinstance(path, str) else {}
                    yield name, {**source, **resolved}
                    break

    def locate(self, name: str, source: Mapping[str, Any]) -> Path | None:
        """Return the folder of a package that comes from a path or from the workspace."""
        if source.get("workspace") is True and self.workspace:
            members = _list_members(self.workspace)
            return next((one for one in members if _read_name(one) == name), None)
        path = source.get("path")
        return path.resolve() if path and (path / "pyproject.toml").is_file() else None


def _find_workspace(folder: Path) -> Path | None:
    """Return the root of the workspace that a folder belongs to."""
    for parent in (folder, *folder.parents):
        if "workspace" not in _read_uv(parent):
            continue
        return parent if parent == folder or folder in _list_members(parent) else None
    return None


def _list_members(workspace: Path) -> list[Path]:
    """Return the folders of a workspace: its root, and what its patterns match."""
    table = get_table(_read_uv(workspace), "workspace")
    patterns, excluded = (
        [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        for listed in (table.get("members"), table.get("exclude"))
    )
    found = [workspace]
    for pattern in patterns:
        with suppress(ValueError, NotImplementedError, OSError):
            found += (path for path in sorted(workspace.glob(pattern)) if path.is_dir())
    return [
        path
        for path in found
        if not any(fnmatchcase(path.relative_to(workspace).as_posix(), one) for one in excluded)
    ]


def _read_uv(folder: Path) -> Mapping[str, Any]:
    return get_table(_read_toml(folder), "tool", "uv")


def _read_name(folder: Path) -> str:
    return canonicalize_name(str(get_table(_read_toml(folder), "project").get("name", "")))


def _read_toml(folder: Path) -> Mapping[str, Any]:
    path = folder / "pyproject.toml"
    with suppress(ConfigurationError):
        return read_toml(path) if path.is_file() else {}
    return {}


def _read_local(folder: Path) -> Config | None:
    try:
        return read_project(folder)
    except ConfigurationError:  # its own build reports it
        return None


def _absolute(url: str, folder: Path) -> str:
    return url if "://" in url else (folder / url).resolve().as_uri()


def _format_index(index: Mapping[str, Any]) -> str:
    """Return an index as uv's options name it: `name=URL`, or the URL."""
    url = str(index["url"])
    return f"{name}={url}" if isinstance(name := index.get("name"), str) and name else url
