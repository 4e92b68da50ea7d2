"""A lock to its file: sorted, one wheel a line, friendly to review and to merge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hatch_torch.atomic import replace
from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.contents import place_of, rank_of
from hatch_torch.lock.schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hatch_torch.backend import Backend
    from hatch_torch.lock.contents import Lock, LockedWheel, Part

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
