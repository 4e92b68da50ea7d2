"""What may stand in a lock: the kinds of its values, and the faults of those that are none.

The file to a lock; what is none, or is damaged, is refused with what to do about it.

A lock to its file: sorted, one wheel a line, friendly to review and to merge.

Whether a lock still is for the project that it lies in.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch._files import replace
from hatch_torch._toml import loads
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.validation import (
    faults_of,
    is_backend,
    name,
    requirements,
    shown,
    string,
    strings,
    table,
    table_at,
    under,
)
from hatch_torch.errors import ConfigurationError
from hatch_torch.index.simple_api import Wheel
from hatch_torch.lock import LOCK
from hatch_torch.lock.model import Lock, LockedWheel, MadeFor, Narrowed, Part, place_of, rank_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hatch_torch.config.config import Config
    from hatch_torch.config.validation import Kind


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


_RENEW = "delete the file and run `hatch-torch lock`, or take it from version control again"
_FOREIGN = "this is no lock of hatch-torch; move it away, then run `hatch-torch lock`"
_NEWER = (
    f"this hatch-torch reads {SCHEMA}: update it, or delete the file and run `hatch-torch lock`"
)
_CONFLICT = "marks a merge conflict; take either side of the file, then run `hatch-torch lock`"
_MERGE = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: |$)"
_MOST_FAULTS = 5
_SCHEMAS = range(1000)
_LARGEST = 4 * 1024 * 1024  # ten times that of every backend, Python and platform


def read_lock(root: Path) -> Lock | None:
    """Return the lock of the project in a folder, or None where it has none.

    Raises ConfigurationError where the file cannot be read, or is no lock.
    """
    path = root / LOCK
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError([f"{path}: {error}"]) from None
    if len(content) > _LARGEST:
        raise ConfigurationError(
            [f"{path}: it is larger than any lock ({_LARGEST} bytes); {_RENEW}"]
        )
    return parse(content, str(path))


def parse(content: bytes, place: str = LOCK) -> Lock:
    """Read a lock; raises ConfigurationError, which says what to do, and nothing else."""
    value = _toml(content, place)
    schema = value.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema not in _SCHEMAS:
        raise ConfigurationError([f"{place}: {_FOREIGN}"])
    if schema != SCHEMA:
        raise ConfigurationError([f"{place}: found schema {schema}; {_NEWER}"])
    if faults := [*faults_of(value, KEYS, LOCK)]:
        more = len(faults) - _MOST_FAULTS
        rest = [f"… and {more} faults more"] if more > 0 else []
        raise ConfigurationError([*faults[:_MOST_FAULTS], *rest, f"{place}: {_RENEW}"])
    return _lock(value)


def _toml(content: bytes, place: str) -> dict[str, Any]:
    try:
        text = content.decode()
        if found := re.search(_MERGE, text):
            line = text.count("\n", 0, found.start()) + 1
            raise ConfigurationError([f"{place}: line {line} {_CONFLICT}"])
        return loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError([f"{place}: it is damaged ({reason}); {_RENEW}"]) from None


def _lock(value: Mapping[str, Any]) -> Lock:
    return Lock(
        MadeFor(**{key: _frozen(one) for key, one in table_at(value, "made-for").items()}),
        Narrowed(**{key: tuple(one) for key, one in table_at(value, "narrowed").items()}),
        {
            Backend.parse(key): Part(Version(one["torch"]), tuple(map(wheel_of, one["wheels"])))
            for key, one in table_at(value, "backends").items()
        },
    )


def _frozen(value: str | list[str]) -> Any:  # noqa: ANN401 (a field of MadeFor)
    return value if isinstance(value, str) else tuple(value)


_HEAD = "# Written by `hatch-torch lock`, which renews it too. Keep it under version control."


def spell(lock: Lock) -> str:
    """Return the text of a lock; the same lock always has the same text."""
    made_for, narrowed = lock.made_for, lock.narrowed
    tables = [
        _table("made-for", {name: getattr(made_for, name) for name in made_for._fields}),
        _table("narrowed", {name: getattr(narrowed, name) for name in narrowed._fields}),
        *(_part(backend, lock.parts[backend]) for backend in sorted(lock.parts, key=rank_of)),
    ]
    return "\n\n".join([f"{_HEAD}\nschema = {SCHEMA}", *filter(None, tables)]) + "\n"


def write_lock(root: Path, text: str) -> None:
    """Write the lock of the project in a folder, whole or not at all.

    Raises ConfigurationError where the folder forbids it.
    """
    try:
        replace(root / LOCK, text.encode())
    except OSError as error:
        raise ConfigurationError([f"{root / LOCK}: it cannot be written ({error})"]) from None


def _table(title: str, values: Mapping[str, tuple[str, ...] | str]) -> str:
    """Spell a table; what is empty is left out, and so is a table without values."""
    lines = [f"{name} = {_value(value)}" for name, value in values.items() if value]
    return "\n".join([f"[{title}]", *lines]) if lines else ""


def _value(value: tuple[str, ...] | str) -> str:
    if isinstance(value, str):
        return _text(value)
    return "\n".join(["[", *(f"  {_text(one)}," for one in value), "]"])


def _part(backend: Backend, part: Part) -> str:
    name = backend.name if "." not in backend.name else f'"{backend.name}"'
    lines = sorted(part.wheels, key=place_of)
    return "\n".join(
        [
            f"[backends.{name}]",
            f"torch = {_text(str(part.torch))}",
            "wheels = [",
            *(f"  {{ {', '.join(_fields(wheel))} }}," for wheel in lines),
            "]",
        ]
    )


def _fields(wheel: LockedWheel) -> Iterator[str]:
    """Yield the keys of a wheel's line."""
    yield f"name = {_text(wheel.name)}"
    yield f"version = {_text(wheel.version)}"
    yield f"path = {_text(wheel.path)}"
    if wheel.host:
        yield f"host = {_text(wheel.host)}"
    if wheel.sha256:
        yield f"sha256 = {_text(wheel.sha256)}"
    if wheel.requires:
        yield f"requires = [{', '.join(map(_text, wheel.requires))}]"


def _text(value: str) -> str:
    """Spell a string as TOML; one with double quotes (a marker) stands in single ones."""
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def current_lock(root: Path, config: Config) -> Lock | None:
    """Return the lock that decides in a checkout, or None where there is none.

    Raises ConfigurationError where it is stale, or cannot be read.
    """
    lock = read_lock(root)
    if lock and (reason := staleness(lock, config)):
        raise ConfigurationError([f"{reason}; renew it with `hatch-torch lock`"])
    return lock


def staleness(lock: Lock, config: Config) -> str | None:
    """Say what of a project has changed since its lock was made, or None where nothing has."""
    then, now = lock.made_for, MadeFor.of(config)
    for key in MadeFor._fields:
        was, is_now = _listed(getattr(then, key)), _listed(getattr(now, key))
        if was != is_now:
            gone = ", ".join(one for one in was if one not in is_now) or "nothing"
            new = ", ".join(one for one in is_now if one not in was) or "nothing"
            return f"{LOCK} is stale: it was made for {gone}, where the project now has {new}"
    return None


def _listed(value: tuple[str, ...] | str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
