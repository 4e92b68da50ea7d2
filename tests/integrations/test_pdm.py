"""The PDM integration, called as PDM's build backend calls it."""

from __future__ import annotations

import json
import tarfile
from functools import partial
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from pdm import backend

from hatch_torch.integrations import pdm as integration
from hatch_torch.integrations._common import NOT_IN_SDISTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integrations.conftest import CalledBy, Required

    Build = Callable[..., ZipFile]

PROJECT = """
[build-system]
requires = ["pdm-backend", "hatch-torch"]
build-backend = "pdm.backend"
[project]
name = "my-app"
version = "1.0"
dynamic = ["dependencies", "optional-dependencies"]
[tool.torch-variant]
dependencies = ["numpy", "torch>=2.3"]
extras = { cpu = {} }
"""
OWN = ["numpy", "torch>=2.3"]


@pytest.fixture
def project(folder: Path) -> Path:
    """Make a project that PDM builds."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    return folder


@pytest.fixture
def wheel(called_by: CalledBy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Build:
    """Return a function that has PDM build a wheel for a command, and opens it."""
    original = integration.pdm_build_initialize

    def build(*command: str) -> ZipFile:
        changed = partial(original, get_ancestors=called_by(*command))
        monkeypatch.setattr(integration, "pdm_build_initialize", changed)
        return ZipFile(tmp_path / backend.build_editable(str(tmp_path)))

    return build


@pytest.mark.usefixtures("project")
def test_an_install_gets_the_wheel_in_front(wheel: Build, required: Required) -> None:
    """The exact wheel is in front of the project's requirements, and the record in dist-info."""
    made = wheel("pip", "install", "-e", ".")
    first, *rest = required(made.read("my_app-1.0.dist-info/METADATA").decode())
    assert first.startswith("torch @ http://127.0.0.1")
    assert rest[:2] == OWN
    record = json.loads(made.read("my_app-1.0.dist-info/extra_metadata/torch-variant.json"))
    assert (record["backend"], record["purpose"]) == ("cpu", "install")


@pytest.mark.usefixtures("project")
def test_a_portable_build(wheel: Build, required: Required) -> None:
    """A portable wheel has the extras, and nothing of this machine."""
    made = wheel("pip", "wheel", ".")
    found = required(made.read("my_app-1.0.dist-info/METADATA").decode())
    assert [one.replace("'", '"') for one in found] == [*OWN, 'torch>=2.3; extra == "cpu"']
    assert not [one for one in made.namelist() if "torch-variant" in one]


def test_an_sdist(project: Path, required: Required) -> None:
    """An sdist has the requirements as they were written, and neither lock nor stamp."""
    more = f"[tool.pdm.build]\nincludes = {['my_app.py', *NOT_IN_SDISTS]}\n"
    (project / "pyproject.toml").write_text(PROJECT + more, encoding="utf-8")
    for name in NOT_IN_SDISTS:
        (project / name).touch()
    with tarfile.open(project / "dist" / backend.build_sdist("dist")) as sdist:
        assert "my_app-1.0/my_app.py" in sdist.getnames()
        assert {f"my_app-1.0/{name}" for name in NOT_IN_SDISTS}.isdisjoint(sdist.getnames())
        file = sdist.extractfile("my_app-1.0/PKG-INFO")
        assert file
        assert required(file.read().decode())[:2] == OWN


def test_from_an_sdist(folder: Path, wheel: Build, required: Required) -> None:
    """A wheel from an sdist has the requirements that PDM wrote into the sdist."""
    text = PROJECT.replace(
        "dynamic = [", "dependencies = ['torch>=2']\noptional-dependencies = {}#"
    )
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    (folder / "PKG-INFO").touch()
    made = wheel("pip", "install", ".")
    assert required(made.read("my_app-1.0.dist-info/METADATA").decode()) == ["torch>=2"]


@pytest.mark.parametrize("tool", ["", "[tool.torch]\n"])
def test_others_are_left_alone(folder: Path, wheel: Build, required: Required, tool: str) -> None:
    """A project without the table gets nothing, though hatch-torch is installed."""
    text = PROJECT.partition("dynamic")[0] + 'dependencies = ["torch>=2.3"]\n' + tool
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    made = wheel("pip", "install", "-e", ".")
    assert required(made.read("my_app-1.0.dist-info/METADATA").decode()) == ["torch>=2.3"]
