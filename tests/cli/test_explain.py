"""`hatch-torch explain`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.package_index import write_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]
    Explained = Callable[..., Any]

CPU = ("--backend", "cpu", "--python", "3.12")
PASCAL = ("--hardware", "pascal.json", "--python", "3.12")


def versions(explained: dict[str, Any]) -> list[str]:
    """Return the wheels of a decision as name and version."""
    return [f"{wheel['name']} {wheel['version']}" for wheel in explained["wheels"]]


def test_another_machine(explained: Explained) -> None:
    """A profile is decided for as if its machine were this one."""
    found = explained(*PASCAL)
    assert versions(found) == ["torch 2.6.0+cu126", "torchvision 0.21.0+cu126"]
    assert (found["backend"], found["decided_by"]) == ("cu126", "detection")
    assert found["hardware"]["accelerators"][0]["architecture"] == "sm_61"


def test_verdicts(explained: Explained) -> None:
    """Every incompatible backend has its reason."""
    verdicts = {candidate["backend"]: candidate for candidate in explained(*PASCAL)["candidates"]}
    assert not verdicts["cu130"]["usable"]
    assert "GTX 1080 Ti (sm_61)" in verdicts["cu130"]["reason"]
    assert verdicts["rocm6.4"]["reason"] == "no AMD GPU"


def test_several_profiles(explained: Explained) -> None:
    """A wheel for two machines runs on the older driver and on both GPUs."""
    found = explained("--hardware", "pascal.json", "ada.json", "--python", "3.12")
    assert found["backend"] == "cu124"
    assert found["hardware"]["nvidia"]["driver"] == "550.54.15"


def test_unsupported_build_backend(explained: Explained, tmp_path: Path) -> None:
    """A build backend without plugins is noted, with the alternatives."""
    system = '[build-system]\nbuild-backend = "flit_core.buildapi"\n'
    project = '[project]\nname = "my-app"\ndependencies = ["torch>=2.3"]\n'
    (tmp_path / "pyproject.toml").write_text(system + project, encoding="utf-8")
    assert "Flit builds this project" in explained(*CPU)["warnings"][-1]


def test_several_profiles_on_a_screen(run: Run, tmp_path: Path) -> None:
    """Every node has a row; nodes of two platforms have no wheel in common."""
    several = ("--hardware", "pascal.json", "--hardware", "ada.json")
    code, output = run("explain", "--python", "3.12", *several)
    assert code == 0
    assert "Nodes" in output
    assert "ada.json" in output

    (tmp_path / "arm.json").write_text('{"system": "Linux", "machine": "aarch64"}')
    code, output = run("explain", *several, "arm.json")
    assert code == 3
    assert "linux_aarch64 (arm.json)" in output
    assert run("explain", *several, "arm.json", "--platform", "linux_x86_64")[0] == 0
    assert run("explain", "--hardware", '{"system": "Linux", "machine": "x86_64"}')[0] == 0


def test_another_python_and_platform(explained: Explained) -> None:
    """The wheels fit the given Python and platform, not the running ones."""
    found = explained(*PASCAL[:2], "--python", "3.13", "--platform", "win_amd64")
    assert "cp313-cp313-win_amd64" in found["wheels"][0]["url"]
    alone = explained("--platform", "macos_arm64", "--backend", "auto")
    assert alone["backend"] == "mps"


def test_backend_option(explained: Explained) -> None:
    """The option overrides everything else."""
    found = explained("--backend", "rocm6.2.4", "--python", "3.12")
    assert (found["backend"], found["decided_by"]) == ("rocm6.2.4", "--backend")
    assert [wheel["name"] for wheel in found["wheels"]][-1] == "pytorch-triton-rocm"


def test_requested_extras(explained: Explained, run: Run, tmp_path: Path) -> None:
    """Extras are named as for pip; an unknown one is an error that lists the known ones."""
    text = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    extra = '[project.optional-dependencies]\nsound = ["torchaudio"]\n[tool.hatch'
    changed = text.replace("[tool.hatch", extra, 1)
    (tmp_path / "pyproject.toml").write_text(changed, encoding="utf-8")
    assert versions(explained(".[sound]", *CPU))[-1] == "torchaudio 2.6.0+cpu"
    assert len(versions(explained(".", *CPU))) == 2
    code, output = run("explain", ".[sight]", *CPU)
    assert code == 2
    assert ".[sight]: unknown extra 'sight' (expected one of sound)" in output


def test_requirements_without_a_project(explained: Explained) -> None:
    """Requirements on the command line need no project."""
    found = explained("--require", "torchaudio==2.5.*", *CPU)
    assert versions(found) == ["torch 2.5.1+cpu", "torchaudio 2.5.1+cpu"]


def test_requirements_beside_a_project(explained: Explained, tmp_path: Path) -> None:
    """Requirements on the command line narrow the project's."""
    found = explained(str(tmp_path), "--require", "torch<2.5", *CPU)
    assert versions(found)[0] == "torch 2.4.1+cpu"


