"""The ways to go, in order: which backends are tried together, and which of their releases run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.backend import Backend
from hatch_torch.choose import Verdict, most_capable, rank, why_not
from hatch_torch.errors import NoAnswerError
from hatch_torch.releases import known_backends

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from packaging.version import Version

    from hatch_torch.deciding.resolve import Fits
    from hatch_torch.hardware.facts import Accelerator, Hardware
    from hatch_torch.project.config import Config
    from hatch_torch.project.wish import Wish
    from hatch_torch.target import Target

VENDORS = {"cuda": "nvidia", "rocm": "amd", "xpu": "intel", "mps": "apple"}
"""Whose hardware a family of backends is for."""

_PLAIN = {"cpu", "mps"}


def always(_backend: Backend, _release: Version) -> None:
    """Find nothing against any release: nobody asked whether it runs here."""


class Course(NamedTuple):
    """Backends to be tried together, in the order of their rank."""

    backends: tuple[Backend, ...]
    fits: Fits = always
    warnings: tuple[str, ...] = ()


def plain(target: Target) -> Backend:
    """Return the backend that every machine of a platform can use."""
    return Backend("mps" if target.platform == "macos_arm64" else "cpu")


def settle(wish: Wish, target: Target) -> Wish:
    """Replace a backend that the platform never had by the plain wheel.

    The CPU's wheel is the plain one everywhere. Raises NoAnswerError where the backend was asked
    for in this very run.
    """
    backend = Backend(str(wish.value)) if wish.value in _PLAIN else wish.backend
    if backend is None:
        return wish
    if backend.family == "cpu" or backend == plain(target):
        return wish.replaced(plain(target))
    never = backend in known_backends() and backend not in known_backends(target.platform)
    if not (never or target.platform.startswith("macos")):
        return wish
    refusal = f"PyTorch publishes no {backend} wheel for {target.platform}"
    if wish.explicit:
        raise NoAnswerError(f"{wish.decided_by}: {refusal}; ask for {plain(target)} or auto")
    return wish.replaced(plain(target), f"{refusal}: the plain wheel is taken")


def verdicts(config: Config, wish: Wish, hardware: Hardware, target: Target) -> tuple[Verdict, ...]:
    """Judge every backend that the wish leaves in question, the most preferred first."""
    if wish.backend:
        return (Verdict(wish.backend, usable=True, reason=f"asked for by {wish.decided_by}"),)
    judged = rank(hardware, target, _allowed(config, target), foreign=_foreign(config))
    return tuple(one for one in judged if wish.family in {None, one.backend.family})


def courses(
    config: Config, wish: Wish, hardware: Hardware, judged: tuple[Verdict, ...], target: Target
) -> Iterator[Course]:
    """Yield the ways to go that use what this machine has, the most preferred first.

    A backend asked for by name is obeyed without a look at the hardware, and so is a family of
    which this machine shows no device.
    """
    if wish.backend:
        yield Course((wish.backend,), warnings=wish.notes)
        return
    if wish.family and not hardware.of_vendor(VENDORS[wish.family]):
        warning = f"{wish.decided_by} asks for {wish.family}, of which no device was found"
        allowed = _allowed(config, target)
        backends = (one.backend for one in judged if allowed is None or one.backend in allowed)
        yield Course(tuple(backends), warnings=(*wish.notes, warning))
        return
    stages = (_Stage(hardware, judged), *_reduced(config, wish, hardware, target))
    for family in dict.fromkeys(one.backend.family for stage in stages for one in stage.judged):
        for stage in stages:
            yield from _of_family(family, config, stage, target, wish.notes)


def plain_course(wish: Wish, target: Target, *warnings: str) -> Course:
    """Return the way that needs no accelerator."""
    return Course((plain(target),), warnings=(*wish.notes, *warnings))


class _Stage(NamedTuple):
    """A machine, or what is left of it, and how every backend is judged on it."""

    hardware: Hardware
    judged: tuple[Verdict, ...]
    left_out: tuple[Accelerator, ...] = ()


def _reduced(config: Config, wish: Wish, hardware: Hardware, target: Target) -> Iterator[_Stage]:
    """Yield the machine without the GPUs of a vendor that hold back its best, of each vendor."""
    while reduced := most_capable(hardware):
        hardware, left_out = reduced
        yield _Stage(hardware, verdicts(config, wish, hardware, target), left_out)


def _of_family(
    family: str, config: Config, stage: _Stage, target: Target, notes: tuple[str, ...]
) -> Iterator[Course]:
    usable = tuple(one.backend for one in stage.judged if one.usable)
    members = tuple(one for one in usable if one.family == family != "cpu")
    elsewhere = any(one.vendor != VENDORS.get(family) for one in stage.left_out)
    if elsewhere or not members:
        return
    own = _foreign(config)

    def fits(backend: Backend, release: Version) -> str | None:
        return why_not(backend, release, stage.hardware, target, foreign=backend in own)

    warnings = (_left_out(stage.left_out),) if stage.left_out else ()
    yield Course(members, fits, (*notes, *warnings))


def _allowed(config: Config, target: Target) -> set[Backend] | None:
    """Return the backends of a project that names its own; None where every known one may be."""
    allowed = {extra.backend for extra in config.extras} or None
    if allowed and (target.platform.startswith("macos") or Backend("cpu") in allowed):
        allowed.add(plain(target))
    return allowed


def _foreign(config: Config) -> frozenset[Backend]:
    """Return the backends of an index of the project's own, of which the tables say nothing."""
    return frozenset(extra.backend for extra in config.extras if extra.index_url)


def _left_out(accelerators: Collection[Accelerator]) -> str:
    names = ", ".join(f"{one.name} ({one.architecture})" for one in accelerators)
    return f"no wheel runs on every GPU here; this one leaves out {names}"
