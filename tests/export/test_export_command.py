"""The formats `command` and `extra`, which scripts take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import ConfigurationError, NoAnswerError
from hatch_torch.export.formats import command, extra

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.export.conftest import Make

    Extras = Callable[..., tuple[object, ...]]

URL = "https://download.pytorch.org/whl"


def test_command(make: Make) -> None:
    """It names the family by its versions, and one index, which has the companions too."""
    pins = ("torch 2.10.0+rocm7.0", "torchvision 0.25.0+rocm7.0", "triton-rocm 3.6.0")
    expected = f"pip install torch==2.10.0 torchvision==0.25.0 --index-url {URL}/rocm7.0\n"
    assert expected == command(make("torchvision", backend="rocm7.0", pins=pins))


def test_nightly(make: Make) -> None:
    """A nightly needs `--pre`."""
    subject = make("torch", backend="cpu", pins=("torch 2.16.0.dev20261120+cpu",))
    expected = f"pip install --pre torch==2.16.0.dev20261120 --index-url {URL}/cpu\n"
    assert expected == command(subject)


def test_kept(make: Make) -> None:
    """What comes from no index is named by its whole version, without an index."""
    subject = make("torch", backend="cpu", pins=("torch 2.6.0+local",), by_url=False)
    assert command(subject) == "pip install torch==2.6.0+local\n"


def test_portable_command(make: Make) -> None:
    """Without a backend the requirements on the family are installed as written."""
    written = ("torch>=2.3", "numpy", "torchvision ; sys_platform == 'win32'")
    header = "# hatch-torch export: portable; why\n"
    assert command(make(*written, warnings=("why",))) == f"{header}pip install 'torch>=2.3'\n"
    nothing = command(make("numpy", warnings=("why",)))
    assert nothing == f"{header}# nothing requires torch\n"


@pytest.mark.parametrize(
    ("backend", "expected"), [("rocm7.0", "rocm70"), ("cpu", "CPU"), ("mps", "CPU")]
)
def test_extra(make: Make, extras: Extras, backend: str, expected: str) -> None:
    """It is spelled as the project spells it; the plain wheel's is cpu where there is no mps."""
    subject = make("torch", backend=backend, extras=extras("rocm70", "CPU"))
    assert f"{expected}\n" == extra(subject)


def test_no_extra(make: Make, extras: Extras) -> None:
    """A backend without an extra, and no backend, are told of."""
    with pytest.raises(ConfigurationError, match=r"\[tool\.torch-variant\.extras\.cu126\]"):
        extra(make("torch", backend="cu126", extras=extras("rocm70")))
    with pytest.raises(NoAnswerError, match=r"^no extra: why"):
        extra(make("torch", warnings=("why",), extras=extras("rocm70")))
