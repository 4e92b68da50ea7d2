"""The packages of an environment, read from their metadata files; nothing is ever imported.

Every package has its version, its requirements and its origin. A package of the torch family also
has the backend that it was built for, and who built it.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch._files import read_bounded
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.specifiers import marker_applies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path


RECORD = "extra_metadata/torch-variant.json"
"""The record's path in the dist-info of an installed project."""


class InstalledPackage(NamedTuple):
    """An installed package of any kind."""

    name: str
    """Normalized (PEP 503)."""
    version: str
    requires: tuple[Requirement, ...] = ()
    record: Mapping[str, Any] | None = None
    """The record that the build hook wrote, None if it wrote none."""
    origin: Mapping[str, Any] = MappingProxyType({})
    """Its direct_url.json (PEP 610); empty if it came from an index."""

    @property
    def editable(self) -> bool:
        """Whether it is an editable install."""
        folder = self.origin.get("dir_info")
        return isinstance(folder, dict) and folder.get("editable") is True


class InstalledRequirement(NamedTuple):
    """A requirement of an installed package."""

    package: InstalledPackage
    requirement: Requirement

    @property
    def name(self) -> str:
        """The normalized name of what is required."""
        return canonicalize_name(self.requirement.name)


BuiltBy = Literal["pytorch", "vendor", "conda", "source", "unknown"]
"""Who built a package: PyTorch, a hardware vendor, conda, or the user from a checkout."""


class FamilyPackage(NamedTuple):
    """An installed package of the torch family."""

    name: str
    """Normalized (PEP 503)."""
    version: Version
    backend: Backend | None
    """None if its files do not say, or if it has none (``torchdata``)."""
    built_by: BuiltBy
    direct_url: str | None
    """Its URL with `#sha256=` if that is known (PEP 610); None if it came from an index."""
    location: Path
    """The ``site-packages`` that holds it."""
    requires: tuple[str, ...]
    """Its requirements as they were written."""


def read_installed_packages(folders: Iterable[Path]) -> tuple[InstalledPackage, ...]:
    """Return the packages in the folders, sorted by name; the first folder wins, as on sys.path.

    A package that is broken (without metadata, unreadable, half uninstalled) is left out.
    """
    return tuple(
        InstalledPackage(
            name=info.name,
            version=info.version,
            requires=tuple(_parse_requirements(info.requires)),
            record=_read_json(info.path / RECORD) or None,
            origin=_read_json(info.path / "direct_url.json"),
        )
        for info in _read_dist_infos(folders)
    )


def read_family_packages(
    folders: Iterable[Path], names: Collection[str]
) -> tuple[FamilyPackage, ...]:
    """Return the packages of these names in the folders, as `read_installed_packages` does."""
    wanted = frozenset(map(canonicalize_name, names))
    packages = map(_read_family_package, _read_dist_infos(folders, wanted))
    return tuple(package for package in packages if package)


def find_requirements_on(
    packages: Iterable[InstalledPackage], names: Collection[str], environment: Mapping[str, str]
) -> Iterator[InstalledRequirement]:
    """Yield the packages' requirements on these names.

    `environment` is that of PEP 508 markers. A requirement of an extra is left out: whether the
    extra was requested is not known.
    """
    for package in packages:
        for requirement in package.requires:
            applies = marker_applies(requirement.marker, environment)
            if canonicalize_name(requirement.name) in names and applies:
                yield InstalledRequirement(package, requirement)


def _parse_requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        with suppress(InvalidRequirement):
            yield Requirement(line)


class _DistInfo(NamedTuple):
    """What a `.dist-info` or `.egg-info` says."""

    path: Path
    name: str
    version: str
    requires: tuple[str, ...]
    version_py: Mapping[str, str | None]
    """The values in the package's version.py, empty if it has none."""


def _read_dist_infos(
    folders: Iterable[Path], names: Collection[str] | None = None
) -> tuple[_DistInfo, ...]:
    """Return what the folders hold, sorted by name; the first folder wins.

    `names`: read these packages alone, which saves opening the files of all others.
    """
    by_name: dict[str, _DistInfo] = {}
    for folder in folders:
        infos = (info for path in _list_dist_infos(folder, names) if (info := _read_info(path)))
        for info in sorted(infos, key=_matches_version_py, reverse=True):
            by_name.setdefault(info.name, info)
    return tuple(by_name[name] for name in sorted(by_name))


