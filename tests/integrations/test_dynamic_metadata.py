"""The provider for `[[tool.dynamic-metadata]]`, called by the protocol's own code."""

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
def run_by(called_by: CalledBy, monkeypatch: pytest.MonkeyPatch) -> CalledBy:
    """Return a function that sets the command that runs the build."""

    def set_command(*command: str) -> Any:  # noqa: ANN401 (nothing)
        monkeypatch.setattr(Provider, "get_ancestors", staticmethod(called_by(*command)))

    return set_command


def processed(folder: Path, text: str, state: Any) -> dict[str, Any]:  # noqa: ANN401 (a literal)
    """Write a project, and return its table with what the provider adds."""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return process_dynamic_metadata(loads(text)["project"], ENTRIES, state)


def test_an_install_gets_the_wheel_in_front(folder: Path, run_by: CalledBy) -> None:
    """The exact wheel is in front of the requirements of `[tool.torch-variant]`."""
    run_by("pip", "install", "-e", ".")
    found = processed(folder, DYNAMIC, "editable")
    first, *rest = found["dependencies"]
    assert first.startswith("torch @ http://127.0.0.1")
    assert rest == OWN
    assert found["optional-dependencies"] == {"cpu": [first, "torch>=2.3"]}


def test_adds_to_what_is_static(folder: Path, run_by: CalledBy) -> None:
    """What is static stays, in front of what is added to it; extras too."""
    run_by("pip", "install", "-e", ".")
    found = processed(folder, STATIC, "metadata_editable")
    *own, last = found["dependencies"]
    assert own == OWN
    assert last.startswith("torch @ http://127.0.0.1")
    vision, *added = found["optional-dependencies"]["vision"]
    assert vision == "torchvision"
    assert [one.partition(" @ ")[0] for one in added] == ["torch", "torchvision"]


@pytest.mark.parametrize("text", [STATIC, DYNAMIC])
@pytest.mark.parametrize(("command", "state"), [("wheel", "wheel"), ("install", "sdist")])
def test_portable(folder: Path, run_by: CalledBy, text: str, command: str, state: str) -> None:
    """A portable build has the requirements as written, and the extras."""
    run_by("pip", command, ".")
    found = processed(folder, text, state)
    assert found["dependencies"] == OWN
    assert found["optional-dependencies"]["cpu"] == ["torch>=2.3"]


def test_the_build_environment_gets_the_same_wheel(folder: Path, run_by: CalledBy) -> None:
    """`build-requires` becomes the install's wheel; an sdist is built without it."""
    (folder / "pyproject.toml").write_text(DYNAMIC, encoding="utf-8")
    run_by("pip", "install", "-e", ".")
    (line,) = get_requires_for_dynamic_metadata(ENTRIES)
    assert line.startswith("torch @ http://127.0.0.1")
    assert line in build.get_requires_for_build_wheel()
    assert line not in build.get_requires_for_build_sdist()
