"""What a user wants `init` to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_torch.backend import Backend
from hatch_torch.errors import ConfigurationError
from hatch_torch.project.schema import bad_backend
from hatch_torch.releases import known_backends, nearest_published

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of contract.md, section 2, and the backends that the project supports."""

    smallest: bool = False
    """Only the build hook: enough for pip, and the extras stay where they are."""
    backends: tuple[Backend, ...] = ()


def read_backends(text: str, place: str = "--backends") -> tuple[Backend, ...]:
    """Read `cu124,rocm70,cpu`; raises ConfigurationError with every name that is no backend's."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    faults = [*_faults(names, place)] if names else [f"{place}: found {text!r}; allowed is a list"]
    if faults:
        raise ConfigurationError(faults)
    return tuple(dict.fromkeys(map(_meant, names)))


def _meant(name: str) -> Backend:
    """Return the backend, or what stands for a ROCm that PyTorch never published."""
    backend = Backend.parse(name)
    stand_in = nearest_published(backend)
    return stand_in[0] if stand_in else backend


def _faults(names: list[str], place: str) -> Iterator[str]:
    for name in names:
        try:
            Backend.parse(name)
        except ValueError:
            yield bad_backend(name, place, [one.extra for one in known_backends()])
