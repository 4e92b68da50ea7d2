"""All the packages of an environment: their versions, what they need, and the project's own.

What of torch's family an environment has, read from its files; nothing is ever imported.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from importlib.metadata import Distribution, distributions
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.specifiers import holds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path


RECORD = "extra_metadata/torch-variant.json"
"""The record's place in the dist-info of an installed project."""


class Package(NamedTuple):
    """A package that is installed, of any kind."""

    name: str
    """Normalized (PEP 503)."""
    version: str
    requires: tuple[Requirement, ...] = ()
    record: Mapping[str, Any] | None = None
    """What the build hook recorded; None where it recorded nothing."""
    origin: Mapping[str, Any] = MappingProxyType({})
    """Its direct_url.json (PEP 610); empty where it came from an index."""

    @property
    def editable(self) -> bool:
        """Whether it is installed as a link to its source."""
        told = self.origin.get("dir_info")
        return isinstance(told, dict) and told.get("editable") is True


class Need(NamedTuple):
    """A requirement on the family that an installed package states."""

    package: Package
    requirement: Requirement

    @property
    def name(self) -> str:
        """The normalized name of what is needed."""
        return canonicalize_name(self.requirement.name)


def packages(folders: Iterable[Path]) -> tuple[Package, ...]:
    """Return every package that the folders hold, by name; the first of a name wins."""
    found: dict[str, Package] = {}
    for one in distributions(path=[*map(str, folders)]):
        if package := _package(one):
            found.setdefault(package.name, package)
    return tuple(found[name] for name in sorted(found))


def needs(
    found: Iterable[Package], names: Collection[str], environment: Mapping[str, str]
) -> Iterator[Need]:
    """Yield what packages need of those named, where its marker holds and no extra is asked for."""
    for package in found:
        for one in package.requires:
            if canonicalize_name(one.name) in names and holds(one.marker, environment):
                yield Need(package, one)


def _package(found: Distribution) -> Package | None:
    """Read a package; None for what is half uninstalled or broken."""
    headers = found.metadata
    if "Name" not in headers or "Version" not in headers:
        return None
    return Package(
        name=canonicalize_name(headers["Name"]),
        version=headers["Version"],
        requires=tuple(_requirements(headers.get_all("Requires-Dist") or ())),
        record=_json(found, RECORD) or None,
        origin=_json(found, "direct_url.json"),
    )


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    for line in lines:
        with suppress(InvalidRequirement):
            yield Requirement(line)


def _json(found: Distribution, name: str) -> dict[str, Any]:
    with suppress(ValueError, OSError):
        value = json.loads(found.read_text(name) or "{}")
        return value if isinstance(value, dict) else {}
    return {}


Builder = Literal["pytorch", "vendor", "conda", "source", "unknown"]
"""Who built it: PyTorch, a vendor of hardware, conda, somebody from the sources, or who knows."""

_CONDA_NAMES = {"torch": "pytorch"}
# PyTorch's local versions are the backend alone, but for two endings of its former indexes; AMD's
# go on (`rocm7.0.0.git698b58a9`).
_FLAVOUR = r"(cpu|xpu|cu\d{2,3}|rocm\d+\.\d+(?:\.[1-9]\d*)?)(?:\.(.+))?"
_PYTORCH_ENDINGS = (None, "cxx11.abi", "with.pypi.cudnn")
# NVIDIA's containers and its wheels for Jetson: `nv25.5`, `5228986c39.nv25.5`.
_NVIDIA = r"(?:.+\.)?nv\d.*"
# The setup.py of torch adds `git1234567`, those of torchvision and torchaudio the bare commit.
_COMMIT = r"(?:git)?[0-9a-f]{7,40}(?:\..*)?"
_ASSIGNMENT = r"""(?m)^(\w+)(?: *:[^=\n]+)? *= *(None|'[^'\\\n]*'|"[^"\\\n]*")[ \t]*$"""
_MAC = r"(?m)^Tag: .*-macosx_\d+_\d+_(arm64|x86_64)"
_PLAIN_AARCH64 = r"(?m)^Tag: .*-linux_aarch64"


class Installed(NamedTuple):
    """A package of the family that is installed."""

    name: str
    """Normalized (PEP 503)."""
    version: Version
    backend: Backend | None
    """None where its files do not tell, or where it has none (``torchdata``)."""
    builder: Builder
    direct_url: str | None
    """Where it came from, unless from an index, with `#sha256=` where that is known (PEP 610)."""
    location: Path
    """The ``site-packages`` that holds it."""
    requires: tuple[str, ...]
    """Its requirements, word for word."""


class _Trace(NamedTuple):
    """What a package left in an environment; "" and {} where a file is missing."""

    name: str
    version: Version
    location: Path
    requires: tuple[str, ...]
    origin: Mapping[str, Any]
    """Its direct_url.json."""
    wheel: str
    """Its WHEEL."""
    own: Mapping[str, str | None]
    """Its own version.py."""
    conda: bool
    """Whether conda put it there."""


def installed(site_packages: Iterable[Path], names: Collection[str]) -> tuple[Installed, ...]:
    """Return which of the named packages the folders hold; the first folder wins, as on sys.path.

    What is broken (no metadata, unreadable, half uninstalled) counts as not there.
    """
    wanted = frozenset(map(canonicalize_name, names))
    found: dict[str, Installed] = {}
    for folder in site_packages:
        for trace in sorted(_traces(folder, wanted), key=_closeness, reverse=True):
            found.setdefault(trace.name, _read(trace))
    return tuple(found[name] for name in sorted(found))


