"""`hatch-torch sync`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Environment

    Run = Callable[..., tuple[int, str]]


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a uv on PATH that does nothing."""
    program = tmp_path / "tools" / "uv"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
    return str(program)


def test_dry_run(run: Run, environment: Environment) -> None:
    """The command is printed: it reinstalls the project."""
    expected = f"{environment.path}/bin/python -m pip install -e {Path.cwd()}\n"
    assert run("sync", "--dry-run") == (0, expected)


def test_keeps_extras(run: Run, environment: Environment) -> None:
    """The recorded extras are requested again; a non-editable install stays one."""
    environment.install("my-app", "1.0", {"extras": ["train", "dev"]})
    environment.write("my_app-1.0.dist-info/direct_url.json", '{"dir_info": {}}')
    code, output = run("sync", "--dry-run")
    assert code == 0
    assert output.endswith(f" install '{Path.cwd()}[dev,train]'\n")


def test_checks_again(run: Run, environment: Environment) -> None:
    """The findings are printed, before and after; a failed installer ends the command."""
    environment.set_output("installing")
    code, output = run("sync")
    assert code == 1
    assert "Finding\n  reason  my-app is not installed" in output
    environment.set_output("no", 3)
    code, output = run("sync")
    assert code == 1
    assert output.startswith("finding: my-app is not installed in this environment\n+ ")


def test_no_findings(run: Run, environment: Environment) -> None:
    """Without findings nothing runs."""
    for name, version in (("torch", "2.6.0+cpu"), ("torchvision", "0.21.0+cpu")):
        environment.install(name, version)
    environment.install("my-app", "1.0", {"backend": "cpu"})
    code, output = run("sync")
    assert code == 0
    assert "OK: " in output


EXTRAS = """
dynamic = ["optional-dependencies"]
[tool.hatch.metadata.hooks.torch-variant]
[tool.torch-variant.extras.cpu]
[tool.torch-variant.extras.cu126]
[tool.hatch.build"""


def test_uv_project(run: Run, environment: Environment, uv: str) -> None:
    """With a uv.lock, uv syncs the backend's extra into the active environment."""
    file = Path("pyproject.toml")
    text = file.read_text("utf-8")
    Path("uv.lock").touch()
    file.write_text(text.replace("[tool.hatch.build", EXTRAS, 1), encoding="utf-8")
    assert run("sync", "--dry-run") == (0, f"{uv} sync --extra cpu --active\n")
    file.write_text(text, encoding="utf-8")
    Path(".venv").symlink_to(environment.path)
    assert run("sync", "--dry-run") == (0, f"{uv} sync\n")


def test_without_hook(run: Run, environment: Environment) -> None:
    """For a project without the hook, the wheels themselves are installed."""
    file = Path("pyproject.toml")
    file.write_text(file.read_text("utf-8").replace("[tool.hatch.build.hooks.torch-variant]", ""))
    environment.install("torch", "2.6.0+cu124")
    code, output = run("sync", "--dry-run")
    assert code == 0
    wheels = [word.split(" @ ")[0].strip("'") for word in output.split("install ")[1].split("' '")]
    assert wheels == ["torch", "torchvision"]


def test_portable(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portable decision is an error, and no installer runs."""
    Path("pyproject.toml").unlink()
    environment.install("torch", "2.6.0+cu124")
    environment.install("torchvision", "0.20.0+cu124")
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    code, output = run("sync")
    assert code == 3
    assert "TORCH_VARIANT leaves torch unchanged\nhint: set TORCH_VARIANT" in output


def test_no_installer(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pip and uv the error names both."""
    (environment.folder / "pip" / "__main__.py").unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    code, output = run("sync")
    assert code == 1
    assert "has no pip, and uv is not on PATH" in output
