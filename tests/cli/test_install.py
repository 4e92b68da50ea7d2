"""`hatch-torch install`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Environment

    Run = Callable[..., tuple[int, str]]


def test_applies_the_decision(run: Run, environment: Environment) -> None:
    """The exact wheels precede the given requirements."""
    assert environment.folder.is_dir()
    code, output = run("install", "--dry-run", "torch<2.7", "numpy", "./a-folder")
    assert code == 0
    words = output.split(" install ")[1]
    assert words.startswith("'torch @ http")
    assert words.endswith("'torch<2.7' numpy ./a-folder\n")
    assert "2.6.0%2Bcpu" in words


def test_keeps_installed_torch(run: Run, environment: Environment) -> None:
    """An installed torch that fits is pinned by its version."""
    environment.install("torch", "2.6.0+cpu")
    code, output = run("install", "--dry-run", "accelerate")
    assert (code, output.split(" install ")[1]) == (0, "torch==2.6.0+cpu accelerate\n")


def test_everything_is_installed(run: Run, environment: Environment) -> None:
    """No installer runs if everything is installed; markers and extras count."""
    environment.install("torch", "2.6.0+cpu")
    environment.install("numpy", "2.0")
    environment.set_output("no", 1)
    asked = ("torch>=2.6", "numpy", "pandas ; sys_platform == 'nowhere'")
    code, output = run("install", *asked)
    assert code == 0
    assert "every requirement is installed already" in output
    assert run("install", *asked, "numpy[all]")[0] == 1
    assert run("install", *asked, "pandas")[0] == 1


def test_requirements_files(run: Run, environment: Environment) -> None:
    """A requirements file is read for torch, and passed to the installer as it is."""
    Path("requirements.txt").write_text("torchvision\n-c limits.txt\nrich # a comment\n")
    Path("limits.txt").write_text("torch<2.10\n")
    code, output = run("install", "-r", "requirements.txt", "--dry-run")
    assert code == 0
    assert "'torch @ http" in output
    assert "torch-2.9.1%2Bcpu" in output
    assert output.endswith("-r requirements.txt\n")
    assert environment.folder.is_dir()


def test_missing_file(run: Run, environment: Environment) -> None:
    """A missing file is a usage error."""
    assert environment.folder.is_dir()
    assert run("install", "-r", "no.txt") == (2, "error: -r no.txt: no such file\n")


def test_project_in_this_folder(run: Run, environment: Environment) -> None:
    """Without requirements, the project in this folder is installed."""
    expected = f"{environment.path}/bin/python -m pip install -e {Path.cwd()}\n"
    assert run("install", "--dry-run") == (0, expected)


def test_reason_for_adding_nothing(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the decision adds nothing, the reason is a warning."""
    assert environment.folder.is_dir()
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", '{"signs": ["slurm-login"]}')
    assert main(["install", "--dry-run", "torch<2.7"]) == 0
    output = capsys.readouterr()
    assert output.out.endswith("pip install 'torch<2.7'\n")
    assert output.err.startswith("warning: no accelerator was found, and this is")


def test_failed_installer(run: Run, environment: Environment) -> None:
    """A failure of the installer is the command's failure."""
    environment.set_output("no such package", 2)
    code, output = run("install", "torch<2.7")
    assert code == 1
    assert f"+ {environment.path}/bin/python -m pip install " in output


def test_options_reach_decision_and_hook(run: Run, environment: Environment) -> None:
    """A backend and an index apply to the decision, and to a build hook by their variables."""
    assert environment.folder.is_dir()
    code, output = run("install", "--backend", "cu126", "--dry-run", "torch<2.7", "--", "--pre")
    assert code == 0
    assert output.startswith(f"TORCH_VARIANT=cu126 {environment.path}/bin/python -m pip install ")
    assert "torch-2.6.0%2Bcu126" in output
    assert output.endswith("'torch<2.7' --pre\n")

    code, output = run("install", "--index-url", "https://a b.example/whl", "--dry-run", "--", "-v")
    assert (code, output.split(" -m ")[0]) == (
        0,
        f"TORCH_VARIANT_INDEX_URL='https://a b.example/whl' {environment.path}/bin/python",
    )
    assert output.endswith(f"-e {Path.cwd()} -v\n")


def test_the_project_among_others(run: Run, environment: Environment) -> None:
    """Where the command names the project, the project's own requirements count too."""
    assert environment.folder.is_dir()
    code, output = run("install", "--dry-run", "-r", "requirements.txt", "rich")
    assert code == 2
    Path("requirements.txt").write_text("-e .\n")
    code, output = run("install", "--dry-run", "-r", "requirements.txt", "torchaudio")
    assert code == 0
    assert "torch-2.6.0%2Bcpu" in output


def test_checks_the_environment(run: Run, environment: Environment) -> None:
    """An installer that ends well, but leaves something wrong, is no success."""
    environment.install("torch", "2.8.0+cpu")
    code, output = run("install", "torchaudio<2.9")
    assert code == 1
    assert "torch 2.8.0" in output
