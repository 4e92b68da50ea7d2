"""Validators of TOML values, and the keys of `[tool.torch-variant]` with their validators.

A validator takes a value and its TOML path, and yields each fault as
`PATH: expected X, got Y`, followed by a line `hint: …` where something close would be valid.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from hatch_torch._toml import format_key
from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.releases import known_backends
from hatch_torch.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    Validator = Callable[[object, str], Iterator[str]]


TABLE = "tool.torch-variant"
CHANNELS = ("stable", "test", "nightly")
_REQUEST_WORDS = ("auto", *FAMILIES)
# What users write for an accelerator family.
_FAMILY_ALIASES = {"nvidia": "cuda", "amd": "rocm", "intel": "xpu", "apple": "mps", "metal": "mps"}
_PACKAGE_NAME = r"(?ia)[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?"
_TOML_TYPES = {dict: "table", list: "array", bool: "boolean", int: "integer", float: "float"}


def check_string(value: object, path: str) -> Iterator[str]:
    """Yield a fault for anything but a string."""
    if not isinstance(value, str):
        yield describe_mismatch("a string", value, path)


def check_boolean(value: object, path: str) -> Iterator[str]:
    """Yield a fault for anything but a boolean."""
    if not isinstance(value, bool):
        yield describe_mismatch("true or false", value, path)


def check_table(value: object, path: str) -> Iterator[str]:
    """Yield a fault for anything but a table."""
    if not isinstance(value, dict):
        yield describe_mismatch("a table", value, path)


def check_requirement(value: object, path: str) -> Iterator[str]:
    """Yield a fault for anything but a requirement (PEP 508)."""
    if not isinstance(value, str):
        yield from check_string(value, path)
        return
    try:
        Requirement(value)
    except (InvalidRequirement, RecursionError) as error:
        reason = str(error).splitlines()[0]
        yield f"{path}: {value!r} is not a valid requirement: {reason}"


def check_name(value: object, path: str) -> Iterator[str]:
    """Yield a fault for anything but the name of a package (PEP 508)."""
    if not (isinstance(value, str) and re.fullmatch(_PACKAGE_NAME, value)):
        yield describe_mismatch("a package name", value, path)


def check_one_of(*allowed: str) -> Validator:
    """Return a validator that accepts only these strings."""

    def check(value: object, path: str) -> Iterator[str]:
        if value not in allowed:
            fault = describe_mismatch(" or ".join(allowed), value, path)
            yield fault + did_you_mean(value, allowed)

    return check


def check_array_of(check_item: Validator) -> Validator:
    """Return a validator of an array, each of whose items has to pass `check_item`."""

    def check(value: object, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield describe_mismatch("an array of strings", value, path)
            return
        for index, item in enumerate(value):
            yield from check_item(item, f"{path}[{index}]")

    return check


check_strings = check_array_of(check_string)
check_names = check_array_of(check_name)
check_requirements = check_array_of(check_requirement)


def check_requirement_table(value: object, path: str) -> Iterator[str]:
    """Yield the faults of a table of arrays of requirements."""
    yield from check_table(value, path)
    for key, item in get_table(value).items():
        yield from check_requirements(item, toml_path(path, key))


def check_backend_request(value: object, path: str) -> Iterator[str]:
    """Yield a fault for anything but `auto`, an accelerator family or a backend, in any case."""
    if not (isinstance(value, str) and (value.lower() in _REQUEST_WORDS or is_backend(value))):
        yield unknown_backend_message(value, path)


def check_extras(value: object, path: str) -> Iterator[str]:
    """Yield the faults of a table of backends, each a table with EXTRA_KEYS."""
    yield from check_table(value, path)
    for name, extra in get_table(value).items():
        extra_path = toml_path(path, name)
        if not is_backend(name):
            known = [backend.extra for backend in known_backends()]
            hint = did_you_mean(name, known)
            yield f"{extra_path}: expected a backend such as cu128 or rocm64, got {name!r}{hint}"
        yield from validate_table(extra, EXTRA_KEYS, extra_path)


EXTRA_KEYS: Mapping[str, Validator] = {
    "channel": check_one_of(*CHANNELS),
    "dependencies": check_requirements,
    "index-url": check_string,
}
"""The keys of `[tool.torch-variant.extras.<backend>]`."""

KEYS: Mapping[str, Validator] = {
    "backend": check_backend_request,
    "build-requires": check_names,
    "channel": check_one_of(*CHANNELS),
    "companions": check_table,
    "compatibility": check_boolean,
    "dependencies": check_requirements,
    "environment-variable": check_string,
    "existing": check_one_of("auto", "keep", "replace"),
    "extras": check_extras,
    "family": check_names,
    "hosts": check_strings,
    "index-url": check_string,
    "optional-dependencies": check_requirement_table,
    "require-hashes": check_boolean,
    "scope": check_one_of("tree", "project"),
    "when-no-accelerator": check_one_of("auto", "cpu", "portable", "error"),
    "when-unsupported": check_one_of("cpu", "error"),
}
"""The keys of `[tool.torch-variant]`."""


def validate_table(value: object, keys: Mapping[str, Validator], path: str) -> Iterator[str]:
    """Yield every fault of a table: unknown keys, and values that fail their key's validator."""
    yield from check_table(value, path)
    for key, item in get_table(value).items():
        key_path = toml_path(path, key)
        if key in keys:
            yield from keys[key](item, key_path)
        else:
            known = f"expected one of {', '.join(keys)}" if keys else "this table has no keys"
            yield f"{key_path}: unknown key; {known}{did_you_mean(key, keys)}"


