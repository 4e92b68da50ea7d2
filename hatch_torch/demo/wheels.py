"""What is inside the family's stubs: the few names that tools read of a real torch.

A stub wheel: a real, installable package of a few hundred bytes, always the same bytes.

The wheel of a package that is installed beside us: build tools are served as they are.

What the family's wheels require, as their metadata says it.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from zipfile import ZipFile, ZipInfo

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.catalog import rows
from hatch_torch.catalog.releases import published, pypi_backend
from hatch_torch.demo.catalog import HERE, PYPI, STABLE, TORCH, triton

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.demo.catalog import Build, File, Release


_TORCH_INIT = '''"""A stub of torch: it knows what it is, and computes nothing."""

from torch import cuda, version
from torch.version import __version__
'''
_CUDA_INIT = '''"""A stub of torch.cuda."""


def is_available() -> bool:
    """A stub runs on no GPU."""
    return False


def get_arch_list() -> list[str]:
    """What the real wheel holds machine code for."""
    return {architectures!r}
'''
_TORCH_VERSION = """from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = {version!r}
debug = False
cuda: Optional[str] = {cuda!r}
git_version = {commit!r}
hip: Optional[str] = {hip!r}
rocm: Optional[str] = None
xpu: Optional[str] = {xpu!r}
"""
_MEMBER_INIT = '''"""A stub of {name}."""

from {name}.version import __version__
'''
_MEMBER_VERSION = "__version__ = {version!r}\ngit_version = {commit!r}\n"
# The release of Intel's compiler, as torch.version.xpu tells it.
_XPU = "20250301"


def stub(file: File) -> Stub:
    """Return what the stub of a file is made of."""
    build = file.build
    version = _own_version(file)
    sources = _torch(build, version) if build.package == TORCH else _member(build.package, version)
    return Stub(file.name, sources, requires(build), requires_python(build))


def _own_version(file: File) -> str:
    """Return what version.py says: on PyPI the file name alone lost the local version."""
    version = file.name.split("-")[1]
    if file.build.on == PYPI and file.build.backend.family != "mps":
        return f"{version}+{file.build.backend.name}"
    return version


def _torch(build: Build, version: str) -> tuple[tuple[str, str], ...]:
    backend = build.backend
    release = ".".join(map(str, backend.release))
    text = _TORCH_VERSION.format(
        version=version,
        cuda=release if backend.family == "cuda" else None,
        commit=_commit(build.shown),
        hip=f"{release}.0" if backend.family == "rocm" else None,
        xpu=_XPU if backend.family == "xpu" else None,
    )
    architectures = list(_architectures(backend, build.platform, build.release.like))
    return (
        ("torch/__init__.py", _TORCH_INIT),
        ("torch/cuda/__init__.py", _CUDA_INIT.format(architectures=architectures)),
        ("torch/version.py", text),
    )


def _member(package: str, version: str) -> tuple[tuple[str, str], ...]:
    if package.endswith(("triton", "-rocm", "-xpu")):  # all of them are `import triton`
        return (("triton/__init__.py", f"__version__ = {version!r}\n"),)
    text = _MEMBER_VERSION.format(version=version, commit=_commit(version))
    return (
        (f"{package}/__init__.py", _MEMBER_INIT.format(name=package)),
        (f"{package}/version.py", text),
    )


def _commit(version: str) -> str:
    """Return something that looks like the commit a release was built from."""
    return hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()


@cache
def _architectures(backend: Backend, platform: str, torch: Version) -> tuple[str, ...]:
    if backend.family not in {"cuda", "rocm"}:
        return ()
    fitting = (
        _of_row(row)
        for row in rows(backend.family)
        if row["backend"] == backend.name
        and platform in row.get("platforms", [platform])
        and Version(row["first"]) <= torch <= Version(row["last"])
    )
    return next(fitting, ())


def _of_row(row: dict[str, Any]) -> tuple[str, ...]:
    if "gfx" in row:
        return tuple(row["gfx"])
    ptx = (f"compute_{row['ptx']}",) if "ptx" in row else ()
    return (*(f"sm_{one}" for one in row["sm"]), *ptx)


# 1 January 1980, the zip format's first day; every build of a stub has it.
_THEN = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_GENERATOR = "hatch-torch demo"


@dataclass(frozen=True, slots=True)
class Stub:
    """What a stub wheel is made of."""

    filename: str
    sources: tuple[tuple[str, str], ...] = ()
    """The package's files: path and text."""
    requires: tuple[str, ...] = ()
    """Lines of Requires-Dist."""
    python: str = ""
    """Requires-Python."""
    extras: tuple[str, ...] = ()

    @property
    def info(self) -> str:
        """The name of its dist-info folder."""
        return "-".join(self.filename.split("-")[:2]) + ".dist-info"


def metadata(stub: Stub) -> bytes:
    """Return the stub's METADATA (core metadata 2.1)."""
    name, version = stub.filename.split("-")[:2]
    lines = ["Metadata-Version: 2.1", f"Name: {name.replace('_', '-')}", f"Version: {version}"]
    lines += ["Summary: A stub: the real package's name and metadata without its code"]
    lines += [f"Requires-Python: {stub.python}"] if stub.python else []
    lines += [f"Provides-Extra: {extra}" for extra in stub.extras]
    lines += [f"Requires-Dist: {line}" for line in stub.requires]
    return ("\n".join(lines) + "\n").encode()


