"""Every other package of an install, as the exact file that an installer takes for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.find_links import hash_local_file
from hatch_torch.index.simple_api import Wheel
from hatch_torch.resolution.model import FamilyChoice, TreeConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.requirements import Requirement

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.index.project_index import ReleaseFile
    from hatch_torch.index.source import WheelSource
    from hatch_torch.resolution.model import Decision, Pin, Release, ResolutionInputs, WholeInstall


class OtherPackages(NamedTuple):
    """The packages of an install beside the decided wheels."""

    files: tuple[ReleaseFile, ...] = ()
    """Sorted by name; each has a hash."""
    notices: tuple[str, ...] = ()
    """What is missing among them, and why."""


NO_PACKAGES = OtherPackages()


def find_other_packages(
    inputs: ResolutionInputs, decision: Decision, index: WheelSource
) -> OtherPackages:
    """Return the packages that an empty environment needs beside the decision's wheels.

    `index` is the torch index, which has the METADATA of these wheels even where a lock decides.
    """
    notices: dict[str, None] = {}
    if decision.backend is None:
        return NO_PACKAGES
    required = [
        requirement
        for pin in decision.pins
        for requirement in _read_requirements(inputs, decision.backend, pin, index, notices)
    ]
    choice = FamilyChoice({pin.name: pin.version for pin in decision.pins}, lambda: required)
    tree = inputs.open_tree(inputs.target, inputs.extras)
    if tree is None:
        return NO_PACKAGES
    try:
        releases = tree.complete(choice)
    except TreeConflictError as conflict:
        reason = f": {conflict}" if conflict.bounds else ""
        return OtherPackages((), (f"the other packages are left out: they conflict{reason}",))
    files = tuple(_find_files(tree, releases, notices))
    return OtherPackages(files, tuple(notices))


def _read_requirements(
    inputs: ResolutionInputs,
    backend: Backend,
    pin: Pin,
    index: WheelSource,
    notices: dict[str, None],
) -> Iterator[Requirement]:
    """Yield what a pinned wheel requires here, for the extras that the project asks of it."""
    extras = {""}.union(
        *(
            one.extras
            for one in inputs.config.dependencies
            if canonicalize_name(one.name) == pin.name
        )
    )
    found = None
    try:
        listed = (one for one in index.get_wheels(backend, pin.name) if one.url == pin.url)
        filename = unquote((pin.url or "").rpartition("/")[2])
        wheel = next(listed, None) or Wheel.from_filename(
            filename, pin.url or "", sha256=pin.sha256
        )
        found = index.read_requirements(wheel)
    except (IndexFaultError, ValueError):
        pass
    if found is None:
        notices[f"what {pin.name} {pin.version} requires is left out: cannot read its METADATA"] = (
            None
        )
    environment = inputs.target.environment
    for one in found or ():
        if any(marker_applies(one.marker, environment, extra) for extra in extras):
            yield one


def _find_files(
    tree: WholeInstall, releases: Mapping[str, Release], notices: dict[str, None]
) -> Iterator[ReleaseFile]:
    for name in sorted(releases):
        release = releases[name]
        file = tree.find_file(release)
        if file is None:
            notices[f"{release} is left out: no index has a file of it that can be read"] = None
        elif urlsplit(file.url).query:
            notices[f"{release} is left out: its URL has a query, which may be a secret"] = None
        elif (digest := file.sha256 or hash_local_file(file.url)) is None:
            notices[f"{release} is left out: its index gives no hash"] = None
        else:
            yield file._replace(sha256=digest)


def format_requirements(pins: Iterable[Pin], others: OtherPackages) -> Iterator[str]:
    """Yield the lines of a requirements file whose every package has a hash.

    The torch family comes by URL: the installer's own index may have other files of its version.
    """
    for pin in pins:
        place = f"{pin.name} @ {pin.url}" if pin.url else f"{pin.name}=={pin.version}"
        yield f"{place} --hash={str(pin.hash_fragment).replace('=', ':', 1)}"
    for file in others.files:
        yield f"{file.name}=={file.version} --hash=sha256:{file.sha256}"
