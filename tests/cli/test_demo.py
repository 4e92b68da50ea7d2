"""`hatch-torch demo`, with real environments and the real pip."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hatch_torch import demo
from hatch_torch.cli.demo import DemoError, _run_command, _Stage, _venv_module

FOLDER = Path(demo.__file__).parent


def test_failed_install_shows_output(tmp_path: Path) -> None:
    """The error contains the installer's output."""
    stage = _Stage("any", tmp_path / "any", {})
    with pytest.raises(DemoError, match="ended with 3:\nno"):
        _run_command(stage, [sys.executable, "-c", "print('no'); raise SystemExit(3)"])


def test_venv_without_virtualenv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without virtualenv the demo uses venv."""
    assert _venv_module() == ["virtualenv", "--quiet"]
    monkeypatch.setitem(sys.modules, "virtualenv", None)
    assert _venv_module() == ["venv"]


def test_the_readme_shows_the_demo_project() -> None:
    """The README's first example is the project that the demo installs."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert f"```toml\n{(FOLDER / 'project' / 'pyproject.toml').read_text('utf-8')}```" in readme
