"""Bring the tables of the catalog up to date, one function for each table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from tools.tables import evidence as evidences, feeds, parse
from tools.tables.rows import Change, format_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tools.tables.evidence import Cell, Evidence
    from tools.tables.feeds import Feeds
    from tools.tables.parse import PyPIFile
    from tools.tables.rows import Row, TableFile

COMPANIONS = ("torchvision", "torchaudio", "torchtext")
_CUDA_PLATFORMS = {"x86_64": ("linux_x86_64", "win_amd64"), "aarch64": ("linux_aarch64",)}


def group_by_version(files: Iterable[PyPIFile]) -> dict[Version, list[PyPIFile]]:
    """Return a package's wheels by version, the oldest first."""
    groups: dict[Version, list[PyPIFile]] = {}
    for file in files:
        groups.setdefault(file.wheel.version, []).append(file)
    return dict(sorted(groups.items()))


def find_new(
    known: Iterable[str], groups: Mapping[Version, list[PyPIFile]], table: str
) -> tuple[list[Version], list[Change]]:
    """Return the final releases that the table lacks, and remarks on those that were yanked."""
    newest = max(map(Version, known))
    new, yanked = [], []
    for version, files in groups.items():
        if version <= newest or version.is_prerelease:
            continue
        reasons = [file.yanked for file in files]
        if all(reasons):
            row = f"{version} is yanked ({reasons[0]}); it is left out"
            yanked.append(Change(table, "look", row, "PyPI"))
        else:
            new.append(version)
    return new, yanked


def update_releases(
    table: TableFile, new: Iterable[Version], groups: Mapping[Version, list[PyPIFile]]
) -> Iterator[Change]:
    """Add the new releases with the day of their upload."""
    for release in new:
        date = min(file.uploaded for file in groups[release])
        row = {"torch": str(release), "date": date, "source": "PyPI; date: PyPI, upload"}
        table.insert(row, None)
        yield _change(table, "add", row)


def covers(row: Mapping[str, Any], release: Version) -> bool:
    """Return whether a row's span holds a release."""
    return Version(row["first"]) <= release <= Version(row["last"])


def extend_span(
    table: TableFile, values: Row, release: Version, previous: Version, source: str
) -> Change | None:
    """Let a row with these values hold for one more release, or add one; None if one does."""
    keys = values.keys()
    same = table.find(lambda row: all(row.get(key) == values[key] for key in keys))
    if any(covers(row, release) for row in same):
        return None
    before = [row for row in same if row["last"] == str(previous) and row.get("certain", True)]
    if before:
        row = table.replace(before[-1], last=str(release))
        return _change(table, "extend", row)
    row = {**values, "first": str(release), "last": str(release), "source": source}
    neighbours = table.find(
        lambda item: item.get("backend", item.get("platform")) == _get_subject(values)
    )
    table.insert(row, neighbours[-1] if neighbours else None)
    return _change(table, "add", row)


def _get_subject(values: Mapping[str, Any]) -> object:
    return values.get("backend", values.get("platform"))


def update_pythons(
    table: TableFile, release: Version, previous: Version, files: Iterable[PyPIFile]
) -> Iterator[Change]:
    """Set the Pythons of each platform, by the file names on PyPI."""
    pythons: dict[str, set[str]] = {}
    for file in files:
        if file.wheel.platform and file.wheel.python:
            pythons.setdefault(file.wheel.platform, set()).add(file.wheel.python)
    groups: dict[tuple[str, ...], list[str]] = {}
    for platform in sorted(pythons):
        names = sorted(pythons[platform], key=lambda one: (int(one[2:].rstrip("t")), one))
        rows = table.find(lambda row: covers(row, release))
        if not any(platform in row["platforms"] for row in rows):
            groups.setdefault(tuple(names), []).append(platform)
    for listed, platforms in groups.items():
        values = {"platforms": platforms, "pythons": list(listed)}
        if change := extend_span(table, values, release, previous, "PyPI"):
            yield change


def update_pypi(
    table: TableFile, release: Version, previous: Version, defaults: Iterable[tuple[str, str]]
) -> Iterator[Change]:
    """Set the backend of PyPI's wheels for each platform."""
    for platform, backend in defaults:
        values = {"platform": platform, "backend": backend}
        if change := extend_span(table, values, release, previous, "metadata on PyPI"):
            yield change


