"""Properties of every plan of `init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from hypothesis import given, settings, strategies as st

from hatch_torch._toml import loads
from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.config import load_config
from hatch_torch.init.hatch_tables import ProjectFiles
from hatch_torch.init.plan import InitOptions, InitPlan, plan_init
from hatch_torch.init.toml_edit import parse_statements

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Plan

PROJECTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "projects").glob("*.toml"))
}
OPTIONS = [
    InitOptions(),
    InitOptions(smallest=True),
    InitOptions(backends=known_backends()[::7]),
    InitOptions(backends=known_backends()[::3]),
]

_EVERY_PROJECT = pytest.mark.parametrize("text", PROJECTS.values(), ids=PROJECTS)
_EVERY_OPTION = pytest.mark.parametrize("options", OPTIONS, ids=["full", "smallest", "some", "all"])


@_EVERY_PROJECT
@_EVERY_OPTION
def test_is_idempotent(text: str, options: InitOptions) -> None:
    """A second run changes nothing."""
    once = plan_init(ProjectFiles(text, None, ""), options).files
    assert plan_init(once, options).files == once


@_EVERY_PROJECT
def test_full_form_is_complete(text: str) -> None:
    """A run without options leaves what `--backends` wrote as it is."""
    once = plan_init(ProjectFiles(text, None, ""), OPTIONS[3]).files
    assert plan_init(once, InitOptions()).files == once


@_EVERY_PROJECT
@_EVERY_OPTION
def test_is_accepted_by_hatch(text: str, options: InitOptions, tmp_path: Path) -> None:
    """hatch-torch and hatchling accept the result, and hatchling declares the extras."""
    result = plan_init(ProjectFiles(text), options).files
    config = load_config(loads(result.pyproject), result.hatch_tables)
    version = ('dynamic = ["version"', 'version = "1"\ndynamic = ["authors"')
    text = result.pyproject.replace(*version)
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    metadata = ProjectMetadata(str(tmp_path), PluginManager())
    declared = set(metadata.core.optional_dependencies)
    assert {extra.name for extra in config.extras} <= declared
    assert declared >= {*config.optional_dependencies}


@_EVERY_PROJECT
@_EVERY_OPTION
def test_keeps_comments(text: str, options: InitOptions) -> None:
    """Every comment stays, except one above a table that is removed."""
    result = plan_init(ProjectFiles(text), options).files.pyproject
    comments = [
        statement.text.strip() for statement in parse_statements(text) if statement.is_comment
    ]
    assert [
        comment for comment in comments if comment not in result and comment != "# CUDA 12.4"
    ] == []
    behind = ("# builds it", "# from git", "# tests", "# ordinary extras", "# the site", "# old")
    assert all(comment in result for comment in behind if comment in text)


@_EVERY_PROJECT
def test_keeps_other_tables(text: str) -> None:
    """Tables that have nothing to do with torch keep their values."""
    before, after = loads(text), loads(plan_init(ProjectFiles(text), OPTIONS[2]).files.pyproject)
    assert before["project"].get("dependencies") == after["project"].get("dependencies")
    assert before["project"].get("scripts") == after["project"].get("scripts")
    assert before.get("tool", {}).get("ruff") == after["tool"].get("ruff")
    for index in before.get("tool", {}).get("uv", {}).get("index", []):
        assert index["name"] in {other["name"] for other in after["tool"]["uv"]["index"]}


@_EVERY_PROJECT
def test_keeps_windows_line_ends(text: str) -> None:
    """A file with CRLF line ends keeps them."""
    result = plan_init(ProjectFiles(text.replace("\n", "\r\n")), InitOptions()).files.pyproject
    assert result == plan_init(ProjectFiles(text), InitOptions()).files.pyproject.replace(
        "\n", "\r\n"
    )


def test_no_final_newline() -> None:
    """A missing final newline is added only if something follows."""
    once = plan_init(ProjectFiles(PROJECTS["plain"].rstrip()), InitOptions()).files
    stripped = ProjectFiles(once.pyproject.rstrip("\n"))
    assert plan_init(stripped, InitOptions()).files == stripped


@settings(max_examples=10)
@given(
    blocks=st.permutations(PROJECTS["app"].split("\n\n")[1:]),
    backends=st.sets(st.sampled_from(known_backends()), max_size=4),
)
def test_any_order(blocks: list[str], backends: set[object]) -> None:
    """The order of the tables does not change the values of the result."""
    text = "\n\n".join((PROJECTS["app"].split("\n\n")[0], *blocks)) + "\n"
    options = InitOptions(backends=tuple(sorted(backends, key=str)))  # type: ignore[arg-type] # sorted loses the type
    result = plan_init(ProjectFiles(text), options)
    assert loads(result.files.pyproject) == loads(_plan_in_order(options).files.pyproject)
    assert plan_init(result.files, options).files == result.files


def _plan_in_order(options: InitOptions) -> InitPlan:
    return plan_init(ProjectFiles(PROJECTS["app"]), options)


def test_ignores_the_stamp(plan: Plan, read_project: Callable[[str], str]) -> None:
    """`.gitignore` gets one line, once; without git there is nothing to write."""
    text = read_project("plain")
    ignored = [
        plan(text, gitignore=gitignore).files.gitignore for gitignore in ("", "*.pyc", "*.pyc\n")
    ]
    assert ignored == [
        ".torch-variant.stamp\n",
        "*.pyc\n.torch-variant.stamp\n",
        "*.pyc\n.torch-variant.stamp\n",
    ]
    for gitignore in ("/.torch-variant.stamp\n", "a\n.torch-variant.stamp"):
        assert plan(text, gitignore=gitignore).files.gitignore == gitignore
    assert plan(text).files.gitignore is None
