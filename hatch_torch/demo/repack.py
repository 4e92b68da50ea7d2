"""The wheel of a package that is installed beside us: build tools are served as they are."""

from __future__ import annotations

from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.demo.stub import packed

# What an installer writes beside what the wheel had; RECORD is written anew.
_INSTALLERS_OWN = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}

# What builds projects that have this plugin, editable too; what these require comes along.
_ROOTS = (
    "hatch-torch",
    *("hatchling", "editables"),
    *("setuptools", "pdm-backend", "scikit-build-core", "dynamic-metadata"),
    *("flit-core", "poetry-core"),
)


@cache
def repacked(name: str) -> tuple[str, bytes, bytes] | None:
    """Return an installed package's wheel: its file name, its bytes, and its METADATA.

    An editable install, which has no package of its own, gets the folder that it points to. None
    where the package is not installed.
    """
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    files = _files(found)
    info = next(PurePosixPath(path).parts[0] for path in files if path.endswith("/METADATA"))
    stem = info.removesuffix(".dist-info")
    filename = f"{stem}-{_tag(files[f'{info}/WHEEL'].decode())}.whl"
    return filename, packed(files, info), files[f"{info}/METADATA"]


def _files(found: Distribution) -> dict[str, bytes]:
    """Return the files of the wheel that it was installed from, without scripts and caches."""
    paths = [path for path in found.files or () if ".." not in path.parts]
    files = {
        path.as_posix(): Path(str(path.locate())).read_bytes()
        for path in paths
        if path.name not in _INSTALLERS_OWN and path.suffix not in {".pth", ".pyc"}
    }
    if all(PurePosixPath(path).parts[0].endswith(".dist-info") for path in files):
        files.update(_source_files(found.metadata["Name"].replace("-", "_")))
    return dict(sorted(files.items()))


def _source_files(package: str) -> dict[str, bytes]:
    spec = find_spec(package)
    folders = map(Path, spec.submodule_search_locations or ()) if spec else ()
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def _tag(wheel: str) -> str:
    """Return the tag of a WHEEL file as a file name has it: ``py2.py3-none-any``."""
    tags = [line.removeprefix("Tag: ").split("-") for line in wheel.splitlines() if "Tag: " in line]
    return "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags, strict=True))


@cache
def tools(roots: tuple[str, ...] = _ROOTS) -> frozenset[str]:
    """Return the packages that building a project takes, as far as they are installed."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found and (requires := _requires(name)) is not None:
            found.add(name)
            waiting += requires
    return frozenset(found)


def _requires(name: str) -> list[str] | None:
    """Return the names that an installed package requires without extras; None: not installed."""
    try:
        lines = distribution(name).requires or ()
    except PackageNotFoundError:
        return None
    every = map(Requirement, lines)
    return [one.name for one in every if not one.marker or one.marker.evaluate({"extra": ""})]