@lru_cache(maxsize=8192)
def wheel(stub: Stub) -> bytes:
    """Return the bytes of the stub's wheel (PEP 427); the same stub is always the same bytes."""
    files = {path: text.encode() for path, text in stub.sources}
    files[f"{stub.info}/METADATA"] = metadata(stub)
    files[f"{stub.info}/WHEEL"] = _tags(stub.filename)
    return packed(files, stub.info)


def packed(files: dict[str, bytes], info: str) -> bytes:
    """Zip the files of a wheel, whose dist-info folder is `info`, together with their RECORD."""
    record = f"{info}/RECORD"
    lines = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    everything = {**files, record: "\n".join([*lines, f"{record},,", ""]).encode()}
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path, data in everything.items():
            entry = ZipInfo(path, _THEN)
            entry.external_attr = _FILE_MODE
            archive.writestr(entry, data)
    return buffer.getvalue()


def _tags(filename: str) -> bytes:
    """Return the WHEEL file, with a line for each tag that the file name stands for."""
    parts = filename.removesuffix(".whl").split("-")
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    pure = "true" if parts[-1] == "any" else "false"
    lines = ["Wheel-Version: 1.0", f"Generator: {_GENERATOR}", f"Root-Is-Purelib: {pure}"]
    lines += [
        f"Tag: {python}-{abi}-{platform}"
        for python in pythons
        for abi in abis
        for platform in platforms
    ]
    lines += [f"Build: {parts[2]}"] if len(parts) == _PARTS_WITH_BUILD_TAG else []
    return ("\n".join(lines) + "\n").encode()


_PARTS_WITH_BUILD_TAG = 6


def _digest(data: bytes) -> str:
    """Return a hash as RECORD has it."""
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


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


_LINUX = 'platform_system == "Linux"'
_X86_64 = f'{_LINUX} and platform_machine == "x86_64"'
# Before it wheels for aarch64 brought their CUDA along; PyPI's did up to 2.10.
_AARCH64_SINCE = {"pytorch": Version("2.7"), "pypi": Version("2.11")}


def requires(build: Build) -> tuple[str, ...]:
    """Return the lines of Requires-Dist: the same for every platform and Python of a build."""
    if build.package == TORCH:
        return _of_torch(build.release, _described(build), build.on)
    row = _member_row(build.package, build.version)
    return (*row["requires"], *_pin(build, row.get("torch")))


def requires_python(build: Build) -> str:
    """Return Requires-Python, or "" where the metadata has none."""
    return str(_member_row(build.package, build.version).get("python", ""))


def _described(build: Build) -> Backend:
    """Return the backend that the metadata tells of: on PyPI all platforms have that of Linux."""
    plain = pypi_backend(build.release.like, "linux_x86_64") if build.on == PYPI else None
    return plain or build.backend


def _pin(build: Build, operator: str | None) -> Iterator[str]:
    """Yield the torch that a companion pins: the oldest, if it runs with several."""
    if operator:
        same_day = build.release.channel != STABLE
        torch = build.release.shown(TORCH, build.release.like)
        yield f"torch{'==' if same_day else operator}{torch}"


@cache
def _of_torch(release: Release, backend: Backend, on: str) -> tuple[str, ...]:
    base = _member_row(TORCH, release.like)["requires"]
    return (*base, *_of_backend(release, backend, on), *_triton(release, backend, on))


def _of_backend(release: Release, backend: Backend, on: str) -> Iterator[str]:
    marker = "" if backend.family == "xpu" else f"; {_marker(release, backend, on)}"
    for row in rows("builds", HERE):
        first, last = Version(row["first"]), Version(row["last"])
        if row["backend"] == backend.name and first <= release.like <= last:
            yield from (one + marker for one in row["requires"])
            yield from (f"{one}; {_LINUX}" for one in row.get("linux", ()))


def _triton(release: Release, backend: Backend, on: str) -> Iterator[str]:
    needed = triton(release, backend.family)
    if needed is None:
        return
    row = _triton_row(release)
    anywhere = backend.family in row.get("anywhere", ())
    marker = "" if anywhere else _marker(release, backend, on)
    if "below" in row:
        marker = " and ".join(filter(None, (marker, f'python_version < "{row["below"]}"')))
    yield f"{needed}; {marker}" if marker else str(needed)


def _marker(release: Release, backend: Backend, on: str) -> str:
    on_aarch64 = release.like in published(backend, "linux_aarch64")
    return _LINUX if on_aarch64 and release.like >= _AARCH64_SINCE[on] else _X86_64


def _triton_row(release: Release) -> dict[str, Any]:
    fitting = (
        row
        for row in rows("triton", HERE)
        if Version(row["first"]) <= release.like <= Version(row["last"])
    )
    return next(fitting, {})


def _member_row(package: str, version: Version) -> dict[str, Any]:
    """Return the row of the newest release that is not newer than `version`."""
    fitting = [
        row
        for row in rows("members", HERE)
        if row["package"] == package and Version(row["first"]) <= version
    ]
    return max(fitting, key=lambda row: Version(row["first"]))
