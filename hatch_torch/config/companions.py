"""Validators of `[tool.torch-variant.companions]`: packages that have an index of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hatch_torch.config.validation import (
    check_name,
    check_string,
    check_strings,
    describe_mismatch,
    toml_path,
    validate_table,
)
from hatch_torch.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.config.validation import Validator

# Installers expand or end a requirement at some characters; a query may be a secret.
_UNSAFE = re.compile(r"[^A-Za-z0-9._~:/+!,;=&*%{}#-]")
PLACEHOLDERS = ("backend", "platform", "python", "torch")
"""What may stand in braces in the URL of a companion's index."""


def find_faults(companions: Mapping[str, object], path: str) -> Iterator[str]:
    """Yield the faults of a table of packages, each a table with COMPANION_KEYS."""
    for name, companion in companions.items():
        companion_path = toml_path(path, name)
        yield from check_name(name, companion_path)
        yield from validate_table(companion, COMPANION_KEYS, companion_path)
        if isinstance(companion, dict) and "url" not in companion:
            yield f"{companion_path}.url: expected a URL, got none"


def check_url(value: object, path: str) -> Iterator[str]:
    """Yield the faults of the URL of a companion's index, which may hold placeholders."""
    if not isinstance(value, str):
        yield from check_string(value, path)
        return
    if not value.startswith(("https://", "http://")):
        yield describe_mismatch("a URL that begins with https://", value, path)
    if match := _UNSAFE.search(value):
        yield (
            f"{path}: expected a URL without user, password, query and special characters, got "
            f"one with {match[0]!r}"
        )
    for name in re.findall(r"\{(.*?)\}", value):
        if name not in PLACEHOLDERS:
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            hint = did_you_mean(name, PLACEHOLDERS)
            yield f"{path}: expected one of {known}, got {{{name}}}{hint}"


COMPANION_KEYS: Mapping[str, Validator] = {"hosts": check_strings, "url": check_url}
"""The keys of `[tool.torch-variant.companions.<package>]`."""
