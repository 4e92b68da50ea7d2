"""The stub wheels that the embedded index serves.

A stub has the real wheel's name, METADATA and version files, weighs a few hundred bytes and always
consists of the same bytes.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZipFile, ZipInfo

from packaging.version import Version

from hatch_torch.catalog import load_table
from hatch_torch.catalog.releases import published_releases, pypi_backend, required_torch
from hatch_torch.demo.catalog import (
    PYPI,
    PYTORCH,
    STABLE,
    TORCH,
    TRITONS,
    find_triton,
    find_triton_row,
    load_rows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.demo.catalog import Build, File, Release

_TORCH_INIT = '''"""A stub of torch: it knows what it is, and computes nothing."""

from torch import cuda, version
from torch.version import __version__
'''
_CUDA_INIT = '''"""A stub of torch.cuda."""


def is_available() -> bool:
    """Return False: a stub runs on no GPU."""
    return False


def get_arch_list() -> list[str]:
    """Return the architectures that the real wheel holds machine code for."""
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
_COMPANION_INIT = '''"""A stub of {name}."""

from {name}.version import __version__
'''
_COMPANION_VERSION = "__version__ = {version!r}\ngit_version = {commit!r}\n"
# The release of Intel's compiler, as torch.version.xpu has it.
_XPU_COMPILER = "20250301"

# The zip format's first day: with a fixed date every build of a stub has the same bytes.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_GENERATOR = "hatch-torch demo"
_PARTS_WITH_BUILD_TAG = 6

_LINUX = 'platform_system == "Linux"'
_X86_64 = f'{_LINUX} and platform_machine == "x86_64"'
# Older wheels for aarch64 bundled CUDA instead of requiring it; those on PyPI did up to 2.10.
_AARCH64_REQUIRES_CUDA_SINCE = {PYTORCH: Version("2.7"), PYPI: Version("2.11")}


@dataclass(frozen=True, slots=True)
class Stub:
    """The contents of a stub wheel."""

    filename: str
    sources: tuple[tuple[str, str], ...] = ()
    """The package's files: path and text."""
    requires: tuple[str, ...] = ()
    """The values of Requires-Dist."""
    python: str = ""
    """Requires-Python."""
    extras: tuple[str, ...] = ()

    @property
    def info(self) -> str:
        """The name of its dist-info folder."""
        return "-".join(self.filename.split("-")[:2]) + ".dist-info"


def make_stub(file: File) -> Stub:
    """Return the stub of a file."""
    build = file.build
    version = _get_source_version(file)
    write = _write_torch_sources if build.package == TORCH else _write_companion_sources
    return Stub(
        file.name, write(build, version), list_requirements(build), get_requires_python(build)
    )


def build_metadata(stub: Stub) -> bytes:
    """Return the stub's METADATA (core metadata 2.1)."""
    name, version = stub.filename.split("-")[:2]
    lines = ["Metadata-Version: 2.1", f"Name: {name.replace('_', '-')}", f"Version: {version}"]
    lines += ["Summary: A stub: the real package's name and metadata without its code"]
    lines += [f"Requires-Python: {stub.python}"] if stub.python else []
    lines += [f"Provides-Extra: {extra}" for extra in stub.extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in stub.requires]
    return ("\n".join(lines) + "\n").encode()


@lru_cache(maxsize=8192)
def build_wheel(stub: Stub) -> bytes:
    """Return the bytes of the stub's wheel (PEP 427), the same for the same stub."""
    files = {path: text.encode() for path, text in stub.sources}
    files[f"{stub.info}/METADATA"] = build_metadata(stub)
    files[f"{stub.info}/WHEEL"] = _write_wheel_file(stub.filename)
    return pack_wheel(files, stub.info)


def pack_wheel(files: dict[str, bytes], info: str) -> bytes:
    """Return a wheel of some files, with their RECORD; `info` is its dist-info folder."""
    record = f"{info}/RECORD"
    lines = [f"{path},sha256={_hash_for_record(data)},{len(data)}" for path, data in files.items()]
    files = {**files, record: "\n".join([*lines, f"{record},,", ""]).encode()}
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path, data in files.items():
            entry = ZipInfo(path, _ZIP_DATE)
            entry.external_attr = _FILE_MODE
            archive.writestr(entry, data)
    return buffer.getvalue()


def _write_wheel_file(filename: str) -> bytes:
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


