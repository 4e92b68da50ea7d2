"""What has us called, and the extras where that reads them (contract.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hatch_torch.errors import ConfigurationError
from hatch_torch.init.edits import add_item, has_table, moved, put, renamed, with_table, without
from hatch_torch.init.statements import values
from hatch_torch.project.builder import DISTRIBUTION, PROVIDER
from hatch_torch.project.kinds import table_at
from hatch_torch.project.wiring import FIELDS, HOOK, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_torch.init.statements import Path

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
