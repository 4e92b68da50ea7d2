"""Real packages in a compact form: the files on their pages, and the METADATA that was asked for.

Pages list every file that PyPI lists, since reading them is part of what is measured. A release
repeats the names of its files' ends from the release before, so these are kept once a package.
"""

from __future__ import annotations

import json
import lzma
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data" / "trees.json.xz"


class Listed(NamedTuple):
    """A file on a page."""

    filename: str
    requires_python: str | None = None
    is_yanked: bool = False


class Universe(NamedTuple):
    """Pages by the name of the package, and METADATA by the name of the file."""

    pages: dict[str, list[Listed]]
    metadata: dict[str, str]

    def page(self, name: str, *, is_hashed: bool = True) -> bytes:
        """Return a page (PEP 691); the hashes of wheels are made up, those of METADATA are not."""
        files = [
            {
                "filename": one.filename,
                "url": f"../../files/{one.filename}",
                "hashes": {"sha256": sha256(one.filename.encode()).hexdigest()},
                "requires-python": one.requires_python,
                "size": 1_000_000,
                "upload-time": "2026-01-01T00:00:00.000000Z",
                "yanked": one.is_yanked,
                "core-metadata": (self._hashes(one) if is_hashed else True)
                if one.filename.endswith(".whl")
                else False,
            }
            for one in self.pages[name]
        ]
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": []}
        return json.dumps(page).encode()

    def read_metadata(self, filename: str) -> bytes:
        """Return the METADATA of a wheel; one that nobody asked for requires nothing."""
        name, version, *_ = filename.split("-")
        lines = self.metadata.get(filename, f"Name: {name}\nVersion: {version}")
        return f"Metadata-Version: 2.1\n{lines}\n\n".encode()

    def _hashes(self, listed: Listed) -> dict[str, str]:
        return {"sha256": sha256(self.read_metadata(listed.filename)).hexdigest()}


def load() -> Universe:
    """Return the packages that were recorded."""
    data = json.loads(lzma.decompress(DATA.read_bytes()))
    pages = {name: _unpack(page, data["strings"]) for name, page in data["pages"].items()}
    return Universe(pages, data["metadata"])


def save(universe: Universe) -> None:
    """Store packages."""
    strings: dict[object, int] = {}
    data = {
        "pages": {name: _pack(universe.pages[name], strings) for name in sorted(universe.pages)},
        "metadata": dict(sorted(universe.metadata.items())),
        "strings": [*strings],
    }
    content = json.dumps(data, separators=(",", ":")).encode()
    DATA.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


def _pack(files: list[Listed], strings: dict[object, int]) -> list[object]:
    """Return the files without what repeats: each release names its group of ends of file names."""
    ends: dict[tuple[int, ...], int] = {}
    groups: dict[tuple[int, ...], int] = {}
    releases: dict[str, list[int]] = {}
    for listed in files:
        version = version_in(listed.filename)
        before, _, after = listed.filename.partition(version)
        values = (before, after, listed.requires_python, listed.is_yanked)
        end = tuple(strings.setdefault(value, len(strings)) for value in values)
        releases.setdefault(version, []).append(ends.setdefault(end, len(ends)))
    rows: list[object] = []
    for version, group in releases.items():
        rows += [version, groups.setdefault(tuple(group), len(groups))]
    return [[*ends], [*groups], rows]


def _unpack(packed: Any, strings: Any) -> list[Listed]:  # noqa: ANN401 (it is JSON)
    ends, groups, rows = packed
    spelled = [[strings[place] for place in end] for end in ends]
    return [
        Listed(f"{before}{version}{after}", *rest)
        for version, number in zip(rows[::2], rows[1::2], strict=True)
        for before, after, *rest in (spelled[end] for end in groups[number])
    ]


def version_in(filename: str) -> str:
    """Return the version in the name of a file."""
    if filename.endswith(".whl"):
        return filename.split("-")[1]
    return filename.removesuffix(".tar.gz").rpartition("-")[2]
