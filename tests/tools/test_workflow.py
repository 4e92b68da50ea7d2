"""The workflow that runs the command."""

from __future__ import annotations

import re
from pathlib import Path

from tools.tables.__main__ import main

WORKFLOW = Path(__file__).parents[2] / ".github" / "workflows" / "tables.yml"


def test_runs_the_command_weekly() -> None:
    """It runs once a week, by commands that exist, and opens a pull request."""
    text = WORKFLOW.read_text(encoding="utf-8")
    assert re.search(r'cron: "\d+ \d+ \* \* \d"', text)
    assert "gh pr create" in text
    commands = re.findall(r"python -m tools\.tables (\w+)((?: --\w+)*)", text)
    assert commands == [("update", " --write"), ("check", "")]
    assert callable(main)


def test_keeps_the_tables_tests() -> None:
    """What it writes has to pass the tests of the tables, which exist under that name."""
    (paths,) = re.findall(r"python -m pytest (.+)", WORKFLOW.read_text(encoding="utf-8"))
    assert all((WORKFLOW.parents[2] / path).exists() for path in paths.split())
