"""A stub wheel: a real, installable package of a few hundred bytes, always the same bytes."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from zipfile import ZipFile, ZipInfo

# 1 January 1980, the zip format's first day; every build of a stub has it.
_THEN = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644 << 16
_GENERATOR = "hatch-torch demo"


@dataclass(frozen=True, slots=True)
class Stub:
    """What a stub wheel is made of."""

    filename: str
    sources: tuple[tuple[str, str], ...] = ()
    """The package's files: path and text."""
    requires: tuple[str, ...] = ()
    """Lines of Requires-Dist."""
    python: str = ""
    """Requires-Python."""
    extras: tuple[str, ...] = ()

    @property
    def info(self) -> str:
        """The name of its dist-info folder."""
        return "-".join(self.filename.split("-")[:2]) + ".dist-info"


def metadata(stub: Stub) -> bytes:
    """Return the stub's METADATA (core metadata 2.1)."""
    name, version = stub.filename.split("-")[:2]
    lines = ["Metadata-Version: 2.1", f"Name: {name.replace('_', '-')}", f"Version: {version}"]
    lines += ["Summary: A stub: the real package's name and metadata without its code"]
    lines += [f"Requires-Python: {stub.python}"] if stub.python else []
    lines += [f"Provides-Extra: {extra}" for extra in stub.extras]
    lines += [f"Requires-Dist: {line}" for line in stub.requires]
    return ("\n".join(lines) + "\n").encode()


@lru_cache(maxsize=8192)
def wheel(stub: Stub) -> bytes:
    """Return the bytes of the stub's wheel (PEP 427); the same stub is always the same bytes."""
    files = {path: text.encode() for path, text in stub.sources}
    files[f"{stub.info}/METADATA"] = metadata(stub)
    files[f"{stub.info}/WHEEL"] = _tags(stub.filename)
    return packed(files, stub.info)


def packed(files: dict[str, bytes], info: str) -> bytes:
    """Zip the files of a wheel, whose dist-info folder is `info`, together with their RECORD."""
    record = f"{info}/RECORD"
    lines = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in files.items()]
    everything = {**files, record: "\n".join([*lines, f"{record},,", ""]).encode()}
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path, data in everything.items():
            entry = ZipInfo(path, _THEN)
            entry.external_attr = _FILE_MODE
            archive.writestr(entry, data)
    return buffer.getvalue()


def _tags(filename: str) -> bytes:
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


_PARTS_WITH_BUILD_TAG = 6


def _digest(data: bytes) -> str:
    """Return a hash as RECORD has it."""
    return urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
