"""The tables for people who use uv: what it caches by, and where each backend's wheels are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.frontend.stamp import STAMP, names_stamp
from hatch_torch.init.edits import add_item, has_table, put, with_section
from hatch_torch.init.pytorch import folder
from hatch_torch.init.statements import read, values
from hatch_torch.init.written import column, inline, pairs
from hatch_torch.project.builder import Builder
from hatch_torch.project.config import PYTORCH_INDEX
from hatch_torch.project.kinds import table_at
from hatch_torch.project.portable import declared_extras
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hatch_torch.init.statements import Path
    from hatch_torch.project.config import BackendExtra, Config

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
