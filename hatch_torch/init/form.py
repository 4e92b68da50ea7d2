"""The hooks, and the extras where the metadata hook reads them (contract.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hatch_torch.errors import ConfigurationError
from hatch_torch.init.edits import add_item, has_table, moved, renamed, with_table, without
from hatch_torch.init.statements import values
from hatch_torch.project.kinds import table_at
from hatch_torch.project.wiring import FIELDS, HOOK, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_torch.init.statements import Path

_DISTRIBUTION = "hatch-torch"
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
    """Let the build environment have us."""
    path = ("build-system", "requires")
    lines = table_at(values(files.pyproject), "build-system").get("requires", [])
    if any(_names_us(line) for line in lines):
        return files
    return replace(files, pyproject=add_item(files.pyproject, path, f'"{_DISTRIBUTION}"'))


def hooked(files: Files, *kinds: str) -> Files:
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
    if FIELDS[1] not in wiring.dynamic:
        text = add_item(text, ("project", "dynamic"), f'"{FIELDS[1]}"')
    return replace(files, pyproject=_moved(text))


def _taken(wiring: Wiring, others: Iterable[str]) -> str:
    fields = " and ".join(sorted(wiring.dynamic))
    return (
        f"tool.hatch.metadata.hooks: another hook ({', '.join(sorted(others))}) sets {fields}, and "
        "two cannot; write these requirements into pyproject.toml"
    )


def _names_us(line: object) -> bool:
    try:
        return canonicalize_name(Requirement(str(line)).name) == _DISTRIBUTION
    except InvalidRequirement:
        return False


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
