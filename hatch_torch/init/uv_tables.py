"""What lets uv lock backends side by side: that no two of them are installed together.

The tritons that only PyTorch's index has, which uv routes only where an extra names them.

The tables for people who use uv: what it caches by, and where each backend's wheels are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog import rows
from hatch_torch.catalog.releases import FAMILY, published, torch_releases
from hatch_torch.config.build_system import Builder
from hatch_torch.config.config import PYTORCH_INDEX, declared_extras
from hatch_torch.config.validation import table_at
from hatch_torch.frontend.uv_cache import STAMP, names_stamp
from hatch_torch.init.hatch_tables import EXTRAS, column, folder, inline, pairs, row
from hatch_torch.init.toml_edit import add_item, has_table, put, read, values, with_section

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from packaging.requirements import Requirement

    from hatch_torch.config.config import BackendExtra, Config
    from hatch_torch.init.toml_edit import Path

    Group = list[Mapping[str, Any]]


_CONFLICTS: Path = ("tool", "uv", "conflicts")


def conflicting(text: str, extras: Sequence[str]) -> str:
    """Name the extras as conflicting; groups of some of them alone become the one of all."""
    there: list[Group] = table_at(values(text), "tool", "uv").get("conflicts", [])
    if len(extras) < 2 or any(set(extras) <= {*_extras(group)} for group in there):  # noqa: PLR2004 (one alone conflicts with nothing)
        return text
    ours = row(inline({"extra": name}) for name in extras)
    staying = [group for group in there if not _only_of(group, extras)]
    if staying == there:
        return add_item(text, _CONFLICTS, ours)
    return put(text, _CONFLICTS, column([*(row(map(inline, group)) for group in staying), ours]))


def _extras(group: Group) -> list[str]:
    """Return the extras of a group that are the project's own, not another member's."""
    return [one["extra"] for one in group if one.keys() == {"extra"}]


def _only_of(group: Group, extras: Sequence[str]) -> bool:
    return len(_extras(group)) == len(group) and {*_extras(group)} <= {*extras}


_PLATFORM = "linux_x86_64"


def with_tritons(text: str, config: Config) -> tuple[str, tuple[str, ...]]:
    """Have each extra name the triton that its torch requires; returns what to note, too.

    uv takes a package from an index of `[tool.uv.sources]` only where the project itself
    requires it, and PyPI has none of these, or strays, which `above` excludes.
    """
    notes = []
    for extra in config.extras:
        if row := _missing(config, extra):
            line = f"{row['name']}>{row['above']}; {row['where']}"
            text = add_item(text, (*EXTRAS, extra.name, "dependencies"), f'"{line}"')
            notes.append(
                f"extra {extra.name}: {row['name']} is named, so that uv takes it from PyTorch's "
                "index; PyPI does not have it"
            )
    return text, tuple(notes)


def _missing(config: Config, extra: BackendExtra) -> dict[str, Any] | None:
    lines = declared_extras(config)[extra.name]
    wanted = [one for one in lines if canonicalize_name(one.name) == "torch"]
    rows_of_family = [row for row in rows("tritons") if row["family"] == extra.backend.family]
    named = {canonicalize_name(one.name) for one in lines} & {row["name"] for row in rows_of_family}
    if not wanted or named:
        return None
    torch = _newest(wanted, extra)
    found = [row for row in rows_of_family if Version(row["first"]) <= torch]
    return found[-1] if found else None


def _newest(wanted: list[Requirement], extra: BackendExtra) -> Version:
    """Return the newest torch in range; where no table knows one, the newest of all."""
    versions = SpecifierSet()
    for one in wanted:
        versions &= one.specifier
    known = published(extra.backend, _PLATFORM)
    fitting = [one for one in known if versions.contains(one, prereleases=True)]
    return (fitting or known or torch_releases())[-1]


_UV: Path = ("tool", "uv")
_CACHE_KEYS: Path = (*_UV, "cache-keys")
_INDEX: Path = (*_UV, "index")
_SOURCES: Path = (*_UV, "sources")
# What uv looks at where no keys are written; what setuptools reads is nothing to others.
_DEFAULT_KEYS = ('{ file = "pyproject.toml" }', '{ dir = "src" }')
_SETUPTOOLS_KEYS = ('{ file = "setup.py" }', '{ file = "setup.cfg" }')


def cached(text: str) -> str:
    """Let the stamp, beside what is there, make uv ask the hook again."""
    if names_stamp(values(text)):
        return text
    more = _SETUPTOOLS_KEYS if Builder.of(values(text)).name == "setuptools" else ()
    return add_item(text, _CACHE_KEYS, f'{{ file = "{STAMP}" }}', first=(*_DEFAULT_KEYS, *more))


def routed(text: str, config: Config) -> tuple[str, tuple[str, ...]]:
    """Route the family by extra, each to the index of its backend; returns what to note, too."""
    names: dict[str, str] = {}
    for extra in config.extras:
        text, names[extra.name] = _indexed(text, _address(config, extra), extra)
    kept = []
    for package, entries in _wanted_sources(config, names).items():
        merged = _merged(text, package, entries)
        if merged is None:
            kept.append(f"tool.uv.sources.{package}: stays as it is, so under uv it decides")
        elif merged != _sources(text).get(package):
            text = put(text, (*_SOURCES, package), column(map(inline, merged)))
    return text, tuple(kept)


def routed_extras(text: str, config: Config) -> list[str]:
    """Return the extras by which the family is routed: the backends', and others that were so."""
    found = [extra.name for extra in config.extras]
    for package in FAMILY:
        found += [one["extra"] for one in _entries(text, package) if "extra" in one]
    return [*dict.fromkeys(found)]