def describe_mismatch(description: str, value: object, path: str) -> str:
    """Return the fault of a value that is not what the description says."""
    return f"{path}: expected {description}, got {repr_toml(value)}"


def unknown_backend_message(
    value: object, path: str, words: Collection[str] = _REQUEST_WORDS
) -> str:
    """Return the fault of a value that is neither one of these words nor a backend."""
    known = dict.fromkeys((*words, *(backend.name for backend in known_backends())))
    alias = _FAMILY_ALIASES.get(str(value).lower())
    hint = f"\nhint: did you mean {alias!r}?" if alias else did_you_mean(value, known)
    description = f"{', '.join(words)} or a backend such as cu128 or rocm6.4"
    return f"{describe_mismatch(description, value, path)}{hint}"


def is_backend(text: str) -> bool:
    """Return whether a text names a backend."""
    try:
        Backend.parse(text)
    except ValueError:
        return False
    return True


def get_table(value: object, *keys: str) -> Mapping[str, Any]:
    """Return the table under these keys; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def valid_requirements(value: object) -> tuple[Requirement, ...]:
    """Return the valid requirements of an array, and none where it is no array."""
    items = value if isinstance(value, list) else []
    return tuple(Requirement(item) for item in items if not [*check_requirement(item, "")])


def toml_path(path: str, key: str) -> str:
    """Return the TOML path of a key in the table at a path."""
    return f"{path}.{format_key(key)}"


def repr_toml(value: object) -> str:
    """Return a value for an error message, with its TOML type unless it is a string."""
    if isinstance(value, str):
        return repr(value)
    kind = _TOML_TYPES.get(type(value), type(value).__name__)
    text = str(value).lower() if isinstance(value, bool) else None
    try:
        return f"{text or repr(value)} ({kind})"
    except ValueError:  # Python refuses to write out an integer of thousands of digits
        return f"an {kind} too large to display"


@cache
def load_schema(name: str) -> dict[str, Any]:
    """Return a published JSON Schema by its name, such as `table`."""
    import json  # noqa: PLC0415 (no build reads a schema)

    text = (Path(__file__).parents[1] / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def tool_schema(_tool: str) -> dict[str, Any]:
    """Return the schema of `[tool.torch-variant]`: the entry point of validate-pyproject."""
    return load_schema("table")