def test_says_who_bounds_torch(
    explained: Explained, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packages that bound torch are named, with who requires them; the tightest first."""
    packages = {f"lib{number}": {"1": [f"torch<3.{number}"]} for number in range(5)}
    packages["lerobot"] = {"0.6.1": ["torch<2.6"], "0.6.0": ["torch<2.6"]}
    url = write_index(tmp_path / "index", packages)
    monkeypatch.setenv("PIP_INDEX_URL", url)
    arguments = [".", *CPU, *(one for name in packages for one in ("--require", name))]
    found = explained(*arguments)
    assert found["bounds"][:2] == [
        {"requirement": "torch<2.6", "stated_by": "lerobot 0.6.1", "required_by": "my-app"},
        {"requirement": "torch<2.7,>=2.4", "stated_by": "my-app", "required_by": None},
    ]
    assert versions(found)[0] == "torch 2.5.1+cpu"
    screen = run("explain", *arguments)[1]
    assert "  torch <2.6: lerobot 0.6.1, required by my-app\n" in screen
    assert "  and 2 more (see --json)\n" in screen


@pytest.mark.parametrize("variable", ["PIP_CONSTRAINT", "UV_CONSTRAINT"])
def test_constraints_take_part(
    explained: Explained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """An installer's variables constrain the decision, as they constrain a build."""
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("torch<2.5\n", encoding="utf-8")
    monkeypatch.setenv(variable, str(constraints))
    assert versions(explained(*CPU))[0] == "torch 2.4.1+cpu"


def test_another_index(run: Run) -> None:
    """An unreachable index is a short error."""
    code, output = run("explain", "--index-url", "http://127.0.0.1:9", "--backend", "cpu")
    assert (code, output.count("\n")) == (3, 2)
    assert "http://127.0.0.1:9" in output


def test_invalid_options(run: Run) -> None:
    """An invalid option is a usage error."""
    for arguments in (
        ("--require", "torch>>2"),
        ("--hardware", "nowhere.json"),
        ("--python", "four"),
        ("--platform", "amiga"),
        ("--backend", "cu99x"),
        ("nowhere",),
    ):
        code, output = run("explain", *arguments)
        assert (code, output.startswith("error: ")) == (2, True), arguments


def test_screen(run: Run) -> None:
    """The screen has the machine, the decision, the verdicts and the added requirements."""
    code, output = run("explain", *PASCAL)
    assert code == 0
    for word in ("GTX 1080 Ti (sm_61", "580.95.05", "detection", "cu126", "no AMD GPU", "torch @ "):
        assert word in output


def test_screen_without_rich(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `cli` adds formatting, not content."""
    _, drawn = run("explain", *PASCAL)
    monkeypatch.setitem(sys.modules, "rich", None)
    code, plain = run("explain", *PASCAL)
    assert code == 0
    assert {word for word in drawn.split() if word.isalnum()} <= {*plain.split()}


def test_portable(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TORCH_VARIANT=portable` is explained too."""
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    assert "the requirements stay portable" in run("explain")[1]
