"""The project's tables to a Config."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import Config, load_config
from hatch_torch.config.validation import KEYS
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from tests.config.conftest import Read

_WORDS = [
    "torch>=2",
    "torch<2",
    "cu124",
    "rocm65",
    "cpu",
    "auto",
    "stable",
    "=",
    "",
    "dependencies",
]
_KEYS = [
    "project",
    "tool",
    "hatch",
    "uv",
    "torch-variant",
    "metadata",
    "build",
    "hooks",
    "targets",
    "wheel",
    "name",
    "dynamic",
    "sources",
    "cache-keys",
    "torch",
    "allow-direct-references",
    "cu124",
    "rocm65",
    "rocm64",
    "rocm7.0",
    *KEYS,
]
_LEAVES = st.one_of(
    st.sampled_from(_WORDS),
    st.text(max_size=5),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.just(date(2026, 11, 21)),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=12,
)
_TABLES = st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=4)
_HOOKS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "metadata": _VALUES
        | st.fixed_dictionaries({"hooks": st.just({"torch-variant": {}}) | _VALUES}),
        "build": _VALUES
        | st.fixed_dictionaries({"hooks": st.fixed_dictionaries({"torch-variant": _VALUES})}),
    },
)
_PROJECTS = st.fixed_dictionaries(
    {},
    optional={
        "project": _VALUES | _TABLES,
        "tool": _VALUES | st.fixed_dictionaries({"torch-variant": _TABLES, "uv": _VALUES}),
    },
)


def _load(pyproject: dict[str, Any], hatch: dict[str, Any]) -> Config | None:
    try:
        return load_config(pyproject, hatch)
    except ConfigurationError as error:
        return None if error.faults else pytest.fail("no fault is told")


@settings(max_examples=150, deadline=None)
@given(pyproject=_PROJECTS, hatch=_HOOKS | _TABLES)
def test_any_shape(pyproject: dict[str, Any], hatch: dict[str, Any]) -> None:
    """Whatever the tables hold, there is a Config or there are faults, never a traceback."""
    found = _load(pyproject, hatch)
    if found is not None:
        assert found == load_config(pyproject, hatch)


@settings(max_examples=100, deadline=None)
@given(table=_TABLES)
def test_any_table(table: dict[str, Any]) -> None:
    """What is accepted of the table's keys arrives as it is."""
    hatch: dict[str, Any] = {
        "build": {"hooks": {"torch-variant": {}}},
        "metadata": {"hooks": {"torch-variant": {}}},
    }
    dynamic = [*{"dependencies", "optional-dependencies"} & {*table, "optional-dependencies"}]
    found = _load({"project": {"dynamic": dynamic}, "tool": {"torch-variant": table}}, hatch)
    if found is not None:
        assert table.get("channel", "stable") == found.channel
        assert {*table.get("extras", {})} == {extra.name for extra in found.extras}


def test_extra_of(read: Read) -> None:
    """A backend's extra is found by the backend that it means."""
    config = read(form="full")
    found = [config.find_extra(Backend("rocm", release)) for release in [(6, 5), (6, 4)]]
    assert [one and one.name for one in found] == ["rocm65", None]


def test_notice(read: Read) -> None:
    """An extra for which another backend stands says so."""
    extra = read(
        "[tool.torch-variant.extras.rocm61]\n[tool.torch-variant.extras.rocm65]\n"
        "[project.optional-dependencies]\nrocm61 = []\nrocm65 = []",
        form="smallest",
    ).extras[1]
    assert extra.notices == ("PyTorch never published rocm6.5; using rocm6.4 instead",)


def test_extra_of_the_project_and_of_a_backend(read: Read) -> None:
    """What the project's own extra of that name requires is the backend's, and nothing is lost."""
    config = read(
        """
        [project.optional-dependencies]
        CU-118 = ["torch<2.6"]
        dev = ["pytest"]
        [tool.torch-variant.extras.cu-118]
        dependencies = ["torch!=2.5.0"]
        """,
        form="smallest",
    )
    assert {"dev": (Requirement("pytest"),)} == config.optional_dependencies
    expected = (Requirement("torch<2.6"), Requirement("torch!=2.5.0"))
    assert [expected] == [extra.dependencies for extra in config.extras]
