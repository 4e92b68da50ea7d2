"""What a lock covers: which backends, on which Pythons and platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import known_backends, supported_pythons, torch_releases
from hatch_torch.config.validation import describe_mismatch, get_table, is_backend
from hatch_torch.errors import ConfigurationError, did_you_mean
from hatch_torch.resolution.strategies import get_cpu_backend

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from hatch_torch.catalog.target import Target
    from hatch_torch.config.config import Config
    from hatch_torch.lock.model import LockScope

BackendTarget = tuple[Backend, "Target"]
"""A backend on a Python and a platform: a wheel of each family package is locked for it."""

_PATCHES = range(100)  # more than any Python 3 has had


def expand_scope(
    config: Config, pyproject: Mapping[str, Any], scope: LockScope
) -> tuple[BackendTarget, ...]:
    """Return every backend, Python and platform that a lock covers.

    Raises ConfigurationError for a backend, Python or platform that does not exist, or that the
    project does not support.
    """
    expanded = [
        targets.foreign_interpreter(python, platform)
        for platform in scope.platforms or targets.PLATFORMS
        for python in scope.pythons or list_pythons(pyproject)
    ]
    selected = _parse_backends(scope.backends)
    found = tuple(
        (backend, target)
        for target in expanded
        for backend in _supported_backends(config, target, selected)
        if not selected or backend in selected
    )
    missing = {*selected} - {backend for backend, _ in found}
    if missing or not found:
        raise ConfigurationError([_format_empty(config, sorted(map(str, missing)))])
    return found


def list_pythons(pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the Pythons with wheels of torch that `requires-python` admits, the oldest first.

    A Python is admitted if any of its patch releases is. Free-threaded builds are not among them:
    they are locked where the scope names them.
    """
    text = get_table(pyproject, "project").get("requires-python", "")
    try:
        admitted = SpecifierSet(text if isinstance(text, str) else "")
    except InvalidSpecifier:  # the build backend reports it
        admitted = SpecifierSet()
    known = {
        int(python.removeprefix("3."))
        for release in torch_releases()
        for platform in targets.PLATFORMS
        for python in supported_pythons(release, platform)
        if not python.endswith("t")
    }
    return tuple(
        f"3.{minor}"
        for minor in sorted(known)
        if any(admitted.contains(f"3.{minor}.{patch}") for patch in _PATCHES)
    )


def _parse_backends(names: Iterable[str]) -> tuple[Backend, ...]:
    known = [backend.name for backend in known_backends()]
    faults = [
        describe_mismatch("a backend such as cu128 or rocm6.4", name, "--backend")
        + did_you_mean(name, known)
        for name in names
        if not is_backend(name)
    ]
    if faults:
        raise ConfigurationError(faults)
    return tuple(map(Backend.parse, names))


def _supported_backends(
    config: Config, target: Target, selected: Iterable[Backend]
) -> Iterator[Backend]:
    """Yield the backends that the project supports on a platform; on a Mac always the default."""
    known = known_backends(target.platform)
    if not config.extras:
        yield from known
        yield from (backend for backend in selected if _may_exist(target, backend))
        return
    for extra in config.extras:
        is_foreign = bool(extra.index_url)
        if extra.backend in known or _may_exist(target, extra.backend, foreign=is_foreign):
            yield extra.backend
    named = {extra.backend for extra in config.extras}
    if target.platform.startswith("macos") and get_cpu_backend(target) not in named:
        yield get_cpu_backend(target)


def _may_exist(target: Target, backend: Backend, *, foreign: bool = False) -> bool:
    """Return whether only an index can tell: no table knows the backend, or the project's index."""
    is_unknown = foreign or backend not in known_backends()
    return is_unknown and not target.platform.startswith("macos")


def _format_empty(config: Config, missing: Collection[str]) -> str:
    supported = [extra.name for extra in config.extras] or [*map(str, known_backends())]
    what = f"for {', '.join(missing)}" if missing else "for these Pythons and platforms"
    return f"nothing to lock {what}; this project supports {', '.join(supported)}"
