"""The wheel source for folders of wheels (`--find-links`), where there is no network."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.utils import InvalidWheelFilename, canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.index.simple_api import Wheel
from hatch_torch.index.wheel_metadata import FAULTS, extract_metadata, parse_metadata

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packaging.requirements import Requirement

    from hatch_torch.index.simple_api import PageKey


class FindLinks:
    """The wheels in folders: an installer finds them by their versions, without a URL."""

    hint = ""
    is_folder = True

    def __init__(
        self,
        folders: Iterable[Path],
        backend_without_local: Callable[[Wheel], Backend | None] = lambda _: None,
    ) -> None:
        """Read the folders; one that does not exist has no wheels.

        `backend_without_local` returns the backend of a wheel that has no local version, None for
        a wheel that fits any.
        """
        self._paths = dict(_find_wheels(folders))
        self._backend_without_local = backend_without_local
        self._notes: dict[str, None] = {}

    @property
    def notes(self) -> list[str]:
        """What could not be read, for the record."""
        return [*self._notes]

    def has_package(self, name: str) -> bool:
        """Return whether there is any wheel of a package."""
        return any(wheel.name == canonicalize_name(name) for wheel in self._paths)

    def has_own_folder(self, _backend: Backend) -> bool:
        """Return True: no wheel lies on PyTorch's index."""
        return True

    def all_wheels(self) -> tuple[Wheel, ...]:
        """Return all wheels, in the order of the folders."""
        return (*self._paths,)

    def get_wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return a package's wheels of a backend, in the order of the folders."""
        normalized = canonicalize_name(name)
        wheels = (wheel for wheel in self._paths if wheel.name == normalized)
        return tuple(wheel for wheel in wheels if self._get_backend(wheel) in {None, backend})

    def load_pages(self, keys: Iterable[PageKey]) -> dict[PageKey, tuple[Wheel, ...]]:
        """Return the wheels of several packages."""
        return {key: self.get_wheels(*key) for key in keys}

    def list_backends(self) -> tuple[Backend, ...]:
        """Return the backends that have a torch."""
        torches = (wheel for wheel in self._paths if wheel.name == "torch")
        backends = {backend for wheel in torches if (backend := self._get_backend(wheel))}
        return tuple(sorted(backends, key=lambda item: (item.family, item.release)))

    def read_requirements(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return a wheel's requirements; None where METADATA cannot be read (`notes` say why)."""
        try:
            with self._paths[wheel].open("rb") as file:
                return parse_metadata(extract_metadata(file), wheel).requires
        except FAULTS as error:
            self._notes[f"{wheel.filename}: {error}"] = None
            return None

    def _get_backend(self, wheel: Wheel) -> Backend | None:
        """Return a wheel's backend; None for a local version that names none."""
        if wheel.version.local is None:
            return self._backend_without_local(wheel)
        with suppress(ValueError):
            return Backend.parse(wheel.version.local)
        return None


def _find_wheels(folders: Iterable[Path]) -> Iterator[tuple[Wheel, Path]]:
    """Yield the wheels of the folders; like pip and uv, skip files with invalid names."""
    for folder in folders:
        for path in sorted(folder.glob("*.whl")):
            with suppress(InvalidWheelFilename):
                yield Wheel.from_filename(path.name, ""), path


def hash_local_file(url: str) -> str | None:
    """Return the SHA-256 of a file in a folder; None for one elsewhere, or that cannot be read."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    try:
        return sha256(Path(url2pathname(parts.path)).read_bytes()).hexdigest()
    except OSError:
        return None
