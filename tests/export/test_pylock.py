"""The format `pylock` (PEP 751)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hatch_torch._toml import loads
from hatch_torch.errors import NoAnswerError
from hatch_torch.export.pylock import FILE_NAME, pylock

if TYPE_CHECKING:
    from tests.export.conftest import Make

ROCM = {"backend": "rocm7.0", "pins": ("torch 2.10.0+rocm7.0", "triton-rocm 3.6.0")}
TEXT = """\
# hatch-torch export: rocm7.0 (detection) for linux_x86_64, Python 3.12
# PyTorch's family alone, without what it requires: that comes with your project, installed next.
# pip needs --no-deps for it (pip install --no-deps -r pylock.NAME.toml); uv takes it as it is.
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


def test_text(make: Make) -> None:
    """It holds the family and its companions, and says for whom they are."""
    assert pylock(make("torch", **ROCM)) == TEXT


def test_packaging_reads_it(make: Make) -> None:
    """The reference implementation finds nothing wrong with it."""
    reader = pytest.importorskip("packaging.pylock", reason="packaging is older than 26")
    lock = reader.Pylock.from_dict(loads(pylock(make("torch", **ROCM))))
    assert [one.name for one in lock.packages] == ["torch", "triton-rocm"]


def test_nothing_to_lock(make: Make) -> None:
    """Portable requirements are no lock file."""
    with pytest.raises(NoAnswerError, match=r"^nothing to lock: no accelerator$"):
        pylock(make("torch", warnings=("no accelerator",)))


@pytest.mark.parametrize(("by_url", "missing"), [(False, "URL"), (True, "hash")])
def test_what_cannot_be_locked(make: Make, *, by_url: bool, missing: str) -> None:
    """A wheel without a URL or without a hash is told of."""
    subject = make("torch", backend="cpu", pins=("torch 2.6.0",), by_url=by_url)
    pins = tuple(one._replace(sha256=None) for one in subject.decision.pins)
    unhashed = replace(subject, decision=subject.decision._replace(pins=pins))
    with pytest.raises(NoAnswerError, match=rf"torch 2\.6\.0: no {missing} of its wheel"):
        pylock(unhashed)


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
    """A dot in the name makes it a file of another kind, for pip and for uv."""
    assert bool(FILE_NAME.fullmatch(name)) == allowed
