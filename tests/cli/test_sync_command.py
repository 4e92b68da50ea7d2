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
    """The command that would mend is printed: the project is installed again."""
    expected = f"{environment.path}/bin/python -m pip install -e {Path.cwd()}\n"
    assert run("sync", "--dry-run") == (0, expected)


def test_extras_again(run: Run, environment: Environment) -> None:
    """The extras of the recorded install are asked for again; a copy stays a copy."""
    environment.install("my-app", "1.0", {"extras": ["train", "dev"]})
    environment.write("my_app-1.0.dist-info/direct_url.json", '{"dir_info": {}}')
    code, output = run("sync", "--dry-run")
    assert code == 0
    assert output.endswith(f" install '{Path.cwd()}[dev,train]'\n")


def test_runs_and_looks_again(run: Run, environment: Environment) -> None:
    """It says why, and looks again: it may still differ; an installer that fails ends it."""
    environment.answer("installing")
    code, output = run("sync")
    assert code == 1
    assert "Differs\n  why   my-app is not installed" in output
    environment.answer("no", 3)
    code, output = run("sync")
    assert code == 1
    assert output.startswith("hatch-torch: my-app is not installed in this environment\n+ ")


def test_nothing_to_mend(run: Run, environment: Environment) -> None:
    """Where nothing differs nothing is run."""
    for name, version in (("torch", "2.6.0+cpu"), ("torchvision", "0.21.0+cpu")):
        environment.install(name, version)
    environment.install("my-app", "1.0", {"backend": "cpu"})
    code, output = run("sync")
    assert code == 0
    assert "nothing to mend" in output


EXTRAS = """
dynamic = ["optional-dependencies"]
[tool.hatch.metadata.hooks.torch-variant]
[tool.torch-variant.extras.cpu]
[tool.torch-variant.extras.cu126]
[tool.hatch.build"""


def test_a_project_of_uv(run: Run, environment: Environment, uv: str) -> None:
    """Where there is a uv.lock, uv syncs with the backend's extra, into the active environment."""
    file = Path("pyproject.toml")
    text = file.read_text("utf-8")
    Path("uv.lock").touch()
    file.write_text(text.replace("[tool.hatch.build", EXTRAS, 1), encoding="utf-8")
    assert run("sync", "--dry-run") == (0, f"{uv} sync --extra cpu --active\n")
    file.write_text(text, encoding="utf-8")
    Path(".venv").symlink_to(environment.path)
    assert run("sync", "--dry-run") == (0, f"{uv} sync\n")


def test_without_our_hook(run: Run, environment: Environment) -> None:
    """For a project that no hook of ours builds, the wheels themselves are installed."""
    file = Path("pyproject.toml")
    file.write_text(file.read_text("utf-8").replace("[tool.hatch.build.hooks.torch-variant]", ""))
    environment.install("torch", "2.6.0+cu124")
    code, output = run("sync", "--dry-run")
    assert code == 0
    wheels = [word.split(" @ ")[0].strip("'") for word in output.split("install ")[1].split("' '")]
    assert wheels == ["torch", "torchvision"]


def test_portable(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is chosen for this machine, that is told, and no installer is run."""
    Path("pyproject.toml").unlink()
    environment.install("torch", "2.6.0+cu124")
    environment.install("torchvision", "0.20.0+cu124")
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    code, output = run("sync")
    assert code == 3
    assert "TORCH_VARIANT leaves torch as it is. Set TORCH_VARIANT to a backend" in output


def test_no_installer(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pip and uv both ways out are told."""
    (environment.folder / "pip" / "__main__.py").unlink()
    monkeypatch.setenv("PATH", "/nowhere")
    code, output = run("sync")
    assert code == 1
    assert "has no pip, and uv is not on PATH" in output
