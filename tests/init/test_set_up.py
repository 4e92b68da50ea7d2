"""What holds for every project that `init` sets up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from hypothesis import given, settings, strategies as st

from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.config import load
from hatch_torch.init.hatch_tables import Files
from hatch_torch.init.plan import SetUp, Wanted, set_up
from hatch_torch.init.toml_edit import read, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Written

PROJECTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "projects").glob("*.toml"))
}
WANTED = [
    Wanted(),
    Wanted(smallest=True),
    Wanted(backends=known_backends()[::7]),
    Wanted(backends=known_backends()[::3]),
]

_EVERY = pytest.mark.parametrize("text", PROJECTS.values(), ids=PROJECTS)
_ANYHOW = pytest.mark.parametrize("wanted", WANTED, ids=["full", "smallest", "some", "all"])


@_EVERY
@_ANYHOW
def test_twice_is_once(text: str, wanted: Wanted) -> None:
    """A second run changes nothing."""
    once = set_up(Files(text, None, ""), wanted).files
    assert set_up(once, wanted).files == once


@_EVERY
def test_full_form_is_found_complete(text: str) -> None:
    """What `--backends` wrote, a run without options leaves as it is."""
    once = set_up(Files(text, None, ""), WANTED[3]).files
    assert set_up(once, Wanted()).files == once


@_EVERY
@_ANYHOW
def test_is_accepted_by_hatch(text: str, wanted: Wanted, tmp_path: Path) -> None:
    """Our own reading and hatchling's take the result, and hatchling declares the extras."""
    made = set_up(Files(text), wanted).files
    config = load(values(made.pyproject), made.hatch_tables)
    version = ('dynamic = ["version"', 'version = "1"\ndynamic = ["authors"')
    text = made.pyproject.replace(*version)
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    metadata = ProjectMetadata(str(tmp_path), PluginManager())
    declared = set(metadata.core.optional_dependencies)
    assert {extra.name for extra in config.extras} <= declared
    assert declared >= {*config.optional_dependencies}


@_EVERY
@_ANYHOW
def test_every_comment_stays(text: str, wanted: Wanted) -> None:
    """No comment of the author's is lost, but the one above a table that is."""
    made = set_up(Files(text), wanted).files.pyproject
    comments = [one.text.strip() for one in read(text) if one.comment]
    assert [one for one in comments if one not in made and one != "# CUDA 12.4"] == []
    behind = ("# builds it", "# from git", "# tests", "# ordinary extras", "# the site", "# old")
    assert all(one in made for one in behind if one in text)


@_EVERY
def test_what_is_not_ours_stays(text: str) -> None:
    """The tables that have nothing to do with torch say the same."""
    before, after = values(text), values(set_up(Files(text), WANTED[2]).files.pyproject)
    assert before["project"].get("dependencies") == after["project"].get("dependencies")
    assert before["project"].get("scripts") == after["project"].get("scripts")
    assert before.get("tool", {}).get("ruff") == after["tool"].get("ruff")
    for one in before.get("tool", {}).get("uv", {}).get("index", []):
        assert one["name"] in {other["name"] for other in after["tool"]["uv"]["index"]}


@_EVERY
def test_windows_line_ends(text: str) -> None:
    """A file with the ends of lines of Windows keeps them."""
    made = set_up(Files(text.replace("\n", "\r\n")), Wanted()).files.pyproject
    assert made == set_up(Files(text), Wanted()).files.pyproject.replace("\n", "\r\n")


def test_no_end_of_line() -> None:
    """A last line without an end gets one where something follows, and else is left alone."""
    once = set_up(Files(PROJECTS["plain"].rstrip()), Wanted()).files
    stripped = Files(once.pyproject.rstrip("\n"))
    assert set_up(stripped, Wanted()).files == stripped


@settings(max_examples=10)
@given(
    blocks=st.permutations(PROJECTS["app"].split("\n\n")[1:]),
    backends=st.sets(st.sampled_from(known_backends()), max_size=4),
)
def test_any_order(blocks: list[str], backends: set[object]) -> None:
    """Tables may stand in any order: the result says the same, and stays as it is."""
    text = "\n\n".join((PROJECTS["app"].split("\n\n")[0], *blocks)) + "\n"
    wanted = Wanted(backends=tuple(sorted(backends, key=str)))  # type: ignore[arg-type] # sorted loses the type
    made = set_up(Files(text), wanted)
    assert values(made.files.pyproject) == values(_straight(wanted).files.pyproject)
    assert set_up(made.files, wanted).files == made.files


def _straight(wanted: Wanted) -> SetUp:
    return set_up(Files(PROJECTS["app"]), wanted)


def test_ignores_the_stamp(written: Written, project: Callable[[str], str]) -> None:
    """Git gets one more line, once; without git there is nothing to write."""
    text = project("plain")
    ignored = [written(text, gitignore=one).files.gitignore for one in ("", "*.pyc", "*.pyc\n")]
    assert ignored == [
        ".torch-variant.stamp\n",
        "*.pyc\n.torch-variant.stamp\n",
        "*.pyc\n.torch-variant.stamp\n",
    ]
    for there in ("/.torch-variant.stamp\n", "a\n.torch-variant.stamp"):
        assert written(text, gitignore=there).files.gitignore == there
    assert written(text).files.gitignore is None
