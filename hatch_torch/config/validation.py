"""The kinds of values in a table: each kind finds the faults of a value, as plain sentences.

What the project's tables may hold: every key with its kind.

The published JSON Schemas: of the table, for editors and validators, and of what is printed.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.releases import known_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    Kind = Callable[[object, str], Iterator[str]]
    """Takes a value and its TOML path."""


_NAME = r"(?ia)[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?"
_BARE_KEY = r"[A-Za-z0-9_-]+"
_TOML = {dict: "table", list: "array", bool: "boolean", int: "integer", float: "float"}


def string(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a string."""
    if not isinstance(value, str):
        yield f"{path}: found {shown(value)}; allowed is a string"


def boolean(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a boolean."""
    if not isinstance(value, bool):
        yield f"{path}: found {shown(value)}; allowed is true or false"


def table(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a table."""
    if not isinstance(value, dict):
        yield f"{path}: found {shown(value)}; allowed is a table"


def requirement(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a requirement (PEP 508)."""
    yield from string(value, path)
    try:
        Requirement(value if isinstance(value, str) else "torch")
    except (InvalidRequirement, RecursionError) as error:
        reason = str(error).splitlines()[0]
        yield f"{path}: found {shown(value)}, which is no requirement: {reason}"


def name(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but the name of a package (PEP 508)."""
    if not (isinstance(value, str) and re.fullmatch(_NAME, value)):
        yield f"{path}: found {shown(value)}; allowed is the name of a package"


def one_of(*allowed: str) -> Kind:
    """Make a kind that finds fault with anything but one of these strings."""

    def kind(value: object, path: str) -> Iterator[str]:
        if value not in allowed:
            hint = suggestion(value, allowed)
            yield f"{path}: found {shown(value)}; allowed is {', '.join(allowed)}{hint}"

    return kind


def array_of(item_kind: Kind) -> Kind:
    """Make a kind that finds fault with anything but an array of strings of this kind."""

    def kind(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: found {shown(value)}; allowed is an array of strings"
            return
        for place, item in enumerate(value):
            yield from item_kind(item, f"{path}[{place}]")

    return kind


strings = array_of(string)
names = array_of(name)
requirements = array_of(requirement)


def requirement_table(value: object, path: str) -> Iterator[str]:
    """Find fault with anything but a table of arrays of requirements."""
    yield from table(value, path)
    for key, item in table_at(value).items():
        yield from requirements(item, under(path, key))


def faults_of(value: object, keys: Mapping[str, Kind], path: str) -> Iterator[str]:
    """Find every fault of a table: keys that nobody knows, and values of a wrong kind."""
    yield from table(value, path)
    for key, item in table_at(value).items():
        place = under(path, key)
        if key in keys:
            yield from keys[key](item, place)
        else:
            allowed = f"allowed are {', '.join(keys)}" if keys else "this table has no keys"
            yield f"{place}: unknown key; {allowed}{suggestion(key, keys)}"


def table_at(value: object, *keys: str) -> Mapping[str, Any]:
    """Return the table under these keys, or an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def readable(value: object) -> tuple[Requirement, ...]:
    """Return the requirements of an array; what is none of them is left out."""
    items = value if isinstance(value, list) else []
    return tuple(Requirement(item) for item in items if not [*requirement(item, "")])


def under(path: str, key: str) -> str:
    """Return the TOML path of a key in a table; one that is not bare is quoted."""
    if re.fullmatch(_BARE_KEY, key):
        return f"{path}.{key}"
    import json  # noqa: PLC0415 (few keys are that odd)

    return f"{path}.{json.dumps(key, ensure_ascii=False)}"


def suggestion(value: object, allowed: Collection[str]) -> str:
    """Return `; did you mean …?` where something allowed is close, else nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 (only a mistake is told)

    close = get_close_matches(str(value).lower(), allowed, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def shown(value: object) -> str:
    """Return a value as a fault shows it, with its kind in TOML's words where it is no string."""
    kind = _TOML.get(type(value), type(value).__name__)
    try:
        return repr(value) if isinstance(value, str) else f"{value!r} ({kind})"
    except ValueError:  # a number of thousands of digits
        return f"a number beyond measure ({kind})"


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


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema of this folder by its name: `table`."""
    text = (Path(__file__).parents[1] / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def tool_schema(_tool: str) -> dict[str, Any]:
    """Return the schema of `[tool.torch-variant]`, as validate-pyproject asks for it."""
    return schema("table")
