"""The published JSON Schemas, for editors and validators."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
TABLE = "tool-torch-variant"


@cache
def schema(name: str) -> dict[str, Any]:
    """Return a schema of this folder by its name, without `.schema.json`."""
    text = (_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def tool_schema(tool: str) -> dict[str, Any]:  # noqa: ARG001 (validate-pyproject hands the tool's name to each)
    """Return the schema of `[tool.torch-variant]`, as validate-pyproject asks for it."""
    return schema(TABLE)
