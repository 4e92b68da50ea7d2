"""`hatch-torch status`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Environment

    Run = Callable[..., tuple[int, str]]

RECORD: dict[str, Any] = {
    "backend": "cpu",
    "decided_by": "detection",
    "created": "2026-11-01T12:00:00+00:00",
    "hardware": {"system": "Linux", "machine": "x86_64"},
    "wheels": [{"name": "torch", "version": "2.6.0+cpu"}],
    "bounds": [
        {"requirement": "torch<2.7", "stated_by": "lerobot 0.6.1", "required_by": "my-app"},
        {"requirement": "torchvision[x]<0.30", "stated_by": "my-app", "required_by": None},
        "not a bound",
    ],
    "warnings": ["the cached page was used"],
}


def install_all(environment: Environment, torch: str = "2.6.0+cpu") -> None:
    """Install the project and its requirements."""
    environment.install("torch", torch)
    environment.install("torchvision", "0.21.0+cpu")
    environment.install("my-app", "1.0", RECORD)


def test_ok(run: Run, environment: Environment) -> None:
    """Without findings the facts and notes are printed, with exit code 0."""
    install_all(environment)
    code, output = run("status")
    assert code == 0
    for expected in ("my-app 1.0", "cpu, by detection", "torch 2.6.0+cpu", "cached", "OK: "):
        assert expected in output


def test_bounds(run: Run, environment: Environment) -> None:
    """It says what bounded torch when the project was installed."""
    install_all(environment)
    assert "torch <2.7: lerobot 0.6.1, required by my-app\n" in run("status")[1]
    assert "torchvision <0.30: my-app\n" in run("status")[1]
    assert json.loads(run("status", "--json")[1])["bounds"] == RECORD["bounds"][:2]


def test_finding(run: Run, environment: Environment) -> None:
    """A finding has a reason and a fix, and exit code 1."""
    install_all(environment, "2.6.0+cu124")
    code, output = run("status")
    assert code == 1
    assert "reason  a later install replaced torch 2.6.0+cpu by torch 2.6.0+cu124" in output
    assert "fix     hatch-torch sync" in output


def test_nothing_installed(run: Run, environment: Environment) -> None:
    """A missing project and a missing torch are reported."""
    assert environment.folder.is_dir()
    code, output = run("status")
    assert code == 1
    assert "my-app is not installed in this environment" in output
    assert "torch        not installed" in output


def test_json(run: Run, environment: Environment) -> None:
    """`--json` has the backend, the record, all packages and the findings."""
    install_all(environment)
    code, output = run("status", "--json")
    state = json.loads(output)
    assert (code, state["schema"], state["project"]) == (0, 1, "my-app")
    assert (state["backend"], state["recorded"], state["created"]) == (
        "cpu",
        "cpu",
        "2026-11-01T12:00:00+00:00",
    )
    assert state["environment"] == str(environment.path)
    assert state["packages"] == {"my-app": "1.0", "torch": "2.6.0+cpu", "torchvision": "0.21.0+cpu"}
    assert state["family"][0] == {
        "name": "torch",
        "version": "2.6.0+cpu",
        "backend": "cpu",
        "builder": "pytorch",
        "url": None,
    }
    assert (state["findings"], state["notes"]) == ([], ["the cached page was used"])


def test_no_project(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a project only the environment is checked."""
    monkeypatch.chdir(environment.path)
    environment.install("torch", "2.6.0+cu124")
    code, output = run("status")
    assert code == 1
    assert "\n  project" not in output
    assert "torch 2.6.0+cu124 cannot run on this machine: no NVIDIA GPU" in output


def test_requirement_with_local_version(run: Run, environment: Environment) -> None:
    """A requirement with a local version requests that backend."""
    file = Path("pyproject.toml")
    text = file.read_text("utf-8").replace("torch>=2.4,<2.7", "torch==2.6.0+cu124")
    file.write_text(text, encoding="utf-8")
    install_all(environment)
    _, output = run("status")
    assert "the requirement torch==2.6.0+cu124 requests cu124, but torch 2.6.0+cpu" in output


def test_lock(run: Run, environment: Environment) -> None:
    """A package that differs from the lock is a finding, and so is a stale lock."""
    assert run("lock", "--backend", "cpu", "--python", "3.12", "--platform", "linux_x86_64")[0] == 0
    install_all(environment)
    assert run("status")[0] == 0
    environment.install("torchvision", "0.20.1+cpu")
    environment.write("torchvision-0.21.0+cpu.dist-info/METADATA", "")
    code, output = run("status")
    assert code == 1
    assert "torchvision 0.20.1+cpu is not in torch-variant.lock" in output
    file = Path("pyproject.toml")
    file.write_text(file.read_text("utf-8").replace("<2.7", "<2.8"), encoding="utf-8")
    code, output = run("status")
    assert code == 1
    assert "torch-variant.lock is out of date: made for" in output
    assert "fix     hatch-torch lock" in output
