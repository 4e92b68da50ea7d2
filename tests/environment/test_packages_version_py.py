"""Reading a generated version.py as text."""

from __future__ import annotations

from string import ascii_letters, digits

from hypothesis import given, settings, strategies as st

from hatch_torch.environment.packages import parse_version_py

TORCH = """from typing import Optional

__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'rocm', 'xpu']
__version__ = '2.6.0+cu124'
debug = False
cuda: Optional[str] = '12.4'
git_version = 'cf30153c4c131c8164ee7798e5022d810682e2cb'
hip: Optional[str] = None
rocm: Optional[str] = None
xpu: Optional[str] = None
"""
VISION = """__version__ = '0.21.0+cu124'
git_version = '7af698794eded568735f9519593603c1ec889eba'
from torchvision.extension import _check_cuda_version
if _check_cuda_version() > 0:
    cuda = _check_cuda_version()
"""


def test_reads_torchs() -> None:
    """The version of every accelerator is read; values that are no strings are ignored."""
    expected = {
        "__version__": "2.6.0+cu124",
        "cuda": "12.4",
        "git_version": "cf30153c4c131c8164ee7798e5022d810682e2cb",
        "hip": None,
        "rocm": None,
        "xpu": None,
    }
    assert parse_version_py(TORCH) == expected


def test_never_runs_code() -> None:
    """A call, and an assignment in a branch, are ignored."""
    assert set(parse_version_py(VISION)) == {"__version__", "git_version"}


@given(
    values=st.dictionaries(
        st.sampled_from(["__version__", "cuda", "git_version", "hip", "rocm", "xpu"]),
        st.none() | st.text(ascii_letters + digits + " .+-=:#", max_size=9),
    ),
    annotation=st.sampled_from(["", ": Optional[str]", ": str | None"]),
    quote=st.sampled_from("'\""),
)
@settings(max_examples=80, deadline=None)
def test_reads_what_python_reads(
    values: dict[str, str | None], annotation: str, quote: str
) -> None:
    """Any assignment of a simple string or of None is read as Python would read it."""
    written = {
        name: f"{quote}{value}{quote}" if value is not None else "None"
        for name, value in values.items()
    }
    text = "".join(f"{name}{annotation} = {value}\n" for name, value in written.items())
    assert parse_version_py(text) == values


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_never_raises(text: str) -> None:
    """Any text can be parsed."""
    assert isinstance(parse_version_py(text), dict)
