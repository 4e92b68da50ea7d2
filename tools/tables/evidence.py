"""Which builds of a release of torch exist, by what several sources of upstream say.

A build counts as published with two kinds of evidence: the build matrix of the release, a page of
an index, the announcement, a public lock file. Hints alone (the nightly matrix, that of release
candidates) only make it inferred, and a matrix or a page of this release without the build speaks
against it. The table inside a wheel is no evidence at all: it lists what CI builds, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from tools.tables import feeds, parse
from tools.tables.rows import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tools.tables.feeds import Feeds
    from tools.tables.parse import PyPIFile

    Cell = tuple[str, str]
    """A backend and a platform."""

MATRIX, PAGE, ANNOUNCEMENT, LOCK = "matrix", "index page", "announcement", "lock file"
REQUIRED_KINDS = 2
_LINUX, _AARCH64, _WINDOWS = "linux_x86_64", "linux_aarch64", "win_amd64"


@dataclass
class Evidence:
    """What speaks for and against each build of one release."""

    release: Version
    kinds: dict[Cell, dict[str, str]] = field(default_factory=dict)
    """The source of each kind of evidence."""
    hints: dict[Cell, str] = field(default_factory=dict)
    denied: dict[Cell, str] = field(default_factory=dict)
    remarks: list[Change] = field(default_factory=list)

    def support(self, cells: Iterable[Cell], kind: str, source: str) -> None:
        """Add evidence of a kind."""
        for cell in cells:
            self.kinds.setdefault(cell, {})[kind] = source

    def deny(self, cells: Iterable[Cell], source: str) -> None:
        """Say that a source that would name these builds does not."""
        for cell in cells:
            self.denied.setdefault(cell, source)

    def is_published(self, cell: Cell) -> bool:
        """Return whether two kinds of evidence agree and no page lacks the build."""
        is_missing = PAGE in self.denied.get(cell, "") and PAGE not in self.kinds.get(cell, {})
        return len(self.kinds.get(cell, {})) >= REQUIRED_KINDS and not is_missing

    def is_inferred(self, cell: Cell) -> bool:
        """Return whether something, but not enough, speaks for the build, and nothing against."""
        return (
            not self.is_published(cell)
            and cell not in self.denied
            and (cell in self.kinds or cell in self.hints)
        )

    def list_cells(self) -> list[Cell]:
        """Return every build that any source names, by family and release."""
        cells = {*self.kinds, *self.hints, *self.denied}
        return sorted(cells, key=lambda cell: (Backend.parse(cell[0]), cell[1]))

    def describe(self, cell: Cell) -> str:
        """Return the sources for or against a build."""
        supporting = list(dict.fromkeys(self.kinds.get(cell, {}).values()))
        if cell in self.denied and not self.is_published(cell):
            return f"not in {self.denied[cell]}"
        return "; ".join(supporting) or self.hints.get(cell, "")


def collect_evidence(source: Feeds, release: Version, known: Iterable[Cell]) -> Evidence:
    """Read every feed about the builds of a release; `known` are those that the tables have."""
    evidence = Evidence(release)
    _read_matrices(evidence, source)
    _read_test_infra(evidence, source)
    _read_announcement(evidence, source)
    _read_locks(evidence, source)
    _read_pages(evidence, source, {*evidence.list_cells(), *known})
    matrix_sources = [kinds[MATRIX] for kinds in evidence.kinds.values() if MATRIX in kinds]
    if matrix_sources:
        named = {cell for cell, kinds in evidence.kinds.items() if kinds}
        evidence.deny({*evidence.hints, *known} - named, matrix_sources[0])
    return evidence


def _minor(release: Version) -> str:
    return f"{release.major}.{release.minor}"


def _list_cells(constants: dict[str, Any], cuda: list[str], rocm: list[str]) -> set[Cell]:
    """Return the builds of a matrix of test-infra or of PyTorch itself."""
    without_windows = constants.get("CUDA_ARCHES_NO_WINDOWS", ())
    aarch64 = {item.removesuffix("-aarch64") for item in constants.get("CUDA_AARCH64_ARCHES", ())}
    cells = {("cpu", platform) for platform in (_LINUX, _AARCH64, _WINDOWS)}
    cells |= {("xpu", platform) for platform in (_LINUX, _WINDOWS)}
    for version in cuda:
        name = f"cu{version.replace('.', '')}"
        cells.add((name, _LINUX))
        cells |= {(name, _AARCH64)} if version in aarch64 else set()
        cells |= {(name, _WINDOWS)} if version not in without_windows else set()
    return cells | {(f"rocm{version}", _LINUX) for version in rocm}


def _read_matrices(evidence: Evidence, source: Feeds) -> None:
    """Read PyTorch's own matrix on the branch and at the tag; where they differ, neither counts."""
    minor = _minor(evidence.release)
    cells: list[set[Cell]] = []
    for feed in (feeds.branch_matrix(minor), feeds.tag_matrix(str(evidence.release))):
        if text := source.read(feed):
            constants = parse.parse_constants(text)
            arches = constants["CUDA_ARCHES"], constants["ROCM_ARCHES"]
            cells.append(_list_cells(constants, *arches))
    if not cells:
        return
    agreed = set.intersection(*cells)
    evidence.support(agreed, MATRIX, f"matrix of release/{minor}")
    for cell in sorted(set.union(*cells) - agreed):
        row = f"{' on '.join(cell)}: the branch and the tag of {evidence.release} differ"
        evidence.remarks.append(Change("backends", "look", row, f"matrix of release/{minor}, tag"))
        evidence.deny([cell], f"both the branch and the tag of {evidence.release}")


