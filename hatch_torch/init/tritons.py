"""The tritons that only PyTorch's index has, which uv routes only where an extra names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.init.edits import add_item
from hatch_torch.init.extras import EXTRAS
from hatch_torch.project.portable import declared_extras
from hatch_torch.releases import published, torch_releases
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from hatch_torch.project.config import BackendExtra, Config

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