def _address(config: Config, extra: BackendExtra) -> str:
    channel = extra.channel or config.channel
    parts = (
        (config.index_url or PYTORCH_INDEX).rstrip("/"),
        "" if channel == "stable" else channel,
    )
    return extra.index_url or "/".join(filter(None, (*parts, extra.backend.folder)))


def _indexed(text: str, url: str, extra: BackendExtra) -> tuple[str, str]:
    """Name a backend's index, and return its name: that of one that is there, or a new one."""
    names = {one.get("name") for one in _indexes(text)}
    name = f"pytorch-{extra.name}"
    name = f"torch-variant-{extra.name}" if name in names else name
    for one in _indexes(text):
        if str(one.get("url")).rstrip("/") == url.rstrip("/"):
            found = one.get("name", name)
            return _completed(text, one, {"name": found, "explicit": True}), found
    return _with_index(text, {"name": name, "url": url, "explicit": True}), name


def _completed(text: str, index: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Give an index a name, and let it serve only what names it, unless it stands for PyPI."""
    lacking = {key: value for key, value in wanted.items() if key not in index}
    if index.get("default"):
        lacking.pop("explicit", None)
    statements = read(text)
    urls = [one for one in statements if one.key == (*_INDEX, "url")]
    found = next((one for one in urls if values(one.text)["url"] == index["url"]), None)
    return "".join(one.text + (pairs(lacking) if one == found else "") for one in statements)


def _with_index(text: str, index: Mapping[str, Any]) -> str:
    if _indexes(text) and not has_table(text, _INDEX):
        return add_item(text, _INDEX, inline(index))
    return with_section(text, _INDEX, pairs(index), array=True)


def _wanted_sources(config: Config, names: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return each package's sources; uv demands that the extra itself names the package."""
    declared = declared_extras(config)
    movable = dict.fromkeys((*FAMILY, *config.family, *(row["name"] for row in rows("tritons"))))
    found = {
        package: [
            {"index": index, "extra": extra}
            for extra, index in names.items()
            if package in {canonicalize_name(one.name) for one in declared[extra]}
        ]
        for package in movable
    }
    return {package: entries for package, entries in found.items() if entries}


def _merged(text: str, package: str, ours: list[dict[str, Any]]) -> list[Any] | None:
    """Return ours with the sources of groups and of other extras; None where one is for all."""
    backends = {one["extra"] for one in ours}
    staying = [one for one in _entries(text, package) if not _is_pytorch(text, one, backends)]
    if any(one.keys().isdisjoint({"group", "extra"}) for one in staying):
        return None
    return [*staying, *ours]


def _is_pytorch(text: str, source: Mapping[str, Any], backends: Collection[str]) -> bool:
    """Answer whether a source is one that ours replace: a backend's, or PyTorch's index for all."""
    if "group" in source:
        return False
    if "extra" in source:
        return source["extra"] in backends
    urls = {one.get("name"): one.get("url") for one in _indexes(text)}
    return folder(urls.get(source.get("index"))) is not None


def _indexes(text: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = table_at(values(text), *_UV).get("index", [])
    return found


def _sources(text: str) -> Mapping[str, Any]:
    return table_at(values(text), *_SOURCES)


def _entries(text: str, package: str) -> list[Mapping[str, Any]]:
    found = _sources(text).get(package, [])
    return found if isinstance(found, list) else [found]
