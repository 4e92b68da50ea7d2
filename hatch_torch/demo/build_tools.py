"""The real build tools on the embedded index, repacked from what is installed here."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.demo.wheels import pack_wheel

# What an installer writes into a dist-info folder; RECORD is written anew.
_INSTALLER_FILES = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
# What builds projects that use this plugin, editable ones too; their dependencies come along.
_BUILD_TOOLS = (
    "hatch-torch",
    *("hatchling", "editables"),
    *("setuptools", "pdm-backend", "scikit-build-core", "dynamic-metadata"),
    *("flit-core", "poetry-core"),
)


class RepackedWheel(NamedTuple):
    """The wheel of a package that is installed here."""

    filename: str
    data: bytes
    metadata: bytes


@cache
def find_build_tools(names: tuple[str, ...] = _BUILD_TOOLS) -> frozenset[str]:
    """Return the installed ones of some packages, and of all that they require."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = canonicalize_name(pending.pop())
        if name not in found and (required := _read_requirement_names(name)) is not None:
            found.add(name)
            pending += required
    return frozenset(found)


@cache
def repack_installed(name: str) -> RepackedWheel | None:
    """Return an installed package's wheel, None where the package is not installed.

    An editable install, which has no package of its own, gets the folder that it points to.
    """
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return None
    files = _read_installed_files(package)
    info = next(PurePosixPath(path).parts[0] for path in files if path.endswith("/METADATA"))
    tag = _read_tag(files[f"{info}/WHEEL"].decode())
    filename = f"{info.removesuffix('.dist-info')}-{tag}.whl"
    return RepackedWheel(filename, pack_wheel(files, info), files[f"{info}/METADATA"])


def _read_installed_files(package: Distribution) -> dict[str, bytes]:
    """Return the files of the wheel that it was installed from, without scripts and caches."""
    paths = [path for path in package.files or () if ".." not in path.parts]
    files = {
        path.as_posix(): Path(str(path.locate())).read_bytes()
        for path in paths
        if path.name not in _INSTALLER_FILES and path.suffix not in {".pth", ".pyc"}
    }
    if all(PurePosixPath(path).parts[0].endswith(".dist-info") for path in files):
        files.update(_read_source_files(package.metadata["Name"].replace("-", "_")))
    return dict(sorted(files.items()))


def _read_source_files(package: str) -> dict[str, bytes]:
    spec = find_spec(package)
    folders = map(Path, spec.submodule_search_locations or ()) if spec else ()
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def _read_tag(wheel: str) -> str:
    """Return the tag of a WHEEL file as a file name has it: ``py2.py3-none-any``."""
    tags = [line.removeprefix("Tag: ").split("-") for line in wheel.splitlines() if "Tag: " in line]
    return "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True))


def _read_requirement_names(name: str) -> list[str] | None:
    """Return the names that a package requires without extras; None: it is not installed."""
    try:
        requirements = map(Requirement, distribution(name).requires or ())
    except PackageNotFoundError:
        return None
    return [
        requirement.name
        for requirement in requirements
        if not requirement.marker or requirement.marker.evaluate({"extra": ""})
    ]
