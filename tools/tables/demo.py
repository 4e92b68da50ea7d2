"""Bring the data of the embedded index up to date: what torch's wheels require."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from tools.tables import parse
from tools.tables.rows import Change, format_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement

    from tools.tables.rows import Row, TableFile

_PLATFORM_NAMES = ("nvidia-", "cuda-", "triton")


def update_triton(table: TableFile, release: Version, metadata: str) -> Iterator[Change]:
    """Set the triton that the CUDA wheels of a release require; the others follow its number."""
    if table.find(lambda row: Version(row["first"]) <= release <= Version(row["last"])):
        return
    tritons = [item for item in parse.parse_requires(metadata) if item.name == "triton"]
    if not tritons:
        return
    previous = table.list_rows()[-1]
    requirement = f"triton{tritons[0].specifier}"
    if previous["cuda"] == requirement:
        row = table.replace(previous, last=str(release))
        yield Change(table.name, "extend", format_row(row).strip(), "metadata on PyPI")
        return
    number = next(iter(tritons[0].specifier)).version
    values: Row = {
        **previous,
        "first": str(release),
        "last": str(release),
        "cuda": requirement,
        "rocm": f"triton-rocm{tritons[0].specifier}",
        "xpu": f"triton-xpu=={number}",
        "certain": False,
    }
    row = table.insert(values, previous)
    yield Change(table.name, "add", format_row(row).strip(), "metadata on PyPI; rocm, xpu inferred")


def update_requirements(table: TableFile, release: Version, metadata: str) -> Iterator[Change]:
    """Set what every wheel of a release requires, and its Requires-Python."""
    requires = [
        _format(item)
        for item in parse.parse_requires(metadata)
        if not item.name.startswith(_PLATFORM_NAMES)
    ]
    lines = metadata.partition("\n\n")[0].splitlines()
    python = next(
        (one.partition(": ")[2] for one in lines if one.startswith("Requires-Python")), ""
    )
    rows = table.find(lambda row: row["package"] == "torch" and Version(row["first"]) <= release)
    previous = rows[-1]
    if {*previous["requires"]} == {*requires} and previous["python"] == python:
        return
    values: Row = {
        "package": "torch",
        "first": str(release),
        "python": python,
        "requires": requires,
        "source": "metadata on PyPI",
    }
    if previous["first"] == str(release):
        row = table.replace(previous, **values)
    else:
        row = table.insert(values, previous)
    yield Change(table.name, "add", format_row(row).strip(), "metadata on PyPI")


def _format(requirement: Requirement) -> str:
    return str(requirement)