def update_backends(
    table: TableFile, evidence: Evidence, previous: Version, check_after: str
) -> Iterator[Change]:
    """Set what is published and inferred of a release; a row is confirmed, added or dropped."""
    yield from evidence.remarks
    release = evidence.release
    for cell in evidence.list_cells():
        rows = [row for row in table.find(_covering(release)) if _is_about(row, cell)]
        row = rows[0] if rows else None
        is_certain = bool(rows and rows[0].get("certain", True))
        source = evidence.describe(cell)
        if evidence.is_published(cell):
            if not is_certain:
                if row:
                    _drop_cell(table, row, cell)
                yield _publish(table, cell, release, previous, source)
        elif evidence.is_inferred(cell):
            if row is None:
                yield _infer(table, cell, release, check_after, source)
        elif row is not None and is_certain:
            text = f"{' on '.join(cell)}: {release} is in the table, but {source}"
            yield Change(table.name, "look", text, source)
        elif row is not None:
            _drop_cell(table, row, cell)
            yield Change(table.name, "drop", f"{' on '.join(cell)}: {release}", source)


def _covering(release: Version) -> Callable[[Row], bool]:
    return lambda row: covers(row, release)


def _is_about(row: Row, cell: Cell) -> bool:
    return row["backend"] == cell[0] and cell[1] in row["platforms"]


def _drop_cell(table: TableFile, row: Row, cell: Cell) -> None:
    platforms = [platform for platform in row["platforms"] if platform != cell[1]]
    if platforms:
        table.replace(row, platforms=platforms)
    else:
        table.remove(row)


def _publish(
    table: TableFile, cell: Cell, release: Version, previous: Version, source: str
) -> Change:
    """Let the backend's row hold for one more release, or add a row."""
    backend, platform = cell
    before = table.find(
        lambda row: (
            row["backend"] == backend
            and row.get("certain", True)
            and (row["platforms"], row["last"]) == ([platform], str(previous))
        )
    )
    if before:
        changed = table.replace(before[-1], last=str(release))
        return Change(table.name, "extend", format_row(changed).strip(), source)
    return _add_cell(table, cell, release, {"source": source}, "confirm")


def _infer(table: TableFile, cell: Cell, release: Version, check_after: str, source: str) -> Change:
    values = {"certain": False, "check_after": check_after, "source": source}
    return _add_cell(table, cell, release, values, "add")


def _add_cell(table: TableFile, cell: Cell, release: Version, values: Row, action: str) -> Change:
    """Add a row for a build, or its platform to a row that says the same of another one."""
    backend, platform = cell
    row: Row = {"backend": backend, "platforms": [platform]}
    row |= {"first": str(release), "last": str(release), **values}
    of_backend = table.find(lambda item: item["backend"] == backend)
    alike = [item for item in of_backend if {**item, "platforms": [platform]} == row]
    if alike:
        added = table.replace(alike[-1], platforms=[*alike[-1]["platforms"], platform])
    else:
        added = table.insert(row, of_backend[-1] if of_backend else None)
    return _change(table, action, added)


def update_cuda(
    table: TableFile,
    release: Version,
    previous: Version,
    architectures: Mapping[str, Mapping[str, set[int]]],
    cells: Iterable[Cell],
) -> Iterator[Change]:
    """Set the machine code of the CUDA builds that exist or may, by what the wheel lists."""
    existing = set(cells)
    for version, hosts in architectures.items():
        backend = f"cu{version.replace('.', '')}"
        for host, codes in hosts.items():
            for platform in _CUDA_PLATFORMS[host]:
                rows = [row for row in table.list_rows() if _is_about(row, (backend, platform))]
                if (backend, platform) not in existing or any(covers(row, release) for row in rows):
                    continue
                sm, last = sorted(codes), rows[-1] if rows else None
                if last and last["last"] == str(previous) and last["sm"] == sm:
                    yield _change(table, "extend", table.replace(last, last=str(release)))
                    continue
                span = {"first": str(release), "last": str(release)}
                row = {"backend": backend, "platforms": [platform], **span, "sm": sm}
                row = table.insert({**row, "source": f"wheel {release}"}, last)
                yield _change(table, "add", row)


def update_companions(
    table: TableFile, package: str, source: Feeds, groups: Mapping[Version, list[PyPIFile]]
) -> Iterator[Change]:
    """Add the new releases of a companion, with the torch that its METADATA requires."""
    rows = table.find(lambda row: row["package"] == package)
    new, yanked = find_new([row["version"] for row in rows], groups, table.name)
    yield from yanked
    for version in new:
        files = groups[version]
        text = evidences.read_metadata(source, files[0])
        torch = [item for item in parse.parse_requires(text or "") if item.name == "torch"]
        if not torch:
            problem = f"{package} {version}: its METADATA does not say which torch it requires"
            yield Change(table.name, "look", problem, "PyPI")
            continue
        specifier = torch[0].specifier
        is_stable = all(not file.wheel.python for file in files) and ">=" in str(specifier)
        values: Row = {"package": package, "version": str(version), "torch": str(specifier)}
        values |= {"abi": "stable"} if is_stable else {}
        after = table.find(lambda row: row["package"] == package)[-1]
        row = table.insert({**values, "source": "PyPI"}, after)
        yield _change(table, "add", row)


