"""The JSON Schema of `[tool.torch-variant]`, by which editors and validate-pyproject help."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from validate_pyproject.api import Validator
from validate_pyproject.errors import ValidationError
from validate_pyproject.plugins import PluginWrapper

from hatch_torch._toml import loads
from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.companions import find_faults as find_companion_faults
from hatch_torch.config.config import PYTORCH_INDEX, Config
from hatch_torch.config.validation import (
    EXTRA_KEYS,
    KEYS,
    TABLE,
    load_schema,
    tool_schema,
    validate_table,
)

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / "tests").glob("end_to_end/projects/*.toml"))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
EXAMPLES = [
    part.split("```")[0]
    for page in PAGES
    for part in page.read_text(encoding="utf-8").split("```toml\n")[1:]
]
TABLE_SCHEMA = load_schema("table")
EXTRA_SCHEMA = next(iter(TABLE_SCHEMA["properties"]["extras"]["patternProperties"].values()))
_SCHEMA: Any = tool_schema  # validate-pyproject has a type of its own for schemas
_PLUGIN = PluginWrapper("torch-variant", _SCHEMA)
VALIDATE = Validator(plugins=[_PLUGIN])

GOOD: list[dict[str, Any]] = [
    {"backend": "CUDA"},
    {"backend": "rocm6.2.4", "extras": {"rocm624": {}, "CU124": {}, "cpu": {}}},
    {"extras": {"rocm70": {"channel": "nightly", "dependencies": ["torch>=2.10.0.dev0"]}}},
    {"extras": {"rocm65": {"index-url": "https://wheels.example.org/rocm6.5"}}},
    {"family": ["torchvision"], "hosts": ["wheels.example.org"], "require-hashes": True},
    {"optional-dependencies": {"dev": ["pytest>=8; python_version > '3.9'"]}},
    {"when-no-accelerator": "portable", "when-unsupported": "error", "existing": "keep"},
    {"companions": {"pyg-lib": {"url": "https://x/{torch}+{backend}.html", "hosts": ["y"]}}},
    {"environment-variable": "My_App__PreferredGpuBackend", "compatibility": False},
]
BAD: list[dict[str, Any]] = [
    {"backends": "cpu"},
    {"backend": "cuda12"},
    {"backend": 12},
    {"channel": "beta"},
    {"companions": {"pyg-lib": "https://x/"}},
    {"companions": {"pyg-lib": {"hosts": ["x"]}}},
    {"companions": {"pyg-lib": {"url": "wheels/"}}},
    {"companions": {"pyg-lib": {"url": "https://me:pw@x/"}}},
    {"compatibility": "yes"},
    {"dependencies": "torch"},
    {"dependencies": ["torch >> 2"]},
    {"existing": "remove"},
    {"extras": {"dev": {}}},
    {"extras": {"cpu": {"channels": "test"}}},
    {"extras": {"cpu": {"dependencies": [1]}}},
    {"family": ["torch vision"]},
    {"hosts": [1]},
    {"index-url": []},
    {"optional-dependencies": ["pytest"]},
    {"require-hashes": 1},
    {"when-no-accelerator": "none"},
    {"when-unsupported": "portable"},
]


def project(table: dict[str, Any]) -> dict[str, Any]:
    """Return a project with the table."""
    return {"project": {"name": "my-app", "version": "1"}, "tool": {"torch-variant": table}}


def find_faults(table: dict[str, Any]) -> list[str]:
    """Return what the program says against the table."""
    own = table.get("companions")
    further = find_companion_faults(own, TABLE) if isinstance(own, dict) else ()
    return [*validate_table(table, KEYS, TABLE), *further]


def accepts(table: dict[str, Any]) -> bool:
    """Answer whether validate-pyproject takes a project with the table."""
    try:
        VALIDATE(project(table))
    except ValidationError:
        return False
    return True


def test_is_offered_to_validate_pyproject() -> None:
    """The entry point leads validate-pyproject to the schema."""
    found = entry_points(group="validate_pyproject.tool_schema", name="torch-variant")
    assert [one.load() for one in found] == [tool_schema]


@pytest.mark.parametrize(
    ("described", "keys"),
    [(TABLE_SCHEMA, KEYS), (EXTRA_SCHEMA, EXTRA_KEYS)],
    ids=["table", "extra"],
)
def test_names_the_same_keys(described: dict[str, Any], keys: dict[str, Any]) -> None:
    """What the hooks read is what the schema describes, each with a sentence and a default."""
    properties = described["properties"]
    assert list(properties) == list(keys)
    for one in properties.values():
        assert one["description"].endswith(".")
        assert "default" in one


@pytest.mark.parametrize("key", ["backend", "channel", "compatibility", "existing", "index-url"])
def test_tells_the_defaults_of_the_program(key: str) -> None:
    """A default in the schema is what a project gets that does not say."""
    default = TABLE_SCHEMA["properties"][key]["default"]
    value = getattr(Config(), key.replace("-", "_"))
    assert (PYTORCH_INDEX if value is None else value) == default


@pytest.mark.parametrize("table", GOOD, ids=repr)
def test_good(table: dict[str, Any]) -> None:
    """What the hooks take is valid."""
    assert find_faults(table) == []
    assert accepts(table)


@pytest.mark.parametrize("table", BAD, ids=repr)
def test_bad(table: dict[str, Any]) -> None:
    """What the hooks refuse is not."""
    assert find_faults(table) != []
    assert not accepts(table)


@pytest.mark.parametrize("backend", known_backends(), ids=str)
def test_knows_every_backend(backend: object) -> None:
    """Each known backend may stand as a wish and as an extra."""
    assert accepts({"backend": str(backend), "extras": {str(backend): {}}})


@settings(max_examples=100, deadline=None)
@given(st.from_regex(r"(cu|cuda|rocm|CPU|xpu|mps|auto)-?[0-9.]{0,5}", fullmatch=True))
def test_agrees_on_any_backend(word: str) -> None:
    """The pattern of the schema and the program's own reading take the same words."""
    table = {"backend": word}
    assert accepts(table) == (find_faults(table) == [])


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_of_the_documentation(text: str) -> None:
    """What the README and the documentation show is valid."""
    assert VALIDATE(loads(text))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_forms_of_the_tests(path: Path) -> None:
    """So is every project that the tests install."""
    assert VALIDATE(loads(path.read_text(encoding="utf-8")))
