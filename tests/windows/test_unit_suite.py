"""The unit tests, on Windows: all but those of what other systems have."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.windows.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.windows.wine import Windows

pytestmark = [pytest.mark.end_to_end, pytest.mark.windows]

COPIED = ("docs", "fixtures", "tests", "tools", "CHANGELOG.md", "README.md", "pyproject.toml")
IGNORED = ("tests/benchmarks", "tests/end_to_end", "tests/test_benchmarks.py", "tests/windows")
MARKERS = "not end_to_end and not inference and not matrix and not windows"
SECONDS = 900


def test_unit_suite(windows: Windows, scripts: Path) -> None:
    """They pass with the installed wheel; `not_on_windows.txt` names the others, with reasons."""
    folder = windows.drive / "suite"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, folder / name)
    text = (ROOT / "tests" / "windows" / "not_on_windows.txt").read_text(encoding="utf-8")
    others = [line for line in text.splitlines() if line and not line.startswith("#")]
    tests = [line for line in others if "::" in line]
    modules = [*IGNORED, *(line for line in others if "::" not in line)]

    completed = windows.run(
        scripts / "python.exe",
        *("-m", "pytest", "-q", "-n2", "--dist=worksteal", "-p", "no:cacheprovider"),
        *("--tb=short", "--color=no", "-m", MARKERS),
        *(f"--ignore={path}" for path in modules),
        *(f"--deselect={test}" for test in tests),
        folder=folder,
        environ={"PIP_CONFIG_FILE": "nul"},
        seconds=SECONDS,
    )

    assert completed.exit_code == 0, completed.output[-20_000:]