_DIST_INFO = r"([^~-][^-]*)(-.*)?\.(dist|egg)-info"  # pip renames what it removes to ~name


def _list_dist_infos(folder: Path, names: Collection[str] | None) -> Iterator[Path]:
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            match = re.fullmatch(_DIST_INFO, path.name)
            if match and (names is None or canonicalize_name(match[1]) in names):
                yield path


def _read_info(path: Path) -> _DistInfo | None:
    # A single file is the egg-info of distutils, as Debian still has it.
    text = _read_text(path / "METADATA") or _read_text(path / "PKG-INFO") or _read_text(path)
    headers = text.split("\n\n", 1)[0]
    names, versions = _find_headers(headers, "Name"), _find_headers(headers, "Version")
    if not names or len(versions) != 1:
        return None
    name = canonicalize_name(names[0])
    return _DistInfo(
        path=path,
        name=name,
        version=versions[0],
        requires=_find_headers(headers, "Requires-Dist"),
        version_py=parse_version_py(
            _read_text(path.parent / name.replace("-", "_") / "version.py")
        ),
    )


def _matches_version_py(info: _DistInfo) -> tuple[bool, bool]:
    """Return whether the version is that of version.py, with and without its local part.

    Of two dist-infos of one package, one is a leftover: the installed files are the other's.
    """
    own = info.version_py.get("__version__") or ""
    return own == info.version, own.split("+", 1)[0] == info.version.split("+", 1)[0]


