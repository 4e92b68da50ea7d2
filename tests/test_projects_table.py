"""The tables of fixtures/projects/README.md: every row has its test, and every test is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECTS = ROOT / "fixtures" / "projects"
README = (PROJECTS / "README.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## ([\w-]+)\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL))
FOLDERS = sorted(one.name for one in PROJECTS.iterdir() if one.is_dir())
TESTS = sorted(set(re.findall(r"\[(test_\w+)\]\(([^)]+)\)", README)))
ROWS = {
    "launcher": 30,
    "requirements-file": 13,
    "rocm-generations": 26,
    "preferred-backend": 16,
    "inference-server": 21,
}
"""How many rows a document has, at least those that were here first."""


def rows(section: str) -> list[list[str]]:
    """Return the numbered rows of a section's table, cell by cell."""
    lines = (line for line in SECTIONS[section].splitlines() if re.match(r"\| \d", line))
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]


@pytest.mark.parametrize(("name", "path"), TESTS)
def test_is_there(name: str, path: str) -> None:
    """A test that a row names is a function of the file that it links to."""
    text = (PROJECTS / path).read_text(encoding="utf-8")
    assert re.search(rf"^ *(async )?def {name}\(", text, re.MULTILINE)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_row_has_a_test(section: str) -> None:
    """The rows are numbered without a gap, and each has its test, or says where it belongs."""
    section_rows = rows(section)
    assert [int(row[0]) for row in section_rows] == [
        *range(1, ROWS.get(section, len(section_rows)) + 1)
    ]
    for row in section_rows:
        assert len(row) == 4, row
        assert row[3].startswith("[test_") or "*not here:*" in row[2], row


def test_every_project_has_its_table() -> None:
    """Each folder is a section here, and is linked by the documentation."""
    page = (ROOT / "docs" / "how-to" / "examples.md").read_text(encoding="utf-8")
    assert sorted(SECTIONS) == FOLDERS
    assert [one for one in FOLDERS if f"fixtures/projects/{one})" not in page] == []