def parse_version_py(text: str) -> dict[str, str | None]:
    """Return the names that a generated ``version.py`` sets to a string or to None.

    As in ``cuda: Optional[str] = '12.6'`` (torch) or ``__version__ = '0.21.0+cu124'`` (all of
    them); any other line is passed over.
    """
    return {
        name: None if value == "None" else value[1:-1]
        for name, value in re.findall(_ASSIGNMENT, text)
    }


def _traces(folder: Path, wanted: Collection[str]) -> Iterator[_Trace]:
    """Yield what the wanted packages left; of all others only the folder's name is read."""
    for info in _infos(folder):
        name = canonicalize_name(info.name.split("-", 1)[0])
        if name in wanted and (trace := _trace(name, info)):
            yield trace


def _infos(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(one for one in folder.iterdir() if one.suffix in {".dist-info", ".egg-info"})
    return []


def _trace(name: str, info: Path) -> _Trace | None:
    headers = (_text(info / "METADATA") or _text(info / "PKG-INFO")).split("\n\n", 1)[0]
    version = _version(" ".join(_values(headers, "Version")))
    if version is None:
        return None
    return _Trace(
        name=name,
        version=version,
        location=info.parent,
        requires=_values(headers, "Requires-Dist"),
        origin=_json_installed(_text(info / "direct_url.json")),
        wheel=_text(info / "WHEEL"),
        own=parse_version_py(_text(info.parent / name.replace("-", "_") / "version.py")),
        conda=_is_condas(name, version, info),
    )


def _text(path: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8")
    return ""


def _values(headers: str, name: str) -> tuple[str, ...]:
    """Return the values of a header of the core metadata, which may be there many times."""
    return tuple(re.findall(rf"^{name}:[ \t]*(.*?)[ \t]*$", headers, re.MULTILINE))


def _version(text: str) -> Version | None:
    with suppress(InvalidVersion):
        return Version(text)
    return None


def _json_installed(text: str) -> dict[str, Any]:
    with suppress(ValueError):
        value = json.loads(text)
        return value if isinstance(value, dict) else {}
    return {}


def _is_condas(name: str, version: Version, info: Path) -> bool:
    """Ask the installer's signature, else conda's records; pip may have come after conda."""
    if installer := _text(info / "INSTALLER").strip():
        return installer == "conda"
    # lib/python3.12/site-packages, on Windows Lib/site-packages.
    prefixes = info.parent.parents[1:3]
    record = f"conda-meta/{_CONDA_NAMES.get(name, name)}-{version.public}-*.json"
    return any(any(prefix.glob(record)) for prefix in prefixes)


def _closeness(trace: _Trace) -> tuple[bool, bool]:
    """Of two versions of one package one is a leftover: the files beside them are the other's."""
    own = trace.own.get("__version__") or ""
    return own == str(trace.version), own.split("+", 1)[0] == trace.version.public


def _read(trace: _Trace) -> Installed:
    return Installed(
        name=trace.name,
        version=trace.version,
        backend=_backend(trace),
        builder=_builder(trace),
        direct_url=_direct_url(trace.origin),
        location=trace.location,
        requires=trace.requires,
    )


def _direct_url(origin: Mapping[str, Any]) -> str | None:
    url, archive = origin.get("url"), origin.get("archive_info")
    if not isinstance(url, str):
        return None
    hashes = archive.get("hashes") if isinstance(archive, dict) else None
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
    return f"{url}#sha256={sha256}" if isinstance(sha256, str) else url


def _local(trace: _Trace) -> str:
    """Return the local version; wheels on PyPI lost it in their metadata, not in version.py."""
    own = _version(trace.own.get("__version__") or "")
    return trace.version.local or (own and own.local) or ""


def _builder(trace: _Trace) -> Builder:
    if trace.conda:
        return "conda"
    local = _local(trace)
    told = _builder_of(local) if local else _builder_of_plain(trace)
    from_sources = trace.origin.keys() & {"dir_info", "vcs_info"}
    return "source" if from_sources and told != "vendor" else told


def _builder_of(local: str) -> Builder:
    if match := re.fullmatch(_FLAVOUR, local):
        return "pytorch" if match[2] in _PYTORCH_ENDINGS else "vendor"
    if re.fullmatch(_NVIDIA, local):
        return "vendor"
    return "source" if re.fullmatch(_COMMIT, local) else "unknown"


def _builder_of_plain(trace: _Trace) -> Builder:
    """Judge a version without a local part: PyTorch's own, unless something tells otherwise."""
    # Builds for Jetson look like PyTorch's for aarch64 with CUDA up to torch 2.5.
    alike = trace.own.get("cuda") and re.search(_PLAIN_AARCH64, trace.wheel)
    if alike or not trace.own:
        return "unknown"
    # Alphas are never published; setup.py says "Unknown" outside a git checkout.
    is_alpha = trace.version.pre is not None and trace.version.pre[0] == "a"
    return "source" if is_alpha or trace.own.get("git_version") == "Unknown" else "pytorch"


def _backend(trace: _Trace) -> Backend | None:
    if match := re.fullmatch(_FLAVOUR, _local(trace)):
        return Backend.parse(match[1])
    return _accelerated(trace.own) or _plain(trace)


def _accelerated(own: Mapping[str, str | None]) -> Backend | None:
    """Read the releases that torch was built with; of ``hip`` two numbers are ROCm's."""
    for name, spelled in (("cuda", "cu"), ("rocm", "rocm"), ("hip", "rocm")):
        with suppress(ValueError):
            return Backend.parse(spelled + ".".join((own.get(name) or "").split(".")[:2]))
    return Backend("xpu") if own.get("xpu") else None


def _plain(trace: _Trace) -> Backend | None:
    if match := re.search(_MAC, trace.wheel):
        return Backend("mps" if match[1] == "arm64" else "cpu")
    return Backend("cpu") if "cuda" in trace.own else None
