"""The format `pylock` (PEP 751)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hatch_torch._toml import loads
from hatch_torch.errors import NoAnswerError
from hatch_torch.export.pylock import FILE_NAME, render_pylock

if TYPE_CHECKING:
    from tests.export.conftest import MakeContext

ROCM = {"backend": "rocm7.0", "pins": ("torch 2.10.0+rocm7.0", "triton-rocm 3.6.0")}
TEXT = """\
# hatch-torch export: rocm7.0 (detection) for linux_x86_64, Python 3.12
# Every package that the project requires, for one target; pip and uv need no option.
lock-version = "1.0"
environments = ["sys_platform == 'linux' and platform_machine == 'x86_64'"]
requires-python = "==3.12.*"
created-by = "hatch-torch"

[[packages]]
name = "torch"
version = "2.10.0+rocm7.0"
index = "https://download.pytorch.org/whl/rocm7.0"
wheels = [
  { name = "torch-2.10.0+rocm7.0-cp312-cp312-linux_x86_64.whl", \
url = "https://download.pytorch.org/whl/rocm7.0/torch-2.10.0%2Brocm7.0-cp312-cp312-linux_x86_64.whl\
", hashes = { sha256 = "00000000torch" } },
]

[[packages]]
name = "triton-rocm"
version = "3.6.0"
index = "https://download.pytorch.org/whl/rocm7.0"
wheels = [
  { name = "triton_rocm-3.6.0-cp312-cp312-linux_x86_64.whl", \
url = "https://download.pytorch.org/whl/rocm7.0/triton_rocm-3.6.0-cp312-cp312-linux_x86_64.whl\
", hashes = { sha256 = "00000000triton-rocm" } },
]
"""


def test_text(make_context: MakeContext) -> None:
    """It contains the family and its companions, and the machine that they are for."""
    assert render_pylock(make_context("torch", **ROCM)) == TEXT


def test_is_valid(make_context: MakeContext) -> None:
    """The reference implementation accepts it."""
    reader = pytest.importorskip("packaging.pylock", reason="packaging is older than 26")
    lock = reader.Pylock.from_dict(loads(render_pylock(make_context("torch", **ROCM))))
    assert [package.name for package in lock.packages] == ["torch", "triton-rocm"]


def test_nothing_to_lock(make_context: MakeContext) -> None:
    """There is no lock file for portable requirements."""
    with pytest.raises(NoAnswerError, match=r"^there is nothing to lock: no accelerator$"):
        render_pylock(make_context("torch", warnings=("no accelerator",)))


@pytest.mark.parametrize(("by_url", "missing"), [(False, "URL"), (True, "hash")])
def test_incomplete_wheels(make_context: MakeContext, *, by_url: bool, missing: str) -> None:
    """A wheel without a URL or hash is an error."""
    context = make_context("torch", backend="cpu", pins=("torch 2.6.0",), by_url=by_url)
    pins = tuple(pin._replace(sha256=None) for pin in context.decision.pins)
    unhashed = replace(context, decision=context.decision._replace(pins=pins))
    with pytest.raises(
        NoAnswerError, match=rf"the {missing} of the wheel of torch 2\.6\.0 is not known"
    ):
        render_pylock(unhashed)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("pylock.toml", True),
        ("pylock.rocm72.toml", True),
        ("pylock.rocm7.2.toml", False),
        ("pylock..toml", False),
        ("lock.toml", False),
    ],
)
def test_file_names(name: str, *, allowed: bool) -> None:
    """Pip and uv do not recognize a file with a dot in its name."""
    assert bool(FILE_NAME.fullmatch(name)) == allowed
