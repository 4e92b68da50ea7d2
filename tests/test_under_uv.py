"""What uv needs of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.config.build_system import Wiring
from hatch_torch.config.config import Config
from hatch_torch.config.uv_wiring import check
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import Request

if TYPE_CHECKING:
    from pathlib import Path

STATIC = Config(wiring=Wiring(build_hook={}))
DYNAMIC = Config(
    wiring=Wiring(metadata_hook={}, build_hook={}, dynamic=frozenset({"optional-dependencies"}))
)
STAMPED = Config(wiring=Wiring(dynamic=frozenset({"dependencies"}), names_stamp=True))
INSTALL = Request("uv", "uv pip install", "install")
STALE = (
    "uv may repeat an earlier answer; add to [tool.uv] in pyproject.toml:\n"
    '    cache-keys = [{ file = "pyproject.toml" }, { file = ".torch-variant.stamp" }]'
)


def fault(config: Config, project: Path) -> str:
    """Return why an install by uv is refused."""
    with pytest.raises(ConfigurationError) as caught:
        check(config, INSTALL, project, {})
    return str(caught.value)


def test_full_form(tmp_path: Path) -> None:
    """A project of the full form that names the stamp needs nothing more."""
    (tmp_path / "uv.lock").touch()
    assert check(STAMPED, INSTALL, tmp_path, {}) == ()


@pytest.mark.parametrize(
    "request_",
    [Request("pip", "pip install", "install"), Request("uv", "uv sync", "portable"), Request()],
)
def test_others(tmp_path: Path, request_: Request) -> None:
    """An install by pip, and everything portable, is right without."""
    assert check(STATIC, request_, tmp_path, {}) == ()


def test_uv_does_not_ask(tmp_path: Path) -> None:
    """Where nothing is dynamic, the lines of the full form are there to paste."""
    found = fault(STATIC, tmp_path)
    assert found == (
        "uv reads this project's dependencies itself and asks no hook, since nothing of them is "
        "dynamic. Add these lines to pyproject.toml, or set TORCH_VARIANT=portable:\n"
        "    [project]\n"
        '    dynamic = ["optional-dependencies"]\n'
        "    [tool.hatch.metadata.hooks.torch-variant]"
    )


def test_extras_have_to_move(tmp_path: Path) -> None:
    """A field cannot be both dynamic and static, so that the project's extras move."""
    config = Config(wiring=Wiring(build_hook={}, static_extras=frozenset({"dev"})))
    expected = (
        "\nand call [project.optional-dependencies] [tool.torch-variant.optional-dependencies]"
    )
    assert fault(config, tmp_path)[-len(expected) :] == expected


@pytest.mark.parametrize("config", [STATIC, DYNAMIC])
@pytest.mark.parametrize("lock", [True, False])
def test_portable(tmp_path: Path, config: Config, *, lock: bool) -> None:
    """What adds nothing cannot differ from what uv reads."""
    if lock:
        (tmp_path / "uv.lock").touch()
    assert check(config, INSTALL, tmp_path, {"TORCH_VARIANT": "portable"}) == ()


def test_stale_answers_in_a_lock(tmp_path: Path) -> None:
    """With a `uv.lock` uv's cache would carry this machine's answer into the lock."""
    (tmp_path / "uv.lock").touch()
    assert fault(DYNAMIC, tmp_path) == STALE


def test_stale_answers(tmp_path: Path) -> None:
    """Without a lock it is worth a note."""
    assert check(DYNAMIC, INSTALL, tmp_path, {}) == (STALE,)
