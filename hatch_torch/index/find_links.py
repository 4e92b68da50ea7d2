"""Folders of wheels (`--find-links`), asked like an index where there is no network."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.index.simple_api import Wheel
from hatch_torch.index.wheel_metadata import FAULTS, metadata_in, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from packaging.requirements import Requirement


class Wheelhouse:
    """The wheels that lie in folders: an installer gets them by their versions, without a URL."""

    hint = ""
    is_folder = True

    def __init__(
        self, folders: Iterable[Path], plain: Callable[[Wheel], Backend | None] = lambda _: None
    ) -> None:
        """Take the folders; what is none holds nothing.

        `plain` tells the backend of a wheel that has no local version, None for one of any.
        """
        self._paths = dict(_wheels(folders))
        self._plain = plain
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> list[str]:
        """What could not be read, for the record."""
        return [*self._notes]

    def holds(self, name: str) -> bool:
        """Tell whether there is any wheel of a package."""
        return any(wheel.name == canonicalize_name(name) for wheel in self._paths)

    def has_own_folder(self, _backend: Backend) -> bool:
        """Answer that its wheels lie elsewhere than on PyTorch's index, whatever their backend."""
        return True

    def every(self) -> tuple[Wheel, ...]:
        """Return all wheels, in the order of the folders."""
        return (*self._paths,)

    def wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return a package's wheels of a backend, in the order of the folders."""
        wanted = canonicalize_name(name)
        every = (wheel for wheel in self._paths if wheel.name == wanted)
        return tuple(wheel for wheel in every if self._backend(wheel) in {None, backend})

    def pages(
        self, asks: Iterable[tuple[Backend, str]]
    ) -> dict[tuple[Backend, str], tuple[Wheel, ...]]:
        """Return the wheels of several packages."""
        return {ask: self.wheels(*ask) for ask in asks}

    def backends(self) -> tuple[Backend, ...]:
        """Return the backends of which there is a torch."""
        torches = (wheel for wheel in self._paths if wheel.name == "torch")
        found = {backend for wheel in torches if (backend := self._backend(wheel))}
        return tuple(sorted(found, key=lambda one: (one.family, one.release)))

    def requires(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return what a wheel depends on, or None where that cannot be read; `notes` say why."""
        try:
            with self._paths[wheel].open("rb") as file:
                return parse_metadata(metadata_in(file), wheel).requires
        except FAULTS as error:
            self._notes[f"{wheel.filename}: {error}"] = None
            return None

    def _backend(self, wheel: Wheel) -> Backend | None:
        """Return the backend that a wheel is of; a local version that is none's says nothing."""
        if wheel.version.local is None:
            return self._plain(wheel)
        with suppress(ValueError):
            return Backend.parse(wheel.version.local)
        return None


def _wheels(folders: Iterable[Path]) -> Iterator[tuple[Wheel, Path]]:
    """Yield the wheels of the folders; pip and uv pass over what has another name, too."""
    for folder in folders:
        for path in sorted(folder.glob("*.whl")):
            with suppress(InvalidWheelFilename):
                yield Wheel.from_filename(path.name, ""), path
