"""Packages outside the torch family that are compiled for one release of torch."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog import load_table

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def bound_packages() -> Mapping[str, Mapping[str, Any]]:
    """Return the rows of the table by the name of the package."""
    return MappingProxyType({row["name"]: row for row in load_table("bound_to_torch")})


@cache
def paired_torch(name: str, version: Version) -> SpecifierSet | None:
    """Return the torch that a release is compiled for, where its requirements do not say so.

    None where that is not established.
    """
    public = Version(version.public)
    for row in load_table("torch_pairings"):
        if row["package"] == name and SpecifierSet(row["versions"]).contains(public):
            return SpecifierSet(row["torch"])
    return None


def may_be_on_pytorch_index(name: str, family: str) -> bool:
    """Return whether PyTorch's index may have wheels of a package for an accelerator family."""
    return family in bound_packages()[name].get("index", ())


def works_with_any_torch(name: str) -> bool:
    """Return whether a package works with another torch, without its compiled parts."""
    return bool(bound_packages()[name].get("degrades"))
