"""Whether uv runs the build hook of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.build_system import BuildSystem
from hatch_torch.config.config import Config
from hatch_torch.config.uv_wiring import check_uv_wiring
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import BuildRequest

if TYPE_CHECKING:
    from pathlib import Path

STATIC = Config(build_system=BuildSystem(build_hook={}))
DYNAMIC = Config(
    build_system=BuildSystem(
        metadata_hook={}, build_hook={}, dynamic=frozenset({"optional-dependencies"})
    )
)
STAMPED = Config(build_system=BuildSystem(dynamic=frozenset({"dependencies"}), names_stamp=True))
INSTALL = BuildRequest("uv", "uv pip install", "install")
STALE = (
    "uv may reuse an earlier result of the build hook\n"
    "hint: add this to [tool.uv] in pyproject.toml:\n"
    '    cache-keys = [{ file = "pyproject.toml" }, { file = ".torch-variant.stamp" }]'
)


def fault(config: Config, project: Path) -> str:
    """Return the error of an install by uv."""
    with pytest.raises(ConfigurationError) as caught:
        check_uv_wiring(config, INSTALL, project, {})
    return str(caught.value)


def test_full_form(tmp_path: Path) -> None:
    """A project in the full form whose cache keys name the stamp has no warning."""
    (tmp_path / "uv.lock").touch()
    assert check_uv_wiring(STAMPED, INSTALL, tmp_path, {}) == ()


@pytest.mark.parametrize(
    "request_",
    [
        BuildRequest("pip", "pip install", "install"),
        BuildRequest("uv", "uv sync", "portable"),
        BuildRequest(),
    ],
)
def test_others(tmp_path: Path, request_: BuildRequest) -> None:
    """An install by pip, and any portable build, needs none of this."""
    assert check_uv_wiring(STATIC, request_, tmp_path, {}) == ()


def test_uv_does_not_ask(tmp_path: Path) -> None:
    """If no dependency field is dynamic, the error has the lines of the full form to paste."""
    assert fault(STATIC, tmp_path) == (
        "uv reads this project's dependencies from pyproject.toml and does not run the build hook "
        "first, because no dependency field is dynamic\n"
        "hint: add these lines to pyproject.toml, or set TORCH_VARIANT=portable:\n"
        "    [project]\n"
        '    dynamic = ["optional-dependencies"]\n'
        "    [tool.hatch.metadata.hooks.torch-variant]"
    )


def test_extras_have_to_move(tmp_path: Path) -> None:
    """A field can't be both dynamic and static, so the project's extras have to move."""
    config = Config(build_system=BuildSystem(build_hook={}, static_extras=frozenset({"dev"})))
    expected = (
        "\nand rename [project.optional-dependencies] to [tool.torch-variant.optional-dependencies]"
    )
    assert fault(config, tmp_path)[-len(expected) :] == expected


@pytest.mark.parametrize("config", [STATIC, DYNAMIC])
@pytest.mark.parametrize("lock", [True, False])
def test_portable(tmp_path: Path, config: Config, *, lock: bool) -> None:
    """A hook that adds nothing can't differ from what uv reads."""
    if lock:
        (tmp_path / "uv.lock").touch()
    assert check_uv_wiring(config, INSTALL, tmp_path, {"TORCH_VARIANT": "portable"}) == ()


def test_cached_result_and_uv_lock(tmp_path: Path) -> None:
    """With a `uv.lock` a cached result for this machine would get into the lock."""
    (tmp_path / "uv.lock").touch()
    assert fault(DYNAMIC, tmp_path) == STALE


def test_cached_result(tmp_path: Path) -> None:
    """Without a lock it is a warning."""
    assert check_uv_wiring(DYNAMIC, INSTALL, tmp_path, {}) == (STALE,)
