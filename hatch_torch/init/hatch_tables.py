"""The tables that hatch-torch itself reads: build requirement, hooks and backend extras.

Each function takes the text of the project's files and returns it with one thing added. Extras
come from `--backends` and from what the project already says: extras named like a backend, and
indexes of download.pytorch.org in uv's and Poetry's tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from hatch_torch._toml import loads, quote
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.build_system import DISTRIBUTION, FIELDS, HOOK, PROVIDER, BuildSystem
from hatch_torch.config.validation import CHANNELS, get_table, is_backend
from hatch_torch.errors import ConfigurationError
from hatch_torch.init.toml_edit import (
    append_item,
    ensure_table,
    has_table,
    move_key,
    parse_statements,
    remove_key,
    remove_section,
    rename_table,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hatch_torch.init.toml_edit import TomlPath

PROJECT_EXTRAS: TomlPath = ("project", "optional-dependencies")
VARIANT_EXTRAS: TomlPath = ("tool", "torch-variant", "optional-dependencies")
BACKEND_EXTRAS: TomlPath = ("tool", "torch-variant", "extras")
_POETRY: TomlPath = ("tool", "poetry")
_PYTORCH_HOST = "download.pytorch.org"


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """The texts of a project's files; None for a file that does not exist."""

    pyproject: str
    hatch: str | None = None
    gitignore: str | None = None

    @property
    def hatch_tables(self) -> Mapping[str, Any]:
        """Hatch's configuration; a table of hatch.toml replaces that of pyproject.toml."""
        own = loads(self.hatch) if self.hatch is not None else {}
        return {**get_table(loads(self.pyproject), "tool", "hatch"), **own}

    @property
    def build_system(self) -> BuildSystem:
        """The build backend, and the hooks that the project names."""
        return BuildSystem.from_pyproject(loads(self.pyproject), self.hatch_tables)


class IndexFolder(NamedTuple):
    """A folder of PyTorch's index."""

    backend: Backend | None = None
    """None for the root, which has the wheels of every backend."""
    channel: str = "stable"


def parse_index_url(url: object) -> IndexFolder | None:
    """Return the folder of PyTorch's index that a URL leads to; None for any other URL."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    folders = [folder for folder in parts.path.split("/") if folder]
    if parts.hostname != _PYTORCH_HOST or folders[:1] != ["whl"]:
        return None
    channel = folders[1] if folders[1:] and folders[1] in CHANNELS else "stable"
    return IndexFolder(Backend.parse(folders[-1]) if is_backend(folders[-1]) else None, channel)


def has_foreign_backends(text: str) -> bool:
    """Return whether tables other than hatch-torch's own choose backends."""
    return bool(_find_named_extras(text)) or any(map(parse_index_url, _find_index_urls(text)))


def add_extras(text: str, backends: Iterable[Backend]) -> str:
    """Declare an extra for each backend: the given ones, then those that the project names."""
    folders = [*map(IndexFolder, backends)]
    folders += filter(None, map(parse_index_url, _find_index_urls(text)))
    for name in _find_named_extras(text):
        text = _adopt_extra(text, name)
    for backend, channel in folders:
        if backend and backend.folder not in _declared_folders(text):
            path = (*BACKEND_EXTRAS, backend.extra)
            if channel == "stable":
                text = ensure_table(text, path)
            else:
                text = set_value(text, (*path, "channel"), quote(channel))
    return _remove_poetry_sources(text)


def _declared_folders(text: str) -> set[str]:
    """Return the index folders of the backends that are declared already."""
    names = filter(is_backend, get_table(loads(text), *BACKEND_EXTRAS))
    return {Backend.parse(name).folder for name in names}


def _find_named_extras(text: str) -> list[str]:
    """Return the project's ordinary extras that are named like a backend."""
    return [*filter(is_backend, get_table(loads(text), *PROJECT_EXTRAS))]


def _adopt_extra(text: str, name: str) -> str:
    """Make an ordinary extra a backend extra; its requirements stay as they are written."""
    if name in get_table(loads(text), *BACKEND_EXTRAS):
        return text  # an ordinary extra of the same name adds to the backend's
    if not get_table(loads(text), *PROJECT_EXTRAS)[name]:
        return ensure_table(remove_key(text, (*PROJECT_EXTRAS, name)), (*BACKEND_EXTRAS, name))
    return move_key(text, (*PROJECT_EXTRAS, name), (*BACKEND_EXTRAS, name, "dependencies"))