def _read_text(path: Path) -> str:
    with suppress(OSError):
        text = read_bounded(path).decode("utf-8", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return ""


def _read_json(path: Path) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        value = json.loads(_read_text(path) or "{}")
        return value if isinstance(value, dict) else {}
    return {}


def _find_headers(headers: str, name: str) -> tuple[str, ...]:
    """Return the values of a core metadata header, which may occur many times."""
    return tuple(re.findall(rf"^{name}:[ \t]*(.*?)[ \t]*$", headers, re.MULTILINE))


_ASSIGNMENT = r"""(?m)^(\w+)(?: *:[^=\n]+)? *= *(None|'[^'\\\n]*'|"[^"\\\n]*")[ \t]*$"""


def parse_version_py(text: str) -> dict[str, str | None]:
    """Return the names that a generated ``version.py`` assigns a string or None.

    Such as ``cuda: Optional[str] = '12.6'`` (torch) or ``__version__ = '0.21.0+cu124'`` (all of
    them); other lines are ignored.
    """
    return {
        name: None if value == "None" else value[1:-1]
        for name, value in re.findall(_ASSIGNMENT, text)
    }


# PyTorch's local versions are the backend alone, except for two suffixes of its former indexes.
# AMD's have a suffix of their own (`rocm7.0.0.git698b58a9`).
_BACKEND = r"(cpu|xpu|cu\d{2,3}|rocm\d+\.\d+(?:\.[1-9]\d*)?)(?:\.(.+))?"
_PYTORCH_SUFFIXES = (None, "cxx11.abi", "with.pypi.cudnn")
# NVIDIA's containers and its wheels for Jetson: `nv25.5`, `5228986c39.nv25.5`.
_NVIDIA = r"(?:.+\.)?nv\d.*"
# The setup.py of torch adds `git1234567`, those of torchvision and torchaudio the bare commit.
_COMMIT = r"(?:git)?[0-9a-f]{7,40}(?:\..*)?"
_MACOS_TAG = r"(?m)^Tag: .*-macosx_\d+_\d+_(arm64|x86_64)"
_PLAIN_AARCH64_TAG = r"(?m)^Tag: .*-linux_aarch64"
_CONDA_NAMES = {"torch": "pytorch"}


class _Build(NamedTuple):
    """The traces that a build left in an installed package."""

    version: Version
    version_py: Mapping[str, str | None]
    wheel: str
    """The text of its WHEEL file."""
    origin: Mapping[str, Any]
    """Its direct_url.json."""
    is_conda: bool

    @property
    def local(self) -> str:
        """The local version; wheels on PyPI have it in version.py, not in their metadata."""
        own = _parse_version(self.version_py.get("__version__") or "")
        return self.version.local or (own and own.local) or ""


def _read_family_package(info: _DistInfo) -> FamilyPackage | None:
    version = _parse_version(info.version)
    if version is None:
        return None
    build = _Build(
        version=version,
        version_py=info.version_py,
        wheel=_read_text(info.path / "WHEEL"),
        origin=_read_json(info.path / "direct_url.json"),
        is_conda=_is_from_conda(info.name, version, info.path),
    )
    return FamilyPackage(
        name=info.name,
        version=version,
        backend=_find_backend(build),
        built_by=_find_builder(build),
        direct_url=_format_direct_url(build.origin),
        location=info.path.parent,
        requires=info.requires,
    )


def _parse_version(text: str) -> Version | None:
    with suppress(InvalidVersion):
        return Version(text)
    return None


def _is_from_conda(name: str, version: Version, info: Path) -> bool:
    """Return whether conda installed a package, and pip did not replace it since."""
    if installer := _read_text(info / "INSTALLER").strip():
        return installer == "conda"
    # lib/python3.12/site-packages, on Windows Lib/site-packages.
    prefixes = info.parent.parents[1:3]
    record = f"conda-meta/{_CONDA_NAMES.get(name, name)}-{version.public}-*.json"
    return any(any(prefix.glob(record)) for prefix in prefixes)


def _format_direct_url(origin: Mapping[str, Any]) -> str | None:
    url, archive = origin.get("url"), origin.get("archive_info")
    if not isinstance(url, str):
        return None
    hashes = archive.get("hashes") if isinstance(archive, dict) else None
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
    return f"{url}#sha256={sha256}" if isinstance(sha256, str) else url


def _find_builder(build: _Build) -> BuiltBy:
    if build.is_conda:
        return "conda"
    builder = _builder_of_local(build.local) if build.local else _builder_of_plain(build)
    is_checkout = build.origin.keys() & {"dir_info", "vcs_info"}
    return "source" if is_checkout and builder != "vendor" else builder


def _builder_of_local(local: str) -> BuiltBy:
    if match := re.fullmatch(_BACKEND, local):
        return "pytorch" if match[2] in _PYTORCH_SUFFIXES else "vendor"
    if re.fullmatch(_NVIDIA, local):
        return "vendor"
    return "source" if re.fullmatch(_COMMIT, local) else "unknown"


def _builder_of_plain(build: _Build) -> BuiltBy:
    """Return who built a version without a local part: PyTorch, unless its files contradict."""
    # Builds for Jetson look like PyTorch's for aarch64 with CUDA up to torch 2.5.
    is_ambiguous = build.version_py.get("cuda") and re.search(_PLAIN_AARCH64_TAG, build.wheel)
    if is_ambiguous or not build.version_py:
        return "unknown"
    # Alphas are never published; setup.py says "Unknown" outside a git checkout.
    is_alpha = build.version.pre is not None and build.version.pre[0] == "a"
    is_own = is_alpha or build.version_py.get("git_version") == "Unknown"
    return "source" if is_own else "pytorch"


def _find_backend(build: _Build) -> Backend | None:
    if match := re.fullmatch(_BACKEND, build.local):
        return Backend.parse(match[1])
    return _accelerated_backend(build.version_py) or _plain_backend(build)


def _accelerated_backend(version_py: Mapping[str, str | None]) -> Backend | None:
    """Return the backend that version.py names; the first two numbers of ``hip`` are ROCm's."""
    for name, prefix in (("cuda", "cu"), ("rocm", "rocm"), ("hip", "rocm")):
        with suppress(ValueError):
            return Backend.parse(prefix + ".".join((version_py.get(name) or "").split(".")[:2]))
    return Backend("xpu") if version_py.get("xpu") else None


def _plain_backend(build: _Build) -> Backend | None:
    if match := re.search(_MACOS_TAG, build.wheel):
        return Backend("mps" if match[1] == "arm64" else "cpu")
    return Backend("cpu") if "cuda" in build.version_py else None
