"""`hatch-torch doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Environment

    Run = Callable[..., tuple[int, str]]


def sections(output: str) -> dict[str, Any]:
    """Read a report back: its sections by their titles, as JSON where they are."""
    parts = (part.split("\n", 1) for part in output.split("### ")[1:])
    return {title: text.strip().strip("`").strip() for title, text in parts}


def test_report(run: Run, environment: Environment) -> None:
    """The report has everything that a bug report needs."""
    environment.install("torch", "2.6.0+cpu")
    environment.install("my-app", "1.0", {"backend": "cpu"})
    code, output = run("doctor")
    told = sections(output)
    assert code == 0
    assert json.loads(told["Versions"])["has pip"] is True
    assert json.loads(told["Hardware (a profile for `--hardware`)"])["system"] == "Linux"
    assert json.loads(told["Project"])["project"]["dependencies"][0] == "torch>=2.4,<2.7"
    decision = json.loads(told["Decision"])
    assert decision["candidates"]["runs everywhere"] == "cpu"
    assert [one["name"] for one in decision["wheels"]] == ["torch", "torchvision"]
    assert json.loads(told["Status"])["findings"][0]["why"].startswith("torchvision is required")
    assert json.loads(told["Record"]) == {"backend": "cpu"}
    assert "TORCH_VARIANT_HARDWARE=" in told["Variables"]


def test_keeps_secrets(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the user's name and home nor credentials are in it."""
    monkeypatch.setenv("HOME", str(environment.path.parent))
    monkeypatch.setenv("USER", "lovelace")
    monkeypatch.setenv("PIP_INDEX_URL", "https://lovelace:pa55word@mirror.example.org/simple")
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "pypi-AgEIcHlwaS5vcmc")
    monkeypatch.setenv("PIP_CERT", "/home/lovelace/cert.pem")
    _, output = run("doctor")
    for secret in ("lovelace", "pa55word", "AgEIcHlwaS5vcmc", str(environment.path.parent)):
        assert secret not in output
    for told in ("https://***@mirror.example.org/simple", "~/environment", "UV_PUBLISH_TOKEN=***"):
        assert told in output


def test_what_is_broken_is_told(run: Run, environment: Environment) -> None:
    """A section that cannot be made has its error in its place; the others are there."""
    assert environment.folder.is_dir()
    Path("pyproject.toml").write_text("[project", encoding="utf-8")
    code, output = run("doctor")
    told = sections(output)
    assert code == 0
    assert told["Decision"].startswith("ConfigurationError: ")
    assert json.loads(told["Versions"])["hatch-torch"]


def test_outside_of_a_project(
    run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a project there is no record, and the rest is told."""
    monkeypatch.chdir(environment.path)
    _, output = run("doctor")
    told = sections(output)
    assert told["Record"] == "null"
    assert "there is no such file" in told["Project"]