def _find_index_urls(text: str) -> Iterator[Any]:
    """Yield the URLs of the indexes in uv's and Poetry's tables."""
    for tool, key in (("uv", "index"), ("poetry", "source")):
        indexes = get_table(loads(text), "tool", tool).get(key, [])
        yield from (index.get("url") for index in indexes)


def _remove_poetry_sources(text: str) -> str:
    """Remove Poetry's sources on PyTorch's index, and the references to them."""
    pyproject = loads(text)
    sources = get_table(pyproject, *_POETRY).get("source", [])
    removed = {source.get("name") for source in sources if parse_index_url(source.get("url"))}
    sections = [
        statement.section
        for statement in parse_statements(text)
        if statement.is_header and statement.table == (*_POETRY, "source")
    ]
    for section, source in reversed([*zip(sections, sources, strict=False)]):
        if source.get("name") in removed:
            text = remove_section(text, section)
    for name, requirement in get_table(pyproject, *_POETRY, "dependencies").items():
        if get_table(requirement).get("source") in removed:
            text = remove_key(text, (*_POETRY, "dependencies", name, "source"))
    return text


def add_build_requires(files: ProjectFiles) -> ProjectFiles:
    """Add hatch-torch to the build requirements.

    Without a build backend installers use setuptools: it is written down, because a list of
    build requirements without it would replace that default.
    """
    backend, text = files.build_system.build_backend, files.pyproject
    if not backend.requires_hatch_torch:
        first = () if backend.import_path else ('"setuptools>=69"',)
        text = append_item(text, ("build-system", "requires"), quote(DISTRIBUTION), first=first)
    if not backend.import_path:
        text = set_value(text, ("build-system", "build-backend"), '"setuptools.build_meta"')
    return replace(files, pyproject=text)


def add_hooks(files: ProjectFiles, *kinds: str) -> ProjectFiles:
    """Add what makes the build backend call hatch-torch.

    `kinds` are the Hatch hooks to add (`metadata`, `build`); other build backends have one way.
    """
    system = files.build_system
    match system.build_backend.integration:
        case "hooks":
            hooks = {"metadata": system.metadata_hook, "build": system.build_hook}
            for kind in kinds:
                if hooks[kind] is None:
                    files = _add_hatch_hook(files, kind)
        case "table" if not system.table:
            text = ensure_table(files.pyproject, ("tool", "torch-variant"))
            files = replace(files, pyproject=text)
        case "provider" if system.provider is None:
            path, item = ("tool", "dynamic-metadata"), f'{{ provider = "{PROVIDER}" }}'
            files = replace(files, pyproject=append_item(files.pyproject, path, item))
    return files


def _add_hatch_hook(files: ProjectFiles, kind: str) -> ProjectFiles:
    if files.hatch is not None and kind in loads(files.hatch):
        return replace(files, hatch=ensure_table(files.hatch, (kind, "hooks", HOOK)))
    path = ("tool", "hatch", kind, "hooks", HOOK)
    return replace(files, pyproject=ensure_table(files.pyproject, path))


def make_dynamic(files: ProjectFiles) -> ProjectFiles:
    """Make the extras dynamic and move the static ones into hatch-torch's table.

    Raises ConfigurationError if another metadata hook sets the dynamic fields.
    """
    system = files.build_system
    others = sorted(get_table(files.hatch_tables, "metadata", "hooks").keys() - {HOOK})
    if others and system.dynamic and system.metadata_hook is None:
        fields = " and ".join(sorted(system.dynamic))
        error = (
            f"tool.hatch.metadata.hooks: another hook ({', '.join(others)}) sets {fields}, and a "
            "field can be set by one hook only\nhint: write these requirements into pyproject.toml"
        )
        raise ConfigurationError([error])
    if not system.standard:
        return files
    text = files.pyproject
    # A provider adds to static fields; for the other integrations a field is static or dynamic.
    keeps_static = system.build_backend.integration == "provider"
    for name in FIELDS if keeps_static else FIELDS[1:]:
        if name not in system.dynamic:
            text = append_item(text, ("project", "dynamic"), quote(name))
    return replace(files, pyproject=text if keeps_static else _move_extras(text))


def _move_extras(text: str) -> str:
    """Rename the table of the extras; else move its keys one by one, however they are written."""
    names = get_table(loads(text), *PROJECT_EXTRAS)
    if names and has_table(text, PROJECT_EXTRAS) and not has_table(text, VARIANT_EXTRAS):
        return rename_table(text, PROJECT_EXTRAS, VARIANT_EXTRAS)
    for name in names:
        text = move_key(text, (*PROJECT_EXTRAS, name), (*VARIANT_EXTRAS, name))
    return remove_key(text, PROJECT_EXTRAS)
