"""The door for `[[tool.dynamic-metadata]]`, called by the protocol's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from dynamic_metadata.loader import get_requires_for_dynamic_metadata, process_dynamic_metadata
from scikit_build_core import build

from hatch_torch._toml import loads
from hatch_torch.integrations.dynamic_metadata import Provider

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integrations.conftest import CalledBy

ENTRIES = [{"provider": "torch-variant"}]
PROJECT = """
[build-system]
requires = ["scikit-build-core>=1", "hatch-torch"]
build-backend = "scikit_build_core.build"
[project]
name = "my-app"
version = "1.0"
dynamic = ["dependencies", "optional-dependencies"]
{}
[[tool.dynamic-metadata]]
provider = "torch-variant"
[tool.scikit-build]
wheel.cmake = false
[tool.torch-variant]
build-requires = ["torch"]
extras = {{ cpu = {{}} }}
"""
STATIC = PROJECT.format(
    'dependencies = ["numpy", "torch>=2.3"]\noptional-dependencies = { vision = ["torchvision"] }'
)
DYNAMIC = PROJECT.format("") + 'dependencies = ["numpy", "torch>=2.3"]\n'
OWN = ["numpy", "torch>=2.3"]


@pytest.fixture
def asked(called_by: CalledBy, monkeypatch: pytest.MonkeyPatch) -> CalledBy:
    """Return a function that says which command the build runs for."""

    def say(*command: str) -> Any:  # noqa: ANN401 (nothing)
        monkeypatch.setattr(Provider, "above", staticmethod(called_by(*command)))

    return say


def processed(folder: Path, text: str, state: Any) -> dict[str, Any]:  # noqa: ANN401 (a literal)
    """Write a project, and return its table with what the provider adds."""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return process_dynamic_metadata(loads(text)["project"], ENTRIES, state)


def test_an_install_gets_the_wheel_in_front(folder: Path, asked: CalledBy) -> None:
    """Where the requirements are in our table, the exact wheel stands before them."""
    asked("pip", "install", "-e", ".")
    found = processed(folder, DYNAMIC, "editable")
    first, *rest = found["dependencies"]
    assert first.startswith("torch @ http://127.0.0.1")
    assert rest == OWN
    assert found["optional-dependencies"] == {"cpu": [first, "torch>=2.3"]}


def test_adds_to_what_is_static(folder: Path, asked: CalledBy) -> None:
    """Beside static requirements it only adds, to the extras too; what stands there stays."""
    asked("pip", "install", "-e", ".")
    found = processed(folder, STATIC, "metadata_editable")
    *own, last = found["dependencies"]
    assert own == OWN
    assert last.startswith("torch @ http://127.0.0.1")
    vision, *added = found["optional-dependencies"]["vision"]
    assert vision == "torchvision"
    assert [one.partition(" @ ")[0] for one in added] == ["torch", "torchvision"]


@pytest.mark.parametrize("text", [STATIC, DYNAMIC])
@pytest.mark.parametrize(("command", "state"), [("wheel", "wheel"), ("install", "sdist")])
def test_portable(folder: Path, asked: CalledBy, text: str, command: str, state: str) -> None:
    """What is made for any machine has the requirements as they were written, and the extras."""
    asked("pip", command, ".")
    found = processed(folder, text, state)
    assert found["dependencies"] == OWN
    assert found["optional-dependencies"]["cpu"] == ["torch>=2.3"]


def test_the_build_environment_gets_the_same_wheel(folder: Path, asked: CalledBy) -> None:
    """`build-requires` is the install's wheel by URL; an sdist is made without it."""
    (folder / "pyproject.toml").write_text(DYNAMIC, encoding="utf-8")
    asked("pip", "install", "-e", ".")
    (line,) = get_requires_for_dynamic_metadata(ENTRIES)
    assert line.startswith("torch @ http://127.0.0.1")
    assert line in build.get_requires_for_build_wheel()
    assert line not in build.get_requires_for_build_sdist()
