"""The tables for people who use uv: cache key, indexes, sources and conflicts of the backends.

Each function takes the text of a pyproject.toml and returns it with one thing added, beside what
the project says itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch._toml import format_array, format_key_lines, format_value, loads, quote
from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import FAMILY, TORCH, published_releases, torch_releases
from hatch_torch.config.build_system import BuildBackend
from hatch_torch.config.config import PYTORCH_INDEX, declared_extras
from hatch_torch.config.validation import get_table
from hatch_torch.frontend.uv_cache import STAMP, names_stamp
from hatch_torch.init.hatch_tables import BACKEND_EXTRAS, parse_index_url
from hatch_torch.init.toml_edit import (
    append_item,
    append_table,
    has_table,
    parse_statements,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from packaging.requirements import Requirement

    from hatch_torch.config.config import BackendExtra, Config
    from hatch_torch.init.toml_edit import TomlPath

    ConflictGroup = list[Mapping[str, Any]]

_UV: TomlPath = ("tool", "uv")
_CACHE_KEYS: TomlPath = (*_UV, "cache-keys")
_CONFLICTS: TomlPath = (*_UV, "conflicts")
_INDEX: TomlPath = (*_UV, "index")
_SOURCES: TomlPath = (*_UV, "sources")
# Writing `cache-keys` replaces uv's defaults, so they have to be written too.
_DEFAULT_KEYS = ('{ file = "pyproject.toml" }', '{ dir = "src" }')
_SETUPTOOLS_KEYS = ('{ file = "setup.py" }', '{ file = "setup.cfg" }')
_TRITON_PLATFORM = "linux_x86_64"


def add_cache_key(text: str) -> str:
    """Add the stamp to uv's cache keys, so that uv runs the hook on every install."""
    pyproject = loads(text)
    if names_stamp(pyproject):
        return text
    is_setuptools = BuildBackend.from_pyproject(pyproject).name == "setuptools"
    first = (*_DEFAULT_KEYS, *(_SETUPTOOLS_KEYS if is_setuptools else ()))
    return append_item(text, _CACHE_KEYS, f'{{ file = "{STAMP}" }}', first=first)


def add_conflicts(text: str, extras: Sequence[str]) -> str:
    """Declare the extras as conflicting; a group of some of them is replaced by that of all."""
    groups: list[ConflictGroup] = get_table(loads(text), *_UV).get("conflicts", [])
    is_declared = any(set(extras) <= {*_group_extras(group)} for group in groups)
    if len(extras) <= 1 or is_declared:
        return text
    group: ConflictGroup = [{"extra": name} for name in extras]
    kept = [other for other in groups if not all(entry in group for entry in other)]
    if kept == groups:
        return append_item(text, _CONFLICTS, format_value(group))
    return set_value(text, _CONFLICTS, format_array([*kept, group]))


def _group_extras(group: ConflictGroup) -> list[str]:
    """Return the extras of a group that are the project's own, not a workspace member's."""
    return [entry["extra"] for entry in group if entry.keys() == {"extra"}]


def add_tritons(text: str, config: Config) -> tuple[str, tuple[str, ...]]:
    """Add the triton that its torch requires to each extra; return the text and the notes.

    uv takes a package from an index of `[tool.uv.sources]` only if the project itself requires
    it. PyPI has none of these packages, or only strays, which the lower bound (`above`) excludes.
    """
    notes = []
    for extra in config.extras:
        if row := _missing_triton(config, extra):
            requirement = f"{row['name']}>{row['above']}; {row['where']}"
            path = (*BACKEND_EXTRAS, extra.name, "dependencies")
            text = append_item(text, path, quote(requirement))
            notes.append(
                f"extra {extra.name}: added {row['name']}, so that uv takes it from PyTorch's "
                "index (it is not on PyPI)"
            )
    return text, tuple(notes)


def _missing_triton(config: Config, extra: BackendExtra) -> dict[str, Any] | None:
    """Return the row of the triton that an extra needs and does not name."""
    requirements = declared_extras(config)[extra.name]
    torch = [
        requirement for requirement in requirements if canonicalize_name(requirement.name) == TORCH
    ]
    tritons = [row for row in load_table("tritons") if row["family"] == extra.backend.family]
    required = {canonicalize_name(requirement.name) for requirement in requirements}
    if not torch or not required.isdisjoint(row["name"] for row in tritons):
        return None
    version = _newest_torch(torch, extra)
    return next((row for row in reversed(tritons) if Version(row["first"]) <= version), None)


def _newest_torch(requirements: Iterable[Requirement], extra: BackendExtra) -> Version:
    """Return the newest torch in range, or the newest of all if the tables have none in range."""
    specifiers = SpecifierSet()
    for requirement in requirements:
        specifiers &= requirement.specifier
    published = published_releases(extra.backend, _TRITON_PLATFORM)
    in_range = [version for version in published if specifiers.contains(version, prereleases=True)]
    return (in_range or published or torch_releases())[-1]


