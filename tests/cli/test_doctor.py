"""`hatch-torch doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.cli.doctor import format_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Environment

    Run = Callable[..., tuple[int, str]]


def sections(output: str) -> dict[str, Any]:
    """Parse a report: the text of each section by its title."""
    parts = (part.split("\n", 1) for part in output.split("### ")[1:])
    return {title: text.strip().strip("`").strip() for title, text in parts}


def test_report(run: Run, environment: Environment) -> None:
    """The report has every section."""
    environment.install("torch", "2.6.0+cpu")
    environment.install("my-app", "1.0", {"backend": "cpu"})
    code, output = run("doctor")
    report = sections(output)
    assert code == 0
    assert json.loads(report["Versions"])["has pip"] is True
    assert json.loads(report["Hardware (a profile for `--hardware`)"])["system"] == "Linux"
    assert json.loads(report["Project"])["project"]["dependencies"][0] == "torch>=2.4,<2.7"
    decision = json.loads(report["Decision"])
    assert decision["candidates"]["runs everywhere"] == "cpu"
    assert [wheel["name"] for wheel in decision["wheels"]] == ["torch", "torchvision"]
    assert json.loads(report["Status"])["findings"][0]["why"].startswith("torchvision is required")
    assert json.loads(report["Record"]) == {"backend": "cpu"}
    assert "TORCH_VARIANT_HARDWARE is set" in report["Variables"]


def test_redaction(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """It contains neither the user's name and home nor credentials."""
    monkeypatch.setenv("HOME", str(environment.path.parent))
    monkeypatch.setenv("USER", "lovelace")
    monkeypatch.setenv("PIP_INDEX_URL", "https://lovelace:pa55word@mirror.example.org/simple")
    monkeypatch.setenv("UV_PUBLISH_TOKEN", "pypi-AgEIcHlwaS5vcmc")
    monkeypatch.setenv("PIP_CERT", "/home/lovelace/cert.pem")
    _, output = run("doctor")
    for secret in ("lovelace", "pa55word", "AgEIcHlwaS5vcmc", str(environment.path.parent)):
        assert secret not in output
    for expected in (
        "PIP_INDEX_URL is set",
        "~/environment",
        "UV_PUBLISH_TOKEN is set",
    ):
        assert expected in output


def test_failed_section(run: Run, environment: Environment) -> None:
    """A section that fails contains its error; the others are complete."""
    assert environment.folder.is_dir()
    Path("pyproject.toml").write_text("[project", encoding="utf-8")
    code, output = run("doctor")
    report = sections(output)
    assert code == 0
    assert report["Decision"].startswith("ConfigurationError: ")
    assert json.loads(report["Versions"])["hatch-torch"]


def test_without_a_project(
    run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a project there is no record, and the rest is output."""
    monkeypatch.chdir(environment.path)
    _, output = run("doctor")
    report = sections(output)
    assert report["Record"] == "null"
    assert "file not found" in report["Project"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_PAT", "ghp_abcdef"),
        ("PIP_HEADER", "Authorization: Bearer abcdef"),
        ("PIP_PROXY", "user:abcdef@host:3128"),
        ("PIP_INDEX_URL", "//user:abcdef@mirror"),
        ("PIP_NO_INDEX", "1 abcdef"),
        ("PIP_TIMEOUT", "abcdef" * 9),
        ("UV_INDEX_CORP_KEY", "abcdef"),
        ("UV_TORCH_BACKEND", "https://user:abcdef@host"),
        ("UV_PUBLISH_TOKEN", "-----BEGIN KEY-----\nabcdef"),
        ("CUDA_VISIBLE_DEVICES", "x\nabcdef"),
        ("TORCH_VARIANT_INDEX_URL", "mirror.example.org/abcdef"),
    ],
)
def test_values_that_may_be_secret(name: str, value: str) -> None:
    """Values are shown of known variables alone, and only where they look plain."""
    assert format_variables({name: value, "AWS_SECRET_ACCESS_KEY": "abcdef"}) == f"{name} is set"


def test_values_that_matter() -> None:
    """The switches and backends are shown; an empty variable is told from a set one."""
    environ = {"UV_TORCH_BACKEND": "cu126", "TORCH_VARIANT": "rocm7.0", "PIP_NO_INDEX": ""}
    expected = "PIP_NO_INDEX is empty\nTORCH_VARIANT=rocm7.0\nUV_TORCH_BACKEND=cu126"
    assert format_variables(environ) == expected
