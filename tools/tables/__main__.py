"""The command ``python -m tools.tables``: compare the tables with what upstream publishes.

``check`` ends with 1 where they differ or where an inferred row was not confirmed in time.
``update`` prints the difference, with the source of each row, and writes it with ``--write``.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from tools.tables import catalog, demo, evidence as evidences, feeds, parse
from tools.tables.rows import Change, TableFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.tables.parse import PyPIFile

ROOT = Path(__file__).parents[2]
_CATALOG = ("releases", "backends", "pythons", "pypi", "companions", "cuda", "rocm", "drivers")
_DEMO = ("triton_requirements", "common_requirements")
_DAYS_TO_CONFIRM = 28


class Comparison(NamedTuple):
    """The tables, brought up to date, and what that changed."""

    tables: dict[str, TableFile]
    changes: tuple[Change, ...]
    unread: dict[str, str]
    overdue: tuple[str, ...]


def compare(source: feeds.Feeds, package: Path, today: date) -> Comparison:
    """Return the tables of a package compared with what the feeds say."""
    data, index = package / "catalog" / "data", package / "demo" / "index.toml"
    tables = {name: TableFile(data / f"{name}.toml") for name in (*_CATALOG, "integrated")}
    embedded = {name: TableFile(index, name) for name in _DEMO}
    changes = tuple(_compare(source, tables, embedded, today))
    overdue = tuple(_find_overdue(tables, today))
    return Comparison({**tables, **embedded}, changes, source.unread, overdue)


def _compare(
    source: feeds.Feeds, tables: dict[str, TableFile], embedded: dict[str, TableFile], today: date
) -> Iterator[Change]:
    torch = _read_files(source, "torch")
    known = [row["torch"] for row in tables["releases"].list_rows()]
    new, yanked = catalog.find_new(known, torch, "releases")
    yield from yanked
    yield from catalog.update_releases(tables["releases"], new, torch)
    releases = [*map(Version, known), *new]
    backends = tables["backends"]
    for release in [*_list_unsettled(backends, releases), *new]:
        previous = releases[releases.index(release) - 1]
        yield from _compare_release(source, tables, release, previous, torch, today)
        files = [file for file in torch.get(release, ()) if file.wheel.platform == "linux_x86_64"]
        if metadata := evidences.read_metadata(source, files[0]) if files else None:
            yield from demo.update_triton(embedded["triton_requirements"], release, metadata)
            yield from demo.update_requirements(embedded["common_requirements"], release, metadata)
    for package in catalog.COMPANIONS:
        groups = _read_files(source, package)
        yield from catalog.update_companions(tables["companions"], package, source, groups)
    yield from catalog.check_companions(tables["companions"], releases[-1], catalog.COMPANIONS[:2])
    yield from catalog.check_targets((tables["rocm"], tables["integrated"]), source)
    yield from catalog.check_layout(backends, source)


def _compare_release(  # noqa: PLR0913, PLR0917 (what one release is compared by)
    source: feeds.Feeds,
    tables: dict[str, TableFile],
    release: Version,
    previous: Version,
    torch: dict[Version, list[PyPIFile]],
    today: date,
) -> Iterator[Change]:
    files = torch.get(release, [])
    check_after = (today + timedelta(days=_DAYS_TO_CONFIRM)).isoformat()
    backends = tables["backends"]
    rows = backends.find(lambda row: catalog.covers(row, release))
    cells = {(row["backend"], platform) for row in rows for platform in row["platforms"]}
    defaults = list(evidences.iter_pypi_cells(source, release, files))
    evidence = evidences.collect_evidence(source, release, cells)
    pages = [(backend, platform) for platform, backend in defaults]
    evidence.support(pages, evidences.PAGE, "the wheel on PyPI")
    for cell in pages:
        evidence.denied.pop(cell, None)
    yield from catalog.update_pythons(tables["pythons"], release, previous, files)
    yield from catalog.update_pypi(tables["pypi"], release, previous, defaults)
    yield from catalog.update_backends(backends, evidence, previous, check_after)
    existing = [
        cell
        for cell in evidence.list_cells()
        if evidence.is_published(cell) or evidence.is_inferred(cell)
    ]
    listed = evidences.read_wheel_table(source, release, files)
    yield from catalog.check_build_env(source, release, listed)
    yield from catalog.update_cuda(tables["cuda"], release, previous, listed, existing)
    yield from catalog.update_rocm(tables["rocm"], release, source, existing, check_after)
    yield from catalog.update_drivers(tables["drivers"], source, _find_toolkit(source, files))


def _find_toolkit(source: feeds.Feeds, files: Sequence[PyPIFile]) -> str | None:
    linux = [file for file in files if file.wheel.platform == "linux_x86_64"]
    text = evidences.read_metadata(source, linux[0]) if linux else None
    for requirement in parse.parse_requires(text or ""):
        if requirement.name == "cuda-toolkit":
            return next(iter(requirement.specifier)).version
    return None


def _list_unsettled(table: TableFile, releases: Sequence[Version]) -> list[Version]:
    """Return the releases of the tables that have an inferred row, of the last year's at most."""
    rows = table.find(lambda row: not row.get("certain", True))
    return [one for one in releases[-4:] if any(catalog.covers(row, one) for row in rows)]


def _read_files(source: feeds.Feeds, package: str) -> dict[Version, list[PyPIFile]]:
    text = source.read(feeds.pypi(package))
    return catalog.group_by_version(parse.parse_pypi(text)) if text else {}


def _find_overdue(tables: dict[str, TableFile], today: date) -> Iterator[str]:
    for name, table in tables.items():
        for row in table.find(lambda row: row.get("check_after", "9") < today.isoformat()):
            subject = row.get("backend", row.get("package", ""))
            yield f"{name}: {subject} {row['first']}: to be confirmed by {row['check_after']}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, print, and write where that was asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.tables", description=__doc__)
    parser.add_argument("command", choices=("check", "update"))
    parser.add_argument("--write", action="store_true", help="write the tables (update)")
    parser.add_argument("--from-files", type=Path, metavar="DIR", help="read recorded feeds")
    parser.add_argument("--package", type=Path, default=ROOT / "hatch_torch", metavar="DIR")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today())  # noqa: DTZ011 (a maintainer's day)
    options = parser.parse_args(arguments)
    result = compare(feeds.Feeds(options.from_files), options.package, options.today)
    print_comparison(result)
    if options.command == "update" and options.write:
        for table in result.tables.values():
            table.write()
    return int(options.command == "check" and bool(result.changes or result.overdue))


def print_comparison(result: Comparison) -> None:
    """Print each change with its source, the difference, and what could not be read."""
    for change in result.changes:
        print(change)
    for table in result.tables.values():
        if difference := table.diff():
            print(difference)
    for line in result.overdue:
        print(f"overdue {line}")
    for name, reason in sorted(result.unread.items()):
        print(f"unread  {name}: {reason}", file=sys.stderr)
    if not (result.changes or result.overdue):
        print("the tables are what upstream publishes, as far as the feeds could be read")


if __name__ == "__main__":
    sys.exit(main())
