"""`hatch-torch demo`, with real environments and the real pip."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hatch_torch import demo
from hatch_torch.cli.demo import DemoError, _do, _environment_maker, _Stage

FOLDER = Path(demo.__file__).parent


def test_a_failed_install_shows_what_was_said(tmp_path: Path) -> None:
    """The installer's own words are kept."""
    stage = _Stage("any", tmp_path / "any", {})
    with pytest.raises(DemoError, match="ended with 3:\nno"):
        _do(stage, [sys.executable, "-c", "print('no'); raise SystemExit(3)"])


def test_the_standard_library_makes_environments_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without virtualenv there is still venv."""
    assert _environment_maker() == ["virtualenv", "--quiet"]
    monkeypatch.setitem(sys.modules, "virtualenv", None)
    assert _environment_maker() == ["venv"]


def test_the_readme_shows_the_demo_project() -> None:
    """The README's first example is the project that the demo installs."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert f"```toml\n{(FOLDER / 'project' / 'pyproject.toml').read_text('utf-8')}```" in readme
