"""The file `torch-variant.lock`: its schema, reading, writing, and whether it is up to date.

Everything that ends up in an install is validated, since anybody may have edited the file. It is
written sorted, one wheel per line, so that a change is easy to review and to merge.
"""

from __future__ import annotations

import re
from errno import EFBIG
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch._files import read_bounded, write_atomically
from hatch_torch._toml import format_path, format_value, loads
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.validation import (
    check_name,
    check_requirements,
    check_string,
    check_strings,
    check_table,
    describe_mismatch,
    get_table,
    is_backend,
    toml_path,
    validate_table,
)
from hatch_torch.errors import ConfigurationError
from hatch_torch.index.simple_api import Wheel
from hatch_torch.lock import LOCK
from hatch_torch.lock.model import (
    Lock,
    LockedBackend,
    LockInputs,
    LockScope,
    backend_sort_key,
    wheel_sort_key,
)
from hatch_torch.lock.source import LockedWheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from hatch_torch.config.config import Config
    from hatch_torch.config.validation import Validator


SCHEMA = 1
# Safe in a URL that ends up in METADATA: no blank, quote, query or fragment.
_PATH = re.compile(r"[A-Za-z0-9._~:/%+@!,=&$\[\]-]+\.whl")
_FILENAME = r"[A-Za-z0-9._+!-]+"
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEADER = "# Written by `hatch-torch lock`, which renews it too. Keep it under version control."
_RENEW = "delete the file and run `hatch-torch lock`, or restore it from version control"
_CONFLICT_MARKER = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: |$)"
_MAX_FAULTS = 5
_MAX_SCHEMA = 1000  # a larger number is a file of something else
_MAX_BYTES = 4 * 1024 * 1024  # ten times a lock of every backend, Python and platform


def _accept(_value: object, _path: str) -> Iterator[str]:
    """Yield no fault."""
    yield from ()


def _check_version(value: object, path: str) -> Iterator[str]:
    try:
        Version(value if isinstance(value, str) else "")
    except ValueError:
        yield describe_mismatch("a version", value, path)


def _check_pattern(pattern: re.Pattern[str], description: str) -> Validator:
    def check(value: object, path: str) -> Iterator[str]:
        if not (isinstance(value, str) and pattern.fullmatch(value)):
            yield describe_mismatch(description, value, path)

    return check


def _check_inputs(value: object, path: str) -> Iterator[str]:
    keys = dict.fromkeys(LockInputs._fields, check_strings)
    yield from validate_table(value, {**keys, "channel": check_string}, path)


def _check_scope(value: object, path: str) -> Iterator[str]:
    yield from validate_table(value, dict.fromkeys(LockScope._fields, check_strings), path)


def _check_backends(value: object, path: str) -> Iterator[str]:
    yield from check_table(value, path)
    for name, locked in get_table(value).items():
        locked_path = toml_path(path, name)
        if not is_backend(name):
            yield f"{locked_path}: {name!r} is not a backend"
        keys: Mapping[str, Validator] = {"torch": _check_version, "wheels": _check_wheels}
        yield from validate_table(locked, keys, locked_path)
        yield from _check_required(locked, tuple(keys), locked_path)


