"""`hatch-torch explain`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]
    Explained = Callable[..., Any]

CPU = ("--backend", "cpu", "--python", "3.12")
PASCAL = ("--hardware", "pascal.json", "--python", "3.12")


def versions(explained: dict[str, Any]) -> list[str]:
    """Return the wheels of an explanation as name and version."""
    return [f"{one['name']} {one['version']}" for one in explained["wheels"]]


def test_explains_another_machine(explained: Explained) -> None:
    """A profile from another machine is decided for as if it were here."""
    found = explained(*PASCAL)
    assert versions(found) == ["torch 2.6.0+cu126", "torchvision 0.21.0+cu126"]
    assert (found["backend"], found["decided_by"]) == ("cu126", "detection")
    assert found["hardware"]["accelerators"][0]["architecture"] == "sm_61"


def test_gives_every_known_backend_a_verdict(explained: Explained) -> None:
    """What was passed over is told with its reason."""
    verdicts = {one["backend"]: one for one in explained(*PASCAL)["candidates"]}
    assert not verdicts["cu130"]["usable"]
    assert "GTX 1080 Ti (sm_61)" in verdicts["cu130"]["reason"]
    assert verdicts["rocm6.4"]["reason"] == "no AMD GPU"


def test_several_profiles_get_what_fits_all(explained: Explained) -> None:
    """A wheel for two machines runs on the older driver and on both GPUs."""
    found = explained("--hardware", "pascal.json", "ada.json", "--python", "3.12")
    assert found["backend"] == "cu124"
    assert found["hardware"]["nvidia"]["driver"] == "550.54.15"


def test_a_builder_that_asks_nobody(explained: Explained, tmp_path: Path) -> None:
    """Where no build comes to us, it is said what does."""
    system = '[build-system]\nbuild-backend = "flit_core.buildapi"\n'
    project = '[project]\nname = "my-app"\ndependencies = ["torch>=2.3"]\n'
    (tmp_path / "pyproject.toml").write_text(system + project, encoding="utf-8")
    assert "Flit builds this project" in explained(*CPU)["warnings"][-1]


def test_several_profiles_on_a_screen(run: Run, tmp_path: Path) -> None:
    """Every node has its line; nodes of two platforms have no wheel in common."""
    several = ("--hardware", "pascal.json", "--hardware", "ada.json")
    code, told = run("explain", "--python", "3.12", *several)
    assert code == 0
    assert "Nodes" in told
    assert "ada.json" in told

    (tmp_path / "arm.json").write_text('{"system": "Linux", "machine": "aarch64"}')
    code, told = run("explain", *several, "arm.json")
    assert code == 3
    assert "linux_aarch64 (arm.json)" in told
    assert run("explain", *several, "arm.json", "--platform", "linux_x86_64")[0] == 0
    assert run("explain", "--hardware", '{"system": "Linux", "machine": "x86_64"}')[0] == 0


def test_another_python_and_platform(explained: Explained) -> None:
    """The wheels fit what was asked for, not what runs the command."""
    found = explained(*PASCAL[:2], "--python", "3.13", "--platform", "win_amd64")
    assert "cp313-cp313-win_amd64" in found["wheels"][0]["url"]
    alone = explained("--platform", "macos_arm64", "--backend", "auto")
    assert alone["backend"] == "mps"


def test_a_backend_is_asked_for(explained: Explained) -> None:
    """An option of the command line decides before anything else."""
    found = explained("--backend", "rocm6.2.4", "--python", "3.12")
    assert (found["backend"], found["decided_by"]) == ("rocm6.2.4", "--backend")
    assert [one["name"] for one in found["wheels"]][-1] == "pytorch-triton-rocm"


def test_extras_are_asked_for(explained: Explained, run: Run, tmp_path: Path) -> None:
    """Extras are named as for pip; one that is not there is told with those that are."""
    text = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    extra = '[project.optional-dependencies]\nsound = ["torchaudio"]\n[tool.hatch'
    changed = text.replace("[tool.hatch", extra, 1)
    (tmp_path / "pyproject.toml").write_text(changed, encoding="utf-8")
    assert versions(explained(".[sound]", *CPU))[-1] == "torchaudio 2.6.0+cpu"
    assert len(versions(explained(".", *CPU))) == 2
    code, told = run("explain", ".[sight]", *CPU)
    assert code == 2
    assert ".[sight]: found the extra 'sight'; allowed: sound" in told


def test_requirements_without_a_project(explained: Explained) -> None:
    """Requirements on the command line need no project."""
    found = explained("--require", "torchaudio==2.5.*", *CPU)
    assert versions(found) == ["torch 2.5.1+cpu", "torchaudio 2.5.1+cpu"]


def test_requirements_beside_a_project(explained: Explained, tmp_path: Path) -> None:
    """Requirements on the command line narrow the project's."""
    found = explained(str(tmp_path), "--require", "torch<2.5", *CPU)
    assert versions(found)[0] == "torch 2.4.1+cpu"


@pytest.mark.parametrize("variable", ["PIP_CONSTRAINT", "UV_CONSTRAINT"])
def test_constraints_take_part(
    explained: Explained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """An installer's variables bind the answer as they bind a build."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("torch<2.5\n", encoding="utf-8")
    monkeypatch.setenv(variable, str(constraints))
    assert versions(explained(*CPU))[0] == "torch 2.4.1+cpu"


def test_another_index(run: Run) -> None:
    """An index that is not there is no answer, said in one sentence."""
    code, output = run("explain", "--index-url", "http://127.0.0.1:9", "--backend", "cpu")
    assert (code, output.count("\n")) == (3, 1)
    assert "http://127.0.0.1:9" in output


def test_bad_options_are_told(run: Run) -> None:
    """What is wrong on the command line is bad usage."""
    for arguments in (
        ("--require", "torch>>2"),
        ("--hardware", "nowhere.json"),
        ("--python", "four"),
        ("--platform", "amiga"),
        ("--backend", "cu99x"),
        ("nowhere",),
    ):
        code, output = run("explain", *arguments)
        assert (code, output.startswith("hatch-torch: ")) == (2, True), arguments


def test_the_screen_has_everything(run: Run) -> None:
    """A person reads the machine, the decision, the verdicts and what is added."""
    code, output = run("explain", *PASCAL)
    assert code == 0
    for word in ("GTX 1080 Ti (sm_61", "580.95.05", "detection", "cu126", "no AMD GPU", "torch @ "):
        assert word in output


def test_without_rich_it_is_plainer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `cli` adds looks, not content."""
    _, drawn = run("explain", *PASCAL)
    monkeypatch.setitem(sys.modules, "rich", None)
    code, plain = run("explain", *PASCAL)
    assert code == 0
    assert {word for word in drawn.split() if word.isalnum()} <= {*plain.split()}


def test_a_portable_project_gets_no_wheels(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TORCH_VARIANT=portable` is explained too."""
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    assert "the requirements stay portable" in run("explain")[1]