def add_sources(text: str, config: Config) -> tuple[str, tuple[str, ...]]:
    """Route the torch family by extra to the backends' indexes; return the text and the notes."""
    names: dict[str, str] = {}
    for extra in config.extras:
        text, names[extra.name] = _add_index(text, _index_url(config, extra), extra)
    notes = []
    for package, sources in _collect_sources(config, names).items():
        merged = _merge_sources(text, package, sources)
        if merged is None:
            notes.append(f"tool.uv.sources.{package}: left as it is; uv takes {package} from there")
        elif merged != get_table(loads(text), *_SOURCES).get(package):
            text = set_value(text, (*_SOURCES, package), format_array(merged))
    return text, tuple(notes)


def collect_routed_extras(text: str, config: Config) -> list[str]:
    """Return the extras that route the torch family: the backends', then the project's own."""
    extras = [extra.name for extra in config.extras]
    for package in FAMILY:
        extras += [source["extra"] for source in _get_sources(text, package) if "extra" in source]
    return [*dict.fromkeys(extras)]


def _index_url(config: Config, extra: BackendExtra) -> str:
    root = (config.index_url or PYTORCH_INDEX).rstrip("/")
    channel = extra.channel or config.channel
    folders = (root, "" if channel == "stable" else channel, extra.backend.folder)
    return extra.index_url or "/".join(filter(None, folders))


def _add_index(text: str, url: str, extra: BackendExtra) -> tuple[str, str]:
    """Add a backend's index, or complete the one with its URL; return the text and its name."""
    indexes = _get_indexes(text)
    is_taken = any(index.get("name") == f"pytorch-{extra.name}" for index in indexes)
    name = f"torch-variant-{extra.name}" if is_taken else f"pytorch-{extra.name}"
    for index in indexes:
        if str(index.get("url")).rstrip("/") == url.rstrip("/"):
            name = index.get("name", name)
            return _complete_index(text, index, name), name
    index = {"name": name, "url": url, "explicit": True}
    if indexes and not has_table(text, _INDEX):
        return append_item(text, _INDEX, format_value(index)), name
    return append_table(text, _INDEX, f"{format_key_lines(index)}\n", in_array=True), name


def _complete_index(text: str, index: Mapping[str, Any], name: str) -> str:
    """Give an index its name and make it explicit, unless it is the default one."""
    keys = {"name": name} if index.get("default") else {"name": name, "explicit": True}
    missing = {key: value for key, value in keys.items() if key not in index}
    lines = []
    for statement in parse_statements(text):
        lines.append(statement.text)
        is_url = statement.key == (*_INDEX, "url")
        if missing and is_url and loads(statement.text)["url"] == index["url"]:
            lines.append(f"{format_key_lines(missing)}\n")
            missing = {}  # the first index with this URL only
    return "".join(lines)


def _collect_sources(config: Config, names: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return the sources of each package; uv requires that the extra itself names the package.

    `names` are those of the indexes, by extra.
    """
    required = {
        extra: {canonicalize_name(requirement.name) for requirement in requirements}
        for extra, requirements in declared_extras(config).items()
    }
    sources: dict[str, list[dict[str, Any]]] = {}
    for package in (*FAMILY, *config.family, *(row["name"] for row in load_table("tritons"))):
        entries = [
            {"index": index, "extra": extra}
            for extra, index in names.items()
            if package in required[extra]
        ]
        if entries:
            sources[package] = entries
    return sources


def _merge_sources(text: str, package: str, sources: list[dict[str, Any]]) -> list[Any] | None:
    """Return the backends' sources with those to keep; None if a kept one applies to all."""
    backends = {source["extra"] for source in sources}
    kept = [
        source
        for source in _get_sources(text, package)
        if not _is_replaceable(text, source, backends)
    ]
    if any(source.keys().isdisjoint({"group", "extra"}) for source in kept):
        return None
    return [*kept, *sources]


def _is_replaceable(text: str, source: Mapping[str, Any], backends: Collection[str]) -> bool:
    """Return whether a source is a backend's, or leads every install to PyTorch's index."""
    if "group" in source:
        return False
    if "extra" in source:
        return source["extra"] in backends
    urls = {index.get("name"): index.get("url") for index in _get_indexes(text)}
    return parse_index_url(urls.get(source.get("index"))) is not None


def _get_indexes(text: str) -> list[Mapping[str, Any]]:
    indexes: list[Mapping[str, Any]] = get_table(loads(text), *_UV).get("index", [])
    return indexes


def _get_sources(text: str, package: str) -> list[Mapping[str, Any]]:
    sources = get_table(loads(text), *_SOURCES).get(package, [])
    return sources if isinstance(sources, list) else [sources]
