"""The published JSON Schemas: of the table, for editors and validators, and of what is printed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema of this folder by its name: `table`."""
    text = (Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def tool_schema(_tool: str) -> dict[str, Any]:
    """Return the schema of `[tool.torch-variant]`, as validate-pyproject asks for it."""
    return schema("table")
