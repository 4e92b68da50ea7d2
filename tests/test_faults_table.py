"""The tables of what can go wrong and of what is cached, and SECURITY.md, point to tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hatch_torch._toml import loads

ROOT = Path(__file__).parents[1]
EXPLANATION = ROOT / "docs" / "explanation"
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def rows(page: str) -> list[list[str]]:
    """Return the cells of a page's table, without its head."""
    lines = (EXPLANATION / page).read_text(encoding="utf-8").splitlines()
    return [line.strip("|").split(" | ") for line in lines if line[:2] == "| "][2:]


@pytest.mark.parametrize(
    "row", [*rows("faults.md"), *rows("caches.md")], ids=lambda row: row[0].strip()
)
def test_every_row_has_its_test(row: list[str]) -> None:
    """A row says what happens, and each test that it names is a function of the file it links."""
    what, happens, *tests = row
    links = re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", " ".join(tests))

    assert what.strip()
    assert happens.strip()
    assert links
    for name, path in links:
        text = (EXPLANATION / path).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {name}\(", text, re.MULTILINE), (name, path)


def test_paths_of_the_threat_model() -> None:
    """Every path that SECURITY.md names is there."""
    paths = re.findall(r"`(tests/[\w./]+)`", SECURITY)
    assert len(paths) > 2
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_threat_model_counts_right() -> None:
    """The number of required dependencies that SECURITY.md tells is that of pyproject.toml."""
    table = loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    numbers = {6: "Six", 7: "Seven", 8: "Eight"}
    assert f"{numbers[len(table['project']['dependencies'])]} required dependencies" in SECURITY
