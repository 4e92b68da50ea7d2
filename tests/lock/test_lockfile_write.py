"""The text of a lock."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from hatch_torch.lock.lockfile import dumps, parse_lock
from hatch_torch.lock.model import Lock, LockInputs

HASH = "0123456789abcdef" * 4
TEXT = f"""\
# Written by `hatch-torch lock`, which renews it too. Keep it under version control.
schema = 1

[made-for]
requirements = [
  "torch>=2.9",
  "torchaudio ; extra == 'sound'",
]
backends = [
  "cpu",
  "rocm6.4",
]
channel = "stable"

[narrowed]
pythons = [
  "3.12",
]

[backends."rocm6.4"]
torch = "2.9.1"
wheels = [
  {{ name = "pytorch-triton-rocm", version = "3.5.1", path = "pytorch_triton_rocm-3.5.1-cp312-cp312-linux_x86_64.whl" }},
  {{ name = "torch", version = "2.9.1+rocm6.4", path = "rocm6.4/torch-2.9.1%2Brocm6.4-cp312-cp312-manylinux_2_28_x86_64.whl", sha256 = "{HASH}", requires = ['pytorch-triton-rocm==3.5.1; platform_system == "Linux"'] }},
]

[backends.cpu]
torch = "2.9.1"
wheels = [
  {{ name = "torch", version = "2.9.1+cpu", path = "cpu/torch-2.9.1%2Bcpu-cp312-cp312-manylinux_2_28_x86_64.whl", host = "download-r2.pytorch.org", sha256 = "{HASH}" }},
]
"""  # noqa: E501 (one wheel is one line)


def test_one_wheel_per_line(lock: Lock) -> None:
    """A lock is sorted, with one wheel per line and without empty values."""
    assert dumps(lock) == TEXT


def test_equal_locks_have_equal_text(lock: Lock) -> None:
    """The text does not depend on the order of backends and wheels."""
    reordered = {
        backend: locked._replace(wheels=locked.wheels[::-1])
        for backend, locked in reversed([*lock.backends.items()])
    }
    assert dumps(lock._replace(backends=reordered)) == TEXT


def test_empty_lock() -> None:
    """An empty lock is valid."""
    assert parse_lock(dumps(Lock()).encode()) == Lock()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_any_text(texts: list[str]) -> None:
    """Any string survives writing and reading."""
    lock = Lock(LockInputs(tuple(texts)))
    assert parse_lock(dumps(lock).encode()) == lock