def update_drivers(table: TableFile, source: Feeds, cuda: str | None) -> Iterator[Change]:
    """Add the driver that ships with the CUDA release of PyPI's wheels."""
    text = source.read(feeds.redistrib(cuda)) if cuda else None
    found = parse.parse_driver(text) if text else None
    if found is None or any(row["linux"] == found[1] for row in table.list_rows()):
        return
    release, driver = found
    older = table.find(lambda row: Version(row["cuda"]) < Version(release))[-1]
    least = {key: older[key] for key in ("least_linux", "least_windows")}
    row = {"cuda": release, "linux": driver, **least, "source": f"redistrib_{release}.json"}
    yield _change(table, "add", table.insert(row, older))


def update_rocm(
    table: TableFile, release: Version, source: Feeds, cells: Iterable[Cell], check_after: str
) -> Iterator[Change]:
    """Add the targets of a ROCm backend that the table lacks: those that TheRock builds for."""
    text = source.read(feeds.THEROCK)
    targets = [*parse.parse_targets(text)] if text else []
    for backend in sorted(
        {backend for backend, _ in cells if Backend.parse(backend).family == "rocm"}
    ):
        if targets and not any(row["backend"] == backend for row in table.list_rows()):
            span = {"first": str(release), "last": str(release), "gfx": targets}
            doubt = {"certain": False, "check_after": check_after, "source": "TheRock's targets"}
            row: Row = {"backend": backend, "platforms": ["linux_x86_64"], **span, **doubt}
            yield _change(table, "add", table.insert(row, None))


def check_build_env(
    source: Feeds, release: Version, listed: Mapping[str, Mapping[str, set[int]]]
) -> Iterator[Change]:
    """Yield where the wheel's table and the scripts that built it list other architectures."""
    text = source.read(feeds.build_env(f"{release.major}.{release.minor}"))
    built = parse.parse_constants(text)["TORCH_CUDA_ARCH_LIST_TABLE"] if text else {}
    for version in sorted({*built} & {*listed}):
        if built[version] != listed[version]:
            row = f"CUDA {version} of {release}: the wheel lists other targets than its build"
            yield Change("cuda", "look", row, "build_env_setup.py, torch/cuda/__init__.py")


def check_layout(table: TableFile, source: Feeds) -> Iterator[Change]:
    """Yield the backends for which the index would not make a folder."""
    text = source.read(feeds.INDEX_LAYOUT)
    patterns = parse.parse_constants(text)["ACCEPTED_SUBDIR_PATTERNS"] if text else [""]
    for backend in sorted({row["backend"] for row in table.list_rows()}):
        folder = Backend.parse(backend).folder
        if not any(re.match(pattern, folder) for pattern in patterns):
            yield Change(table.name, "look", f"the index has no folder {folder}", "manage_v2.py")


def check_targets(tables: Iterable[TableFile], source: Feeds) -> Iterator[Change]:
    """Yield the gfx targets of our tables that rocm-bootstrap's table does not define."""
    text = _read_bootstrap(source)
    known = parse.parse_gfx_names(text) if text else set()
    for table in tables if known else ():
        cells = [row["gfx"] for row in table.list_rows()]
        names = {name for cell in cells for name in ([cell] if isinstance(cell, str) else cell)}
        for name in sorted(names - known):
            yield Change(table.name, "look", f"{name} is no target", "rocm-bootstrap, targets.py")


def _read_bootstrap(source: Feeds) -> str | None:
    text = source.read(feeds.pypi("rocm-bootstrap"))
    files = [*parse.parse_pypi(text)] if text else []
    newest = max(files, key=lambda file: file.wheel.version, default=None)
    url, size = (newest.url, newest.size) if newest else ("", 0)
    return source.read_member(
        "amd/rocm_bootstrap_targets.py", url, size, "rocm_bootstrap/targets.py"
    )


def check_companions(
    table: TableFile, release: Version, defaults: Iterable[str]
) -> Iterator[Change]:
    """Yield the companions that have no release for a torch."""
    for package in defaults:
        rows = [row for row in table.list_rows() if row["package"] == package]
        if not any(release in SpecifierSet(row["torch"]) for row in rows):
            row = f"no {package} goes with torch {release}"
            yield Change(table.name, "look", row, "companions.toml")


def _change(table: TableFile, action: str, row: Mapping[str, Any]) -> Change:
    return Change(table.name, action, format_row(row).strip(), str(row.get("source", "")))
