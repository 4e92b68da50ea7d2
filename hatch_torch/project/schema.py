"""What the project's tables may hold: every key with its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.backend import FAMILIES, Backend
from hatch_torch.project.kinds import (
    boolean,
    faults_of,
    names,
    one_of,
    requirement_table,
    requirements,
    shown,
    string,
    strings,
    suggestion,
    table,
    table_at,
    under,
)
from hatch_torch.releases import known_backends

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.project.kinds import Kind

TABLE = "tool.torch-variant"
CHANNELS = ("stable", "test", "nightly")
_WORDS = ("auto", *FAMILIES)


def backend_wish(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but `auto`, a family or a backend; case does not matter."""
    if not (isinstance(value, str) and (value.lower() in _WORDS or is_backend(value))):
        yield bad_backend(value, path)


def bad_backend(value: object, path: str, words: Collection[str] = _WORDS) -> str:
    """Say that a value is neither one of these words nor a backend, and what would be."""
    known = (one.name for one in known_backends())
    return _not_among(value, path, [*dict.fromkeys((*words, *known))])


def is_backend(text: str) -> bool:
    """Answer whether a text names a backend."""
    try:
        Backend.parse(text)
    except ValueError:
        return False
    return True


EXTRA_KEYS: Mapping[str, Kind] = {
    "channel": one_of(*CHANNELS),
    "dependencies": requirements,
    "index-url": string,
}
"""The keys of `[tool.torch-variant.extras.<backend>]`."""


def extras(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a table of backends, each with EXTRA_KEYS."""
    yield from table(value, path)
    for name, extra in table_at(value).items():
        place = under(path, name)
        if not is_backend(name):
            yield _not_among(name, place, [one.extra for one in known_backends()])
        yield from faults_of(extra, EXTRA_KEYS, place)


KEYS: Mapping[str, Kind] = {
    "backend": backend_wish,
    "build-requires": names,
    "channel": one_of(*CHANNELS),
    "compatibility": boolean,
    "dependencies": requirements,
    "environment-variable": string,
    "existing": one_of("auto", "keep", "replace"),
    "extras": extras,
    "family": names,
    "hosts": strings,
    "index-url": string,
    "optional-dependencies": requirement_table,
    "require-hashes": boolean,
    "when-no-accelerator": one_of("auto", "cpu", "portable", "error"),
    "when-unsupported": one_of("cpu", "error"),
}
"""The keys of `[tool.torch-variant]`."""


def _not_among(value: object, path: str, allowed: Collection[str]) -> str:
    hint = suggestion(value, allowed)
    return f"{path}: found {shown(value)}; allowed is {', '.join(allowed)}{hint}"
