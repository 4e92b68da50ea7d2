"""The ways to go, in order: which backends are tried together, and which of their releases run.

What to do where the index does not answer: the plain wheels of PyPI, as far as they run here.

The last way to go: no accelerator was found, or no wheel in range runs on what was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch.catalog import rows
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import (
    TORCH,
    known_backends,
    paired,
    published,
    pypi_backend,
    pythons,
    torch_releases,
)
from hatch_torch.compatibility.ranking import most_capable, rank
from hatch_torch.compatibility.support import Verdict, why_not
from hatch_torch.config.requirements import ranges
from hatch_torch.errors import NoAnswerError
from hatch_torch.resolution.model import Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from packaging.version import Version

    from hatch_torch.catalog.target import Target
    from hatch_torch.config.backend_request import Wish
    from hatch_torch.config.config import Config
    from hatch_torch.config.requirements import Line
    from hatch_torch.hardware.model import Accelerator, Hardware
    from hatch_torch.resolution.candidates import Wants
    from hatch_torch.resolution.model import Case

    Fits = Callable[[Backend, Version], str | None]
    """Why a release of a backend does not run on this machine, or None where it does."""


def wants_of(case: Case, course: Course, lines: Iterable[Line]) -> dict[Backend, Wants]:
    """Return what each backend of a course would have to hold."""
    config, here = case.config, case.target.environment
    return {
        backend: ranges(lines, here, config.extra_of(backend), config.family, case.constraints)
        for backend in course.backends
    }


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


def default_pins(
    course: Course, wants: dict[Backend, Wants], target: Target
) -> tuple[Backend, tuple[Pin, ...]] | None:
    """Pin the newest release in range whose plain wheel is a backend of the course and runs here.

    The tables know the plain wheels of PyPI; the default index of the user serves them.
    """
    for release in reversed(torch_releases()):
        backend = pypi_backend(release, target.platform)
        if backend not in wants or target.python not in pythons(release, target.platform):
            continue
        if course.fits(backend, release) is None:
            pins = _pins(release, wants[backend])
            if pins:
                return backend, pins
    return None


def by_tables(course: Course, backend: Backend, wants: Wants, target: Target) -> tuple[Pin, ...]:
    """Name the newest family in range that a backend has and that runs here, as the tables know it.

    Nothing where they know of none.
    """
    found = (
        _pins(release, wants)
        for release in reversed(published(backend, target.platform))
        if target.python in pythons(release, target.platform)
        and course.fits(backend, release) is None
    )
    return next(filter(None, found), ())


def _pins(release: Version, wants: Wants) -> tuple[Pin, ...]:
    chosen = {TORCH: _newest([release], TORCH, wants)}
    for name in wants.keys() - {TORCH}:
        chosen[name] = _newest(paired(release).get(name, ()), name, wants)
    return (
        tuple(Pin(name, version, by_version=True) for name, version in chosen.items() if version)
        if all(chosen.values())
        else ()
    )


def _newest(versions: Collection[Version], name: str, wants: Wants) -> Version | None:
    return max((one for one in versions if wants[name].contains(one)), default=None)


def last_courses(
    config: Config, wish: Wish, hardware: Hardware, judged: Collection[Verdict], target: Target
) -> Iterator[Course]:
    """Yield the plain wheel's course, one without backends (portable), or nothing.

    It is what `when-unsupported` says where an accelerator is there, and what
    `when-no-accelerator` says where none is. Nothing where the plain wheel is none of the
    project's backends, or does not run here. Raises NoAnswerError where `when-no-accelerator`
    is "error".
    """
    if wish.family and (wish.explicit or not has_accelerator(hardware, judged)):
        return
    refused = [one for one in judged if one.backend == plain(target) and not one.usable]
    if has_accelerator(hardware, judged):
        if config.when_unsupported == "cpu" and not refused:
            yield plain_course(wish, target, "no wheel in range runs on the accelerator here")
        return
    policy, why = _policy(config, hardware)
    if policy == "error":
        raise NoAnswerError(f'{why}, and when-no-accelerator = "error" asks for one')
    if policy == "portable":
        yield Course((), warnings=(why,))
    elif not refused:
        yield plain_course(wish, target, why)


def has_accelerator(hardware: Hardware, judged: Collection[Verdict]) -> bool:
    """Answer whether there is anything that torch could have computed on.

    Intel's graphics count only where they run XPU at all: nearly every office machine has some.
    """
    others = any(one.vendor != "intel" for one in hardware.accelerators)
    usable = any(one.usable and one.backend.family != "cpu" for one in judged)
    return others or usable


def effect(signs: Collection[str]) -> tuple[str, str]:
    """Return what the signs ask for, `cpu` or `portable`, and a sentence that says why.

    The table's rows are in the order of their weight; a plain host, without any sign, is `cpu`.
    """
    for row in rows("signs"):
        if row["sign"] in signs and row.get("effect"):
            return row["effect"], f"no accelerator was found, and this is {row['meaning']}"
    return "cpu", "no accelerator was found"


def _policy(config: Config, hardware: Hardware) -> tuple[str, str]:
    if config.when_no_accelerator == "auto":
        return effect(hardware.signs)
    return config.when_no_accelerator, "no accelerator was found"