def _check_wheels(value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield describe_mismatch("an array of tables", value, path)
        return
    for index, wheel in enumerate(value):
        yield from _check_wheel(wheel, f"{path}[{index}]")


def _check_wheel(value: object, path: str) -> Iterator[str]:
    faults = [
        *validate_table(value, _WHEEL_KEYS, path),
        *_check_required(value, ("name", "version", "path"), path),
    ]
    yield from faults
    if faults:
        return
    wheel = _parse_wheel(get_table(value))
    if _parse_filename(wheel.filename) != (wheel.name, wheel.version):
        yield f"{path}.path: {wheel.filename!r} is not a wheel of {wheel.name} {wheel.version}"


def _check_required(value: object, keys: tuple[str, ...], path: str) -> Iterator[str]:
    for key in keys:
        if key not in get_table(value):
            yield f"{path}.{key}: missing"


_WHEEL_KEYS: Mapping[str, Validator] = {
    "name": check_name,
    "version": _check_version,
    "path": _check_pattern(_PATH, "the percent-encoded path of a wheel"),
    "host": _check_pattern(_HOST, "a host name"),
    "sha256": _check_pattern(_SHA256, "64 hexadecimal digits"),
    "requires": check_requirements,
}
KEYS: Mapping[str, Validator] = {
    "schema": _accept,  # `parse_lock` has checked it before all others
    "made-for": _check_inputs,
    "members": check_requirements,
    "narrowed": _check_scope,
    "backends": _check_backends,
}
"""The keys of a lock, with their validators."""


def read_lock(root: Path) -> Lock | None:
    """Return the lock of the project in a folder, or None where it has none.

    Raises ConfigurationError for a file that cannot be read or is not a valid lock.
    """
    path = root / LOCK
    try:
        content = read_bounded(path, _MAX_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == EFBIG:
            reason = f"larger than any lock (expected at most {_MAX_BYTES} bytes)"
            raise ConfigurationError([f"{path}: {reason}"], hint=_RENEW) from None
        raise ConfigurationError([f"{path}: {error.strerror or error}"]) from None
    return parse_lock(content, str(path))


def parse_lock(content: bytes, path: str = LOCK) -> Lock:
    """Return the lock that a file contains; raises ConfigurationError for an invalid one."""
    value = _parse_toml(content, path)
    schema = value.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or not 0 <= schema < _MAX_SCHEMA:
        hint = "move the file away, then run `hatch-torch lock`"
        raise ConfigurationError([f"{path}: not a lock of hatch-torch"], hint=hint)
    if schema != SCHEMA:
        hint = "update hatch-torch, or delete the file and run `hatch-torch lock`"
        raise ConfigurationError([f"{path}: expected schema {SCHEMA}, got {schema}"], hint=hint)
    if faults := [*validate_table(value, KEYS, LOCK)]:
        hidden = len(faults) - _MAX_FAULTS
        more = [f"{path}: {hidden} more faults"] if hidden > 0 else []
        raise ConfigurationError([*faults[:_MAX_FAULTS], *more], hint=_RENEW)
    return _parse_tables(value)


def _parse_toml(content: bytes, path: str) -> dict[str, Any]:
    try:
        text = content.decode()
        if marker := re.search(_CONFLICT_MARKER, text):
            line = text.count("\n", 0, marker.start()) + 1
            hint = "take either side of the file, then run `hatch-torch lock`"
            raise ConfigurationError([f"{path}: merge conflict in line {line}"], hint=hint)
        return loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError([f"{path}: not valid TOML: {reason}"], hint=_RENEW) from None


def _parse_tables(value: Mapping[str, Any]) -> Lock:
    inputs: dict[str, Any] = {
        key: item if isinstance(item, str) else tuple(item)
        for key, item in get_table(value, "made-for").items()
    }
    return Lock(
        LockInputs(**inputs),
        LockScope(**{key: tuple(names) for key, names in get_table(value, "narrowed").items()}),
        {
            Backend.parse(name): LockedBackend(
                Version(locked["torch"]), tuple(map(_parse_wheel, locked["wheels"]))
            )
            for name, locked in get_table(value, "backends").items()
        },
        tuple(value.get("members", ())),
    )


def _parse_wheel(value: Mapping[str, Any]) -> LockedWheel:
    return LockedWheel(**{**value, "requires": tuple(value.get("requires", ()))})


def _parse_filename(filename: str) -> tuple[str, str] | None:
    """Return the name and version in a wheel's file name, or None for an invalid one."""
    if not re.fullmatch(_FILENAME, filename):
        return None
    try:
        wheel = Wheel.from_filename(filename, "")
    except ValueError:
        return None
    return wheel.name, str(wheel.version)


def dumps(lock: Lock) -> str:
    """Return the text of a lock; equal locks have the same text."""
    tables = [
        _format_table("made-for", lock.inputs._asdict()),
        _format_table("narrowed", lock.scope._asdict()),
        *(
            _format_backend(backend, lock.backends[backend])
            for backend in sorted(lock.backends, key=backend_sort_key)
        ),
    ]
    members = f"\nmembers = {_format_lines(lock.members)}" if lock.members else ""
    head = f"{_HEADER}\nschema = {SCHEMA}{members}"
    return "\n\n".join([head, *filter(None, tables)]) + "\n"


def _format_table(name: str, values: Mapping[str, tuple[str, ...] | str]) -> str:
    """Return a table without its empty values; empty where all are."""
    lines = [
        f"{key} = {format_value(value) if isinstance(value, str) else _format_lines(value)}"
        for key, value in values.items()
        if value
    ]
    return "\n".join([f"[{name}]", *lines]) if lines else ""


def _format_backend(backend: Backend, locked: LockedBackend) -> str:
    wheels = [
        # The order of keys is that of the schema; what a wheel does not have is left out.
        {
            "name": wheel.name,
            "version": wheel.version,
            "path": wheel.path,
            **({"host": wheel.host} if wheel.host else {}),
            **({"sha256": wheel.sha256} if wheel.sha256 else {}),
            **({"requires": wheel.requires} if wheel.requires else {}),
        }
        for wheel in sorted(locked.wheels, key=wheel_sort_key)
    ]
    header = f"[{format_path(('backends', backend.name))}]"
    torch = f"torch = {format_value(str(locked.torch))}"
    return f"{header}\n{torch}\nwheels = {_format_lines(wheels)}"


def _format_lines(items: Iterable[object]) -> str:
    """Return an array with one item per line, also where it is only one, for small diffs."""
    return "[\n" + "".join(f"  {format_value(item)},\n" for item in items) + "]"


def write_lock(root: Path, text: str) -> None:
    """Write the lock of the project in a folder, completely or not at all.

    Raises ConfigurationError where it cannot be written.
    """
    try:
        write_atomically(root / LOCK, text.encode())
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}"
        raise ConfigurationError([f"{root / LOCK}: {reason}"]) from None


def read_current_lock(root: Path, config: Config) -> Lock | None:
    """Return the lock that decides in a checkout, or None where there is none.

    Raises ConfigurationError where it is out of date or invalid.
    """
    lock = read_lock(root)
    if lock and (reason := staleness(lock, config)):
        raise ConfigurationError([reason], hint="run `hatch-torch lock`")
    return lock


def staleness(lock: Lock, config: Config) -> str | None:
    """Return how the project differs from what its lock was made for, or None where it does not."""
    current = LockInputs.from_config(config)
    for before, after in zip(lock.inputs, current, strict=True):
        old, new = ((value,) if isinstance(value, str) else value for value in (before, after))
        if old != new:
            removed = ", ".join(item for item in old if item not in new) or "nothing"
            added = ", ".join(item for item in new if item not in old) or "nothing"
            return f"{LOCK} is out of date: made for {removed}, but the project now has {added}"
    return None