def _read_test_infra(evidence: Evidence, source: Feeds) -> None:
    text = source.read(feeds.TEST_INFRA)
    constants = parse.parse_constants(text) if text else {}
    for channel, key in (
        ("release", "CURRENT_STABLE_VERSION"),
        ("test", "CURRENT_CANDIDATE_VERSION"),
        ("nightly", "CURRENT_NIGHTLY_VERSION"),
    ):
        if _minor(Version(constants.get(key, "0"))) != _minor(evidence.release):
            continue
        cuda, rocm = (constants[name][channel] for name in ("CUDA_ARCHES_DICT", "ROCM_ARCHES_DICT"))
        cells = _list_cells(constants, cuda, rocm)
        name = f"pytorch/test-infra, {channel} matrix"
        if channel == "release":
            evidence.support(cells, MATRIX, name)
        else:
            evidence.hints |= dict.fromkeys(cells - evidence.hints.keys(), name)


def read_wheel_table(
    source: Feeds, release: Version, files: Iterable[PyPIFile]
) -> dict[str, dict[str, set[int]]]:
    """Return the architectures by CUDA and host that torch/cuda/__init__.py of a wheel lists."""
    wheels = [file for file in files if file.wheel.platform == _LINUX]
    url, size = (wheels[0].url, wheels[0].size) if wheels else ("", 0)
    name, member = f"wheel/torch_cuda-{release}.py", "torch/cuda/__init__.py"
    text = source.read_member(name, url, size, member)
    return parse.parse_constants(text).get("PYTORCH_RELEASES_CODE_CC", {}) if text else {}


def _read_announcement(evidence: Evidence, source: Feeds) -> None:
    text = source.read(feeds.ANNOUNCEMENT)
    announced = parse.parse_announcement(text).get(_minor(evidence.release)) if text else None
    for cell in evidence.list_cells() if announced else ():
        if cell[0] in (announced or ()):
            evidence.support([cell], ANNOUNCEMENT, "RELEASE.md")


def _read_locks(evidence: Evidence, source: Feeds) -> None:
    for backend, wheel in parse.parse_locks(source.read(feeds.LOCKS) or ""):
        is_torch = wheel.filename.startswith("torch-") and wheel.platform
        if is_torch and Version(wheel.version.public) == evidence.release:
            evidence.support([(_name(backend, wheel.platform), wheel.platform)], LOCK, "locks")


def _read_pages(evidence: Evidence, source: Feeds, cells: Iterable[Cell]) -> None:
    """Read the page of each backend; one on the channel of release candidates proves nothing."""
    for folder in sorted({Backend.parse(backend).folder for backend, _ in cells}):
        own = {cell for cell in cells if Backend.parse(cell[0]).folder == folder}
        listed = _list_page(evidence.release, source, folder)
        if listed is not None:
            evidence.support(listed, PAGE, f"{PAGE} whl/{folder}")
            evidence.deny(own - listed, f"the {PAGE} whl/{folder}")
        stale = (_list_page(evidence.release, source, f"test/{folder}") or set()) - (
            listed or set()
        )
        if stale and listed is not None:
            row = f"{folder}: whl/test has {evidence.release}, whl has not; it is left out"
            evidence.remarks.append(Change("backends", "look", row, f"{PAGE} whl/test/{folder}"))


def _list_page(release: Version, source: Feeds, folder: str) -> set[Cell] | None:
    text = source.read(feeds.index_page(folder))
    if text is None:
        return None
    backend = folder.rpartition("/")[2]
    wheels = (one for one in parse.parse_page(text) if Version(one.version.public) == release)
    return {(_name(backend, one.platform), one.platform) for one in wheels if one.platform}


def _name(backend: str, platform: str) -> str:
    """Return the tables' name of a build: the CPU's folder has the wheels for Apple silicon."""
    return "mps" if platform == "macos_arm64" else backend


def iter_pypi_cells(
    source: Feeds, release: Version, files: Iterable[PyPIFile]
) -> Iterator[tuple[str, str]]:
    """Yield the platform and the backend of each default wheel on PyPI."""
    platforms = {file.wheel.platform: file for file in files if file.wheel.platform}
    cuda = _read_default_cuda(source, platforms.get(_LINUX))
    since_sbsa = release >= Version("2.11")
    backends = {
        _LINUX: cuda,
        _AARCH64: cuda if since_sbsa else "cpu",
        _WINDOWS: "cpu",
        "macos_arm64": "mps",
        "macos_x86_64": "cpu",
    }
    for platform in sorted(platforms):
        if backend := backends[platform]:
            yield platform, backend


def _read_default_cuda(source: Feeds, file: PyPIFile | None) -> str | None:
    """Return the CUDA backend of PyPI's wheel for Linux, by what it requires."""
    text = read_metadata(source, file) if file else None
    for requirement in parse.parse_requires(text or ""):
        if requirement.name in {"cuda-toolkit", "nvidia-cuda-runtime-cu12"}:
            major, minor, *_ = next(iter(requirement.specifier)).version.split(".")
            return f"cu{major}{minor}"
    return None


def read_metadata(source: Feeds, file: PyPIFile) -> str | None:
    """Return a wheel's METADATA: the file beside it, else out of the wheel."""
    feed = feeds.metadata(file.wheel.filename, file.url)
    if text := source.read(feed):
        return text
    name, version = file.wheel.filename.split("-")[:2]
    return source.read_member(
        feed.name, file.url, file.size, f"{name}-{version}.dist-info/METADATA"
    )