def _hash_for_record(data: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _get_source_version(file: File) -> str:
    """Return what version.py says: on PyPI only the file name lacks the local version."""
    version = file.name.split("-")[1]
    if file.build.on == PYPI and file.build.backend.family != "mps":
        return f"{version}+{file.build.backend.name}"
    return version


def _write_torch_sources(build: Build, version: str) -> tuple[tuple[str, str], ...]:
    backend = build.backend
    number = ".".join(map(str, backend.release))
    version_file = _TORCH_VERSION.format(
        version=version,
        cuda=number if backend.family == "cuda" else None,
        commit=_invent_commit(build.file_version),
        hip=f"{number}.0" if backend.family == "rocm" else None,
        xpu=_XPU_COMPILER if backend.family == "xpu" else None,
    )
    architectures = list(_list_architectures(backend, build.platform, build.release.like))
    return (
        ("torch/__init__.py", _TORCH_INIT),
        ("torch/cuda/__init__.py", _CUDA_INIT.format(architectures=architectures)),
        ("torch/version.py", version_file),
    )


def _write_companion_sources(build: Build, version: str) -> tuple[tuple[str, str], ...]:
    name = build.package
    if name in TRITONS:  # each of them is `import triton`
        return (("triton/__init__.py", f"__version__ = {version!r}\n"),)
    version_file = _COMPANION_VERSION.format(version=version, commit=_invent_commit(version))
    return (
        (f"{name}/__init__.py", _COMPANION_INIT.format(name=name)),
        (f"{name}/version.py", version_file),
    )


def _invent_commit(version: str) -> str:
    """Return something that looks like the commit that a release was built from."""
    return hashlib.sha1(version.encode(), usedforsecurity=False).hexdigest()


@cache
def _list_architectures(backend: Backend, platform: str, torch: Version) -> tuple[str, ...]:
    if backend.family not in {"cuda", "rocm"}:
        return ()
    for row in load_table(backend.family):
        if (
            row["backend"] == backend.name
            and platform in row.get("platforms", [platform])
            and Version(row["first"]) <= torch <= Version(row["last"])
        ):
            return _read_architectures(row)
    return ()


def _read_architectures(row: Mapping[str, Any]) -> tuple[str, ...]:
    if "gfx" in row:
        return tuple(row["gfx"])
    ptx = (f"compute_{row['ptx']}",) if "ptx" in row else ()
    return (*(f"sm_{capability}" for capability in row["sm"]), *ptx)


def list_requirements(build: Build) -> tuple[str, ...]:
    """Return the values of Requires-Dist, the same for every platform and Python of a build."""
    if build.package == TORCH:
        return _list_torch_requirements(build.release, _get_described_backend(build), build.on)
    row = _find_common_row(build.package, build.version)
    return (*row["requires"], *_pin_torch(build, row.get("torch")))


def get_requires_python(build: Build) -> str:
    """Return Requires-Python, or "" where the metadata has none."""
    return str(_find_common_row(build.package, build.version).get("python", ""))


def _get_described_backend(build: Build) -> Backend:
    """Return the backend that the metadata is about: on PyPI always that of Linux."""
    default = pypi_backend(build.release.like, "linux_x86_64") if build.on == PYPI else None
    return default or build.backend


def _pin_torch(build: Build, operator: str | None) -> Iterator[str]:
    """Yield the torch that a companion pins, or the lower bound that the tables have for it."""
    if operator == ">=" and build.release.channel == STABLE:
        yield f"torch{required_torch(build.package, build.version) or ''}"
    elif operator:
        yield f"torch=={build.release.get_file_version(TORCH, build.release.like)}"


@cache
def _list_torch_requirements(release: Release, backend: Backend, on: str) -> tuple[str, ...]:
    return (
        *_find_common_row(TORCH, release.like)["requires"],
        *_iter_backend_requirements(release, backend, on),
        *_iter_triton_requirement(release, backend, on),
    )


def _iter_backend_requirements(release: Release, backend: Backend, on: str) -> Iterator[str]:
    marker = "" if backend.family == "xpu" else f"; {_get_marker(release, backend, on)}"
    for row in load_rows("backend_requirements"):
        first, last = Version(row["first"]), Version(row["last"])
        if row["backend"] == backend.name and first <= release.like <= last:
            yield from (requirement + marker for requirement in row["requires"])
            yield from (f"{requirement}; {_LINUX}" for requirement in row.get("linux", ()))


def _iter_triton_requirement(release: Release, backend: Backend, on: str) -> Iterator[str]:
    triton = find_triton(release, backend.family)
    if triton is None:
        return
    row = find_triton_row(release)
    anywhere = backend.family in row.get("anywhere", ())
    marker = "" if anywhere else _get_marker(release, backend, on)
    if "below" in row:
        marker = " and ".join(filter(None, (marker, f'python_version < "{row["below"]}"')))
    yield f"{triton}; {marker}" if marker else str(triton)


def _get_marker(release: Release, backend: Backend, on: str) -> str:
    for_aarch64 = release.like in published_releases(backend, "linux_aarch64")
    return _LINUX if for_aarch64 and release.like >= _AARCH64_REQUIRES_CUDA_SINCE[on] else _X86_64


def _find_common_row(package: str, version: Version) -> dict[str, Any]:
    """Return the row of the newest release that is not newer than `version`."""
    rows = [
        row
        for row in load_rows("common_requirements")
        if row["package"] == package and Version(row["first"]) <= version
    ]
    return max(rows, key=lambda row: Version(row["first"]))
