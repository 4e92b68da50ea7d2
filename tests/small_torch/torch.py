"""A torch that multiplies in plain Python, on a device that FAKE_DEVICE names.

FAKE_FAULT is what goes wrong there, FAKE_OFF by how much its product is.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

__version__ = "2.8.0+cu128"
version = SimpleNamespace(cuda="12.8", hip=None)


class Number(float):
    """A tensor without dimensions."""

    def __truediv__(self, other: float) -> Number:
        """Divide."""
        return Number(float(self) / other)

    def item(self) -> float:
        """Return a plain number."""
        return float(self)


class Matrix:
    """One number, and the device that it lies on."""

    def __init__(self, value: float, device: str = "cpu") -> None:
        """Take both."""
        self.value, self.device = value, device

    def to(self, device: str) -> Matrix:
        """Move it."""
        return Matrix(self.value, device)

    def cpu(self) -> Matrix:
        """Move it back."""
        return Matrix(self.value)

    def __matmul__(self, other: Matrix) -> Matrix:
        """Multiply, or fail, or err."""
        there = self.device != "cpu"
        if there and os.environ.get("FAKE_FAULT"):
            raise RuntimeError(os.environ["FAKE_FAULT"])
        off = float(os.environ.get("FAKE_OFF", "0")) if there else 0
        return Matrix(self.value * other.value + off, self.device)

    def __sub__(self, other: Matrix) -> Matrix:
        """Subtract."""
        return Matrix(self.value - other.value)

    def abs(self) -> Matrix:
        """Return it without its sign."""
        return Matrix(abs(self.value))

    def max(self) -> Number:
        """Return its largest number."""
        return Number(self.value)


class Generator:
    """No source of chance."""

    def manual_seed(self, _seed: int) -> Generator:
        """Return itself."""
        return self


def randn(*_size: int, generator: Generator) -> Matrix:  # noqa: ARG001 (torch's own signature)
    """Return the same number each time."""
    return Matrix(2.0)


def _device(kind: str, name: str) -> SimpleNamespace:
    return SimpleNamespace(
        is_available=lambda: os.environ.get("FAKE_DEVICE") == kind,
        get_device_properties=lambda _number: SimpleNamespace(name=name, total_memory=2**34),
        device_count=lambda: 2,
        get_arch_list=lambda: ["sm_75", "sm_90"],
    )


cuda, xpu = _device("cuda", "A GPU"), _device("xpu", "An Arc")
backends = SimpleNamespace(mps=_device("mps", "A Mac"))
print("a warning that torch prints")  # noqa: T201 (torch prints, too)
