"""What the tables may hold: every key with its kind, and the faults of a table that errs."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch.backend import FAMILIES, Backend
from hatch_torch.releases import known_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    Kind = Callable[[Any, str], Iterator[str]]

TABLE = "tool.torch-variant"
CHANNELS = ("stable", "test", "nightly")


def string(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a string."""
    if not isinstance(value, str):
        yield f"{path}: found {_shown(value)}; allowed is a string"


def boolean(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a boolean."""
    if not isinstance(value, bool):
        yield f"{path}: found {_shown(value)}; allowed is true or false"


def strings(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but an array of strings."""
    if not isinstance(value, list):
        yield f"{path}: found {_shown(value)}; allowed is an array of strings"
        return
    for place, item in enumerate(value):
        yield from string(item, f"{path}[{place}]")


def requirements(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but an array of requirements (PEP 508)."""
    if faults := [*strings(value, path)]:
        yield from faults
        return
    for place, item in enumerate(value if isinstance(value, list) else ()):
        try:
            Requirement(item)
        except InvalidRequirement as error:
            reason = str(error).splitlines()[0]
            yield f"{path}[{place}]: found {item!r}, which is no requirement: {reason}"


def requirement_table(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a table of arrays of requirements."""
    yield from table(value, path)
    for key, item in value.items() if isinstance(value, dict) else ():
        yield from requirements(item, f"{path}.{key}")


def table(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a table."""
    if not isinstance(value, dict):
        yield f"{path}: found {_shown(value)}; allowed is a table"


def one_of(*allowed: str) -> Kind:
    """Make a kind that finds fault with anything but one of these strings."""

    def kind(value: object, path: str) -> Iterator[str]:
        if value not in allowed:
            hint = suggestion(value, allowed)
            yield f"{path}: found {_shown(value)}; allowed is {', '.join(allowed)}{hint}"

    return kind


def backend_wish(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but `auto`, a family or a backend; case does not matter."""
    words = ("auto", *FAMILIES)
    if not (isinstance(value, str) and (value.lower() in words or is_backend(value))):
        yield bad_backend(value, path)


def bad_backend(value: object, path: str, words: Collection[str] = ("auto", *FAMILIES)) -> str:
    """Say that a value is neither one of these words nor a backend, and what would be."""
    allowed = (*words, *(one.name for one in known_backends()))
    hint = suggestion(value, allowed)
    return f"{path}: found {_shown(value)}; allowed is {', '.join(allowed)}{hint}"


def is_backend(text: str) -> bool:
    """Answer whether a text names a backend."""
    try:
        Backend.parse(text)
    except ValueError:
        return False
    return True


def suggestion(value: object, allowed: Collection[str]) -> str:
    """Return `; did you mean …?` where something allowed is close, else nothing."""
    close = get_close_matches(str(value).lower(), allowed, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


EXTRA_KEYS: Mapping[str, Kind] = {
    "channel": one_of(*CHANNELS),
    "dependencies": requirements,
    "index-url": string,
}
"""The keys of `[tool.torch-variant.extras.<backend>]`."""


def extras(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a table of backends, each with EXTRA_KEYS."""
    yield from table(value, path)
    for name, extra in value.items() if isinstance(value, dict) else ():
        if not is_backend(name):
            yield bad_backend(name, f"{path}.{name}", ())
        yield from faults_of(extra, EXTRA_KEYS, f"{path}.{name}")


KEYS: Mapping[str, Kind] = {
    "backend": backend_wish,
    "channel": one_of(*CHANNELS),
    "compatibility": boolean,
    "dependencies": requirements,
    "environment-variable": string,
    "existing": one_of("auto", "keep", "replace"),
    "extras": extras,
    "family": strings,
    "hosts": strings,
    "index-url": string,
    "optional-dependencies": requirement_table,
    "require-hashes": boolean,
    "when-no-accelerator": one_of("auto", "cpu", "portable", "error"),
    "when-unsupported": one_of("cpu", "error"),
}
"""The keys of `[tool.torch-variant]`."""


def faults_of(value: object, keys: Mapping[str, Kind], path: str) -> Iterator[str]:
    """Find every fault of a table: keys that nobody knows, and values of a wrong kind."""
    yield from table(value, path)
    for key, item in value.items() if isinstance(value, dict) else ():
        if key in keys:
            yield from keys[key](item, f"{path}.{key}")
        else:
            hint = suggestion(key, keys)
            yield f"{path}.{key}: unknown key; allowed are {', '.join(keys)}{hint}"


def _shown(value: object) -> str:
    return f"{value!r} ({type(value).__name__})" if not isinstance(value, str) else repr(value)
