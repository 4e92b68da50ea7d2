"""The protocol of wheel sources, and how a project's sources are opened.

The sources are imported when they are opened: a run that reuses the installed wheels needs none.
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch._env import is_yes
from hatch_torch.catalog.releases import TORCH, pypi_backend, required_torch, torch_releases
from hatch_torch.config.env import Settings
from hatch_torch.frontend.request import BuildRequest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.config.uv_sources import UvSources
    from hatch_torch.index.client import Client
    from hatch_torch.index.find_links import FindLinks
    from hatch_torch.index.index_config import IndexConfig
    from hatch_torch.index.project_index import ProjectIndex
    from hatch_torch.index.pytorch_index import PyTorchIndex
    from hatch_torch.index.simple_api import PageKey, Wheel


class WheelSource(Protocol):
    """An index, folders of wheels, or a lock."""

    @property
    def notes(self) -> list[str]:
        """What was refused, stale or unreadable, for the record; without secrets."""

    @property
    def hint(self) -> str:
        """What to add to the error for no fitting wheel; empty for an index."""

    @property
    def is_folder(self) -> bool:
        """Whether the installer finds the wheels itself, so that they have no URL."""

    def has_own_folder(self, backend: Backend, /) -> bool:
        """Return whether a backend's wheels lie elsewhere than below the index's root."""

    def get_wheels(self, backend: Backend, name: str) -> Sequence[Wheel]:
        """Return a package's wheels of a backend."""

    def load_pages(self, keys: Iterable[PageKey]) -> Mapping[PageKey, Sequence[Wheel]]:
        """Return the wheels of several pages, which are requested together."""

    def list_backends(self) -> tuple[Backend, ...] | None:
        """Return the backends that the source lists; None where it lists none."""

    def read_requirements(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return a wheel's requirements; None where its METADATA cannot be read."""


class PinnedWheels(Protocol):
    """A lock, which replaces the index."""

    def has_wheel(self, name: str, version: Version) -> bool:
        """Return whether an installed wheel of this exact version may stay."""

    def find_members(self, extras: Collection[str]) -> tuple[str, ...]:
        """Return the packages of the family that only other packages of an install require."""

    def open(self, sources: SourceOptions) -> WheelSource:
        """Return the wheel source that replaces the index."""


class SourceOptions:
    """Everything that determines where a project's wheels come from, for one target."""

    def __init__(
        self,
        config: Config,
        settings: Settings,
        environ: Mapping[str, str],
        target: Target,
        request: BuildRequest | None = None,
    ) -> None:
        """Keep the project, the environment, and the interpreter that the wheels are for.

        The build request has the folders and indexes that the installer's command line names.
        """
        self.config = config
        self.settings = settings
        self.environ = environ
        self.target = target
        self.request = request or BuildRequest()

    @cached_property
    def index_config(self) -> IndexConfig:
        """The index, its source and its credentials.

        Raises ConfigurationError for a URL with a secret.
        """
        from hatch_torch.index.index_config import find_index_config  # noqa: PLC0415 (see above)

        return find_index_config(self.config, self.settings.index_url, self.request, self.environ)

    @cached_property
    def client(self) -> Client:
        """What fetches pages and files; all network use of a decision has one deadline."""
        from hatch_torch.index.client import Client  # noqa: PLC0415 (see above)
        from hatch_torch.index.http_cache import open_cache  # noqa: PLC0415 (see above)

        return Client(
            open_cache(self.environ),
            self.index_config.environ,
            timeout=self.settings.timeout,
            offline=self.settings.offline,
            credentials=self.index_config.credentials,
        )

    def open_index(self) -> PyTorchIndex:
        """Return the index, without requesting anything yet."""
        from hatch_torch.index.pytorch_index import PyTorchIndex  # noqa: PLC0415 (see above)

        config, index = self.config, self.index_config
        for note in index.notes:
            self.client.add_note(note)
        return PyTorchIndex(
            index.root,
            self.client,
            channel=config.channel,
            folders=index.folders,
            hosts=config.hosts,
        )

    @cached_property
    def project_index(self) -> ProjectIndex:
        """The installer's own indexes, from which it takes the other packages."""
        from hatch_torch.index.index_config import find_installer_indexes  # noqa: PLC0415 (see above)
        from hatch_torch.index.project_index import ProjectIndex  # noqa: PLC0415 (see above)

        options = find_installer_indexes(self.request, self.environ, self.uv_sources)
        return ProjectIndex(self.client, options, self.target)

    @cached_property
    def uv_sources(self) -> UvSources | None:
        """Where uv gets the packages; None where it is not the installer."""
        request, environ = self.request, self.environ
        if request.installer != "uv" or request.project is None:
            return None
        from hatch_torch.config.uv_sources import read_uv_sources  # noqa: PLC0415 (few use uv)

        return read_uv_sources(
            request.project,
            request.extras,
            self.target.environment,
            # uv applies sources to the requirements of projects, not to those of a command.
            has_sources=bool(self.config.name) and not is_yes(environ.get("UV_NO_SOURCES", "")),
            has_config=not is_yes(environ.get("UV_NO_CONFIG", "")),
        )

    def for_target(self, target: Target, request: BuildRequest) -> SourceOptions:
        """Return the same sources for another interpreter; pages and METADATA are read once."""
        other = copy(self)
        other.client = self.client
        other.project_index = self.project_index.for_target(target)
        other.target = target
        other.request = request
        vars(other).pop("uv_sources", None)
        return other

    def open_find_links(self) -> FindLinks | None:
        """Return the folders of an offline installer, if they contain torch."""
        if not (self.settings.offline and self.request.find_links):
            return None
        from hatch_torch.index.find_links import FindLinks  # noqa: PLC0415 (see above)

        folders = map(Path, self.request.find_links)
        source = FindLinks(folders, lambda wheel: _find_pypi_backend(wheel, self.target.platform))
        return source if source.has_package(TORCH) else None


def open_index(config: Config, environ: Mapping[str, str], target: Target) -> PyTorchIndex:
    """Return the index even where a lock decides: for its URLs, and to download the wheels."""
    return SourceOptions(config, Settings.of(environ), environ, target).open_index()


def _find_pypi_backend(wheel: Wheel, platform: str) -> Backend | None:
    """Return the backend of a wheel from PyPI: torch's own, or that of the torch it requires."""
    release = Version(wheel.version.public)
    is_torch = wheel.name == TORCH
    torch = SpecifierSet(f"=={release}") if is_torch else required_torch(wheel.name, release)
    releases = [item for item in torch_releases() if torch is not None and item in torch]
    return pypi_backend(releases[-1], platform) if releases else None
