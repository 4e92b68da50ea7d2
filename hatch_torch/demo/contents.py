"""What is inside the family's stubs: the few names that tools read of a real torch."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from packaging.version import Version

from hatch_torch.demo.builds import PYPI
from hatch_torch.demo.catalog import TORCH
from hatch_torch.demo.requires import requires, requires_python
from hatch_torch.demo.stub import Stub
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from typing import Any

    from hatch_torch.backend import Backend
    from hatch_torch.demo.builds import Build
    from hatch_torch.demo.catalog import File

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
