"""A wheel's METADATA, without the wheel: beside it (PEP 658), or out of it by range requests."""

from __future__ import annotations

import re
from contextlib import suppress
from email.parser import HeaderParser
from functools import lru_cache, partial
from hashlib import sha256
from threading import Lock
from typing import IO, TYPE_CHECKING, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - it is an exception, spelled like a variable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.bounds import METADATA as LARGEST
from hatch_torch.index.remote import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_torch.index.fetch import Fetcher
    from hatch_torch.index.hosts import Hosts
    from hatch_torch.index.wheel import Wheel

_METADATA = r"[^/]+\.dist-info/METADATA"
FAULTS = (OSError, EOFError, RuntimeError, ValueError, IndexFaultError, BadZipFile, ZlibError)
"""What can go wrong when METADATA is read; zipfile raises RuntimeError for encrypted files."""
# packaging reads a marker's strings with CPython's AST, whose conversion counts its depth for all
# threads together: CPython 3.11.7 raised SystemError where two were at it.
_ONE_AT_A_TIME = Lock()
_MOST_LINES = 1000
"""Requirements of one wheel; torch has 40."""
_LONGEST_LINE = 1000


class Metadata(NamedTuple):
    """What a wheel says that it needs."""

    requires: tuple[Requirement, ...] = ()
    requires_python: SpecifierSet | None = None


def parse_metadata(content: bytes, wheel: Wheel) -> Metadata:
    """Read a METADATA file; raises ValueError where it is damaged or another wheel's."""
    # packaging.metadata reads it with this parser too, and takes 8 ms to import.
    raw = HeaderParser().parsestr(content.decode("utf-8", "replace"))
    name, version = raw.get("name", ""), raw.get("version", "")
    try:
        if canonicalize_name(name) != wheel.name or Version(version) != wheel.version:
            raise ValueError(f"its METADATA is that of {name!r} {version!r}")
    except InvalidVersion as error:
        raise ValueError(f"its METADATA has no version: {version!r}") from error
    lines = raw.get_all("requires-dist", [])
    if len(lines) > _MOST_LINES:
        raise ValueError(f"its METADATA has more than {_MOST_LINES} requirements")
    return Metadata(tuple(_requirements(lines)), _range(raw.get("requires-python")))


def read_metadata(wheel: Wheel, fetcher: Fetcher, hosts: Hosts) -> Metadata | None:
    """Return what a wheel needs, or None where that cannot be read; `fetcher.notes` say why.

    What was read once is kept: a wheel with a hash never changes.
    """
    key = f"{wheel.url}#{wheel.sha256 or wheel.metadata or ''}#METADATA"
    kept = fetcher.recall(key)
    if kept is not None:
        return parse_metadata(kept, wheel)
    for way in (_inside,) if wheel.metadata is None else (_beside, _inside):
        try:
            content = way(wheel, fetcher, hosts)
            metadata = parse_metadata(content, wheel)
        except FAULTS as error:
            fetcher.note(f"{wheel.filename}: {error}")
        else:
            fetcher.keep(key, content, for_good=bool(wheel.sha256 or wheel.metadata))
            return metadata
    return None


def _requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    """Read the lines that can be read; installers stop at the others by themselves."""
    for line in (one for one in lines if len(one) <= _LONGEST_LINE):
        with suppress(InvalidRequirement, RecursionError):
            yield _parsed(line)


@lru_cache(maxsize=4096)
def _parsed(line: str) -> Requirement:
    with _ONE_AT_A_TIME:
        return Requirement(line)


def _range(text: str | None) -> SpecifierSet | None:
    """Read Requires-Python; old wheels hold ranges that nobody can read, which exclude nobody."""
    try:
        return SpecifierSet(text) if text and len(text) <= _LONGEST_LINE else None
    except InvalidSpecifier:
        return None


def _beside(wheel: Wheel, fetcher: Fetcher, hosts: Hosts) -> bytes:
    content = fetcher.get(f"{wheel.url}.metadata", hosts)
    if content is None:
        raise ValueError("the index page names a metadata file that is not there")
    if wheel.metadata and sha256(content).hexdigest() != wheel.metadata:
        raise ValueError("its metadata file does not match the hash on the index page")
    return content


def _inside(wheel: Wheel, fetcher: Fetcher, hosts: Hosts) -> bytes:
    return metadata_in(RemoteFile(partial(fetcher.get_range, wheel.url, hosts=hosts)))


def metadata_in(file: IO[bytes] | RemoteFile) -> bytes:
    """Return the METADATA of a wheel; raises ValueError, OSError or a zip file's own errors."""
    with ZipFile(file) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(_METADATA, name)]
        if len(names) != 1:
            raise ValueError(f"it has {len(names)} METADATA files")
        member = archive.getinfo(names[0])
        if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:  # others unpack without limits
            raise ValueError("its METADATA is packed as no wheel's is")
        with archive.open(member) as unpacking:
            content = unpacking.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"its METADATA is larger than {LARGEST} bytes")
    return content
