"""Indexes and files in local folders, read like those on a server."""

from __future__ import annotations

import re
import tarfile
from contextlib import suppress
from gzip import GzipFile
from io import RawIOBase
from pathlib import Path
from typing import IO
from urllib.request import url2pathname
from zlib import error as ZlibError  # noqa: N812 (an exception, spelled like a variable)

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.limits import MAX_METADATA_BYTES, MAX_PAGE_BYTES, MIB
from hatch_torch.index.project_page import ListedFile, list_files
from hatch_torch.index.simple_api import Link, decode_page, parse_links
from hatch_torch.index.wheel_metadata import FAULTS, extract_metadata

FILE = "file:"
_MAX_UNPACKED_BYTES = 64 * MIB
"""Bytes of an sdist that are unpacked in search of its PKG-INFO, which lies near the front."""


def list_folder(folder: Path) -> list[ListedFile]:
    """Return the wheels and sdists of a folder; none where it cannot be read."""
    paths: list[Path] = []
    with suppress(OSError):
        paths = sorted(folder.iterdir())
    links = (Link(path.absolute().as_uri()) for path in paths)
    return [*list_files("", links)]


def read_local_page(url: str) -> list[ListedFile] | None:
    """Return the files that an index in a folder lists; a missing page lists none."""
    folder = to_path(url)
    try:
        with (folder / "index.html").open("rb") as page:
            text = decode_page(page.read(MAX_PAGE_BYTES), "")
        return [*list_files(*parse_links(text, "text/html", url))]
    except OSError:
        return list_folder(folder)
    except IndexFaultError:
        return None


def read_local_metadata(path: Path) -> bytes | None:
    """Return the METADATA of a wheel, or the PKG-INFO of an sdist; None where it is unreadable."""
    try:
        with path.open("rb") as file:
            is_wheel = path.name.endswith(".whl")
            return extract_metadata(file) if is_wheel else extract_pkg_info(file)
    except FAULTS:
        return None


def extract_pkg_info(file: IO[bytes]) -> bytes | None:
    """Return the PKG-INFO of an sdist; None where it has none that can be read."""
    with (
        suppress(tarfile.TarError, OSError, EOFError, ZlibError),
        tarfile.open(fileobj=_Bounded(GzipFile(fileobj=file)), mode="r|") as archive,
    ):
        for member in archive:
            if re.fullmatch(r"[^/]+/PKG-INFO", member.name):
                content = archive.extractfile(member)
                return content.read(MAX_METADATA_BYTES) if content else None
    return None


def to_path(place: str) -> Path:
    """Return the path that a path or a `file:` URL names."""
    if not place.startswith(FILE):
        return Path(place)
    return Path(url2pathname(place.removeprefix(FILE).removeprefix("//")))


class _Bounded(RawIOBase):
    """A file of which no more than `_MAX_UNPACKED_BYTES` are read: an sdist may be a bomb."""

    def __init__(self, file: GzipFile) -> None:
        super().__init__()
        self._file = file
        self._left = _MAX_UNPACKED_BYTES

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise OSError(f"more than {_MAX_UNPACKED_BYTES} bytes")
        return content
