"""What may stand in a lock: the kinds of its values, and the faults of those that are none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.index.wheel import Wheel
from hatch_torch.lock.contents import LockedWheel, Narrowed
from hatch_torch.project.kinds import (
    faults_of,
    name,
    requirements,
    shown,
    string,
    strings,
    table,
    table_at,
    under,
)
from hatch_torch.project.schema import is_backend

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.project.kinds import Kind

SCHEMA = 1
# What may stand in a URL that ends up in METADATA: no blank, quote, query or fragment.
_PATH = re.compile(r"[A-Za-z0-9._~:/%+@!,=&$\[\]-]+\.whl")
_FILENAME = r"[A-Za-z0-9._+!-]+"
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def wheel_of(value: Mapping[str, Any]) -> LockedWheel:
    """Return a wheel from a line without faults."""
    return LockedWheel(**{**value, "requires": tuple(value.get("requires", ()))})


def _schema(_value: object, _path: str) -> Iterator[str]:
    """Find no fault: it was looked at before everything else."""
    yield from ()


def _version(value: object, path: str) -> Iterator[str]:
    try:
        Version(value if isinstance(value, str) else "")
    except ValueError:
        yield f"{path}: found {shown(value)}; allowed is a version"


def _matching(pattern: re.Pattern[str], allowed: str) -> Kind:
    def kind(value: object, path: str) -> Iterator[str]:
        if not (isinstance(value, str) and pattern.fullmatch(value)):
            yield f"{path}: found {shown(value)}; allowed is {allowed}"

    return kind


def _made_for(value: object, path: str) -> Iterator[str]:
    keys = {"requirements": strings, "backends": strings, "family": strings, "channel": string}
    yield from faults_of(value, keys, path)


def _narrowed(value: object, path: str) -> Iterator[str]:
    yield from faults_of(value, dict.fromkeys(Narrowed._fields, strings), path)


def _backends(value: object, path: str) -> Iterator[str]:
    yield from table(value, path)
    for key, part in table_at(value).items():
        place = under(path, key)
        if not is_backend(key):
            yield f"{place}: {key!r} is no backend"
        yield from faults_of(part, {"torch": _version, "wheels": _wheels}, place)
        yield from _missing(part, ("torch", "wheels"), place)


def _wheels(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: found {shown(value)}; allowed is an array of tables"
        return
    for number, wheel in enumerate(value):
        yield from _faults_of_wheel(wheel, f"{path}[{number}]")


def _faults_of_wheel(value: object, path: str) -> Iterator[str]:
    faults = [*faults_of(value, _WHEEL, path), *_missing(value, ("name", "version", "path"), path)]
    yield from faults
    if faults:
        return
    wheel = wheel_of(table_at(value))
    if _named(wheel.filename) != (wheel.name, wheel.version):
        yield f"{path}.path: {wheel.filename!r} is no wheel of {wheel.name} {wheel.version}"


def _named(filename: str) -> tuple[str, str] | None:
    """Return the name and the version that a wheel's file name tells, or None where it is none."""
    if not re.fullmatch(_FILENAME, filename):
        return None
    try:
        wheel = Wheel.from_filename(filename, "")
    except ValueError:
        return None
    return wheel.name, str(wheel.version)


def _missing(value: object, keys: tuple[str, ...], path: str) -> Iterator[str]:
    for key in keys:
        if key not in table_at(value):
            yield f"{path}.{key}: it is missing"


_WHEEL: Mapping[str, Kind] = {
    "name": name,
    "version": _version,
    "path": _matching(_PATH, "the path of a wheel, percent-encoded"),
    "host": _matching(_HOST, "the name of a host"),
    "sha256": _matching(_SHA256, "64 hexadecimal digits"),
    "requires": requirements,
}
KEYS: Mapping[str, Kind] = {
    "schema": _schema,
    "made-for": _made_for,
    "narrowed": _narrowed,
    "backends": _backends,
}
"""The keys of a lock."""
