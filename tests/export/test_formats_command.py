"""The formats `command` and `extra`, for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError, NoAnswerError
from hatch_torch.export.formats import render_command, render_extra

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.export.conftest import MakeContext

    Extras = Callable[..., tuple[object, ...]]

URL = "https://download.pytorch.org/whl"


def test_command(make_context: MakeContext) -> None:
    """It names the family by version, and the one index, which has the companions too."""
    pins = ("torch 2.10.0+rocm7.0", "torchvision 0.25.0+rocm7.0", "triton-rocm 3.6.0")
    expected = f"pip install torch==2.10.0 torchvision==0.25.0 --index-url {URL}/rocm7.0\n"
    assert expected == render_command(make_context("torchvision", backend="rocm7.0", pins=pins))


def test_nightly(make_context: MakeContext) -> None:
    """A nightly needs `--pre`."""
    context = make_context("torch", backend="cpu", pins=("torch 2.16.0.dev20261120+cpu",))
    expected = f"pip install --pre torch==2.16.0.dev20261120 --index-url {URL}/cpu\n"
    assert expected == render_command(context)


def test_kept(make_context: MakeContext) -> None:
    """A package that is from no index has its whole version, and there is no index option."""
    context = make_context("torch", backend="cpu", pins=("torch 2.6.0+local",), by_url=False)
    assert render_command(context) == "pip install torch==2.6.0+local\n"


def test_portable_command(make_context: MakeContext) -> None:
    """Without a backend the requirements on the family are installed as declared."""
    requirements = ("torch>=2.3", "numpy", "torchvision ; sys_platform == 'win32'")
    header = "# hatch-torch export: portable; why\n"
    assert (
        render_command(make_context(*requirements, warnings=("why",)))
        == f"{header}pip install 'torch>=2.3'\n"
    )
    nothing = render_command(make_context("numpy", warnings=("why",)))
    assert nothing == f"{header}# nothing requires torch\n"


@pytest.mark.parametrize(
    ("backend", "expected"), [("rocm7.0", "rocm70"), ("cpu", "CPU"), ("mps", "CPU")]
)
def test_extra(make_context: MakeContext, make_extras: Extras, backend: str, expected: str) -> None:
    """It has the project's spelling; the default wheel for macOS goes by cpu without mps."""
    context = make_context("torch", backend=backend, extras=make_extras("rocm70", "CPU"))
    assert f"{expected}\n" == render_extra(context)


def test_no_extra(make_context: MakeContext, make_extras: Extras) -> None:
    """A backend without an extra, and no backend at all, are errors."""
    with pytest.raises(ConfigurationError, match=r"\[tool\.torch-variant\.extras\.cu126\]"):
        render_extra(make_context("torch", backend="cu126", extras=make_extras("rocm70")))
    with pytest.raises(NoAnswerError, match=r"^there is no extra to use: why"):
        render_extra(make_context("torch", warnings=("why",), extras=make_extras("rocm70")))
