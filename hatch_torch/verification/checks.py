"""Record against hardware against what is installed: what differs, why, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.releases import TORCH, torch_pin
from hatch_torch.compatibility.support import why_not
from hatch_torch.config.backend_request import PORTABLE
from hatch_torch.lock import LOCK
from hatch_torch.resolution.strategies import VENDORS, effect, verdicts
from hatch_torch.verification.snapshot import Situation, changes, is_same_machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.environment.packages import Installed, Need
    from hatch_torch.verification.snapshot import Situation

SCHEMA = 1


def to_json(now: Situation) -> dict[str, Any]:
    """Return the state as a JSON object.

    `backend` is that of the torch which is there, null where its files don't tell; `created`,
    `decided_by` and `recorded` (a backend) are the record's, null without one; `packages` are all
    packages by name, `changed` what is another on this machine since the record.
    """
    torch = now.member(TORCH)
    record = (now.project.record if now.project else None) or {}
    return {
        "schema": SCHEMA,
        "project": now.config.name or None,
        "backend": torch.backend.name if torch and torch.backend else None,
        "recorded": record.get("backend"),
        "decided_by": record.get("decided_by"),
        "created": record.get("created"),
        "python": now.target.environment["python_full_version"],
        "family": [_member(one) for one in now.installed],
        "packages": dict(now.versions or {}),
        "changed": list(changes(now)),
        "findings": [{"why": one.why, "mend": one.mend} for one in findings(now)],
        "notes": list(notes(now)),
    }


def _member(one: Installed) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": str(one.version),
        "backend": one.backend.name if one.backend else None,
        "builder": one.builder,
        "url": one.direct_url,
    }


SYNC = "hatch-torch sync"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that differs from what it should be."""

    why: str
    mend: str = SYNC
    """A line for a shell that mends it, or what to do where no line can."""


def findings(now: Situation) -> tuple[Finding, ...]:
    """Return what differs, each thing once, the most telling first; nothing where all is right."""
    return tuple(dict.fromkeys(one for check in CHECKS for one in check(now)))


def notes(now: Situation) -> tuple[str, ...]:
    """Return what is worth knowing and nothing to mend."""
    record = now.project.record if now.project else None
    if record is None:
        name = now.config.name
        told = f"{name} has no record: it was installed without the build hook, or by uv sync"
        return (told,) if now.project else ()
    warnings = record.get("warnings")
    return tuple(map(str, warnings)) if isinstance(warnings, list) else ()


def described(one: Installed) -> str:
    """Say what an installed member is: ``torch 2.8.0 (cu128)``."""
    flavour = None if one.version.local else one.backend
    return f"{one.name} {one.version}" + (f" ({flavour})" if flavour else "")


def _not_installed(now: Situation) -> Iterator[Finding]:
    if now.config.name and now.project is None and now.config.wiring.adds:
        yield Finding(f"{now.config.name} is not installed in this environment")


def _swapped(now: Situation) -> Iterator[Finding]:
    """Compare versions and files with the record: a later install may have changed them."""
    for wheel in _recorded(now):
        one = now.member(wheel["name"])
        version = _version(wheel["version"])
        if one is None or version is None:
            continue
        if one.version != version:
            before = f"{one.name} {version}"
            yield Finding(f"a later install swapped {before}: {described(one)} is there now")
        elif other := _other_file(one, wheel):
            yield Finding(f"{described(one)} is another file than was recorded: {other}")


def _unfit(now: Situation) -> Iterator[Finding]:
    """Compare with the ranges that the project asks for now."""
    for name, versions in (now.wants or {}).items():
        one = now.member(name)
        if one is None and now.project:
            yield Finding(f"{name} is required, and not installed")
        elif one and not versions.contains(one.version, prereleases=True):
            yield Finding(f"{described(one)} is not in the project's range {name}{versions}")


def _unlocked(now: Situation) -> Iterator[Finding]:
    """Compare with the lock, which decides where there is one."""
    if now.stale:
        yield Finding(now.stale, "hatch-torch lock")
    for one in now.installed:
        if one.name in now.unlocked:
            yield Finding(f"{described(one)} is not what {LOCK} holds")


def _mixed(now: Situation) -> Iterator[Finding]:
    """Compare the members with their torch: they must be of one backend and one release."""
    torch = now.member(TORCH)
    for one in now.installed:
        if torch is None or one is torch:
            continue
        pin = torch_pin(one.name, Version(one.version.public))
        if torch.backend and one.backend not in {None, torch.backend}:
            yield Finding(
                f"{described(one)} is of {one.backend}, and {described(torch)} of {torch.backend}"
            )
        elif pin is not None and not pin.contains(torch.version, prereleases=True):
            yield Finding(f"{described(one)} is for torch{pin}, and {described(torch)} is there")


def _unasked(now: Situation) -> Iterator[Finding]:
    """Compare with the backend that is asked for: by an extra, a variable, or the table."""
    torch, wish = now.member(TORCH), now.wish
    if torch is None or torch.builder != "pytorch" or torch.backend is None or not wish.family:
        return
    if torch.backend != wish.backend if wish.backend else torch.backend.family != wish.family:
        asked = f"{wish.decided_by} asks for {wish.value}"
        yield Finding(f"{asked}, and {described(torch)} is of {torch.backend}")


def _unusable(now: Situation) -> Iterator[Finding]:
    """Ask whether torch runs here: the driver may be older, or the GPU another one."""
    torch = now.member(TORCH)
    if torch is None or torch.backend is None or torch.builder != "pytorch":
        return
    reason = runs_not(now, torch)
    if reason is None or _is_decided(now, torch):
        return
    asked = now.wish.backend and now.wish.decided_by
    mend = f"update the driver, or change what asks for {torch.backend}: {asked}" if asked else SYNC
    yield Finding(f"{described(torch)} is not for this machine: {reason}", mend)


def _idle(now: Situation) -> Iterator[Finding]:
    """Ask whether a CPU's torch leaves an accelerator idle that it could use."""
    torch = now.member(TORCH)
    if torch is None or torch.builder != "pytorch" or now.wish.backend:
        return
    if torch.backend is None or torch.backend.family != "cpu" or is_same_machine(now):
        return
    judged = verdicts(now.config, now.wish, now.hardware, now.target)
    usable = (one.backend for one in judged if one.usable and one.backend.family in VENDORS)
    if backend := next(usable, None):
        names = ", ".join(found.name for found in now.hardware.accelerators)
        yield Finding(f"{described(torch)} leaves {names} idle; {backend} runs on it")


def _needed(now: Situation) -> Iterator[Finding]:
    """Compare with what the other packages need."""
    for need in now.needs:
        one = now.member(need.name)
        if _is_of_table(need):
            continue
        if one and need.requirement.specifier.contains(one.version, prereleases=True):
            continue
        has = f"{described(one)} is installed" if one else "it is not installed"
        wanted = f"{need.name}{need.requirement.specifier}"
        by = f"{need.package.name} {need.package.version}"
        yield Finding(f"{by} needs {wanted}, and {has}", f"hatch-torch install '{wanted}'")


CHECKS = (_not_installed, _swapped, _unfit, _unlocked, _mixed, _unasked, _unusable, _idle, _needed)


def runs_not(now: Situation, torch: Installed) -> str | None:
    """Return why an installed torch does not run on this machine, or None.

    Of a backend from an index of the project's own only the driver is judged.
    """
    if torch.backend is None:
        return None  # its files do not tell, so nothing speaks against it
    extra = now.config.extra_of(torch.backend)
    foreign = torch.builder != "pytorch" or bool(extra and extra.index_url)
    release = Version(torch.version.public)
    return why_not(torch.backend, release, now.hardware, now.target, foreign=foreign)


def _is_of_table(need: Need) -> bool:
    """Say whether a member of the family needs its torch, and a table knows which."""
    version = _version(need.package.version)
    return bool(version and torch_pin(need.package.name, Version(version.public)))


def _is_decided(now: Situation, torch: Installed) -> bool:
    """Say whether it is as it was decided, by name or for this very machine.

    Where no wheel runs on every GPU, say, the decision leaves out the lesser ones.
    """
    family = torch.backend.family if torch.backend else ""
    no_device = not now.hardware.of_vendor(VENDORS.get(family, ""))
    if no_device and (now.wish.backend or _stays_portable(now)):
        return True
    recorded = [_version(wheel["version"]) for wheel in _recorded(now) if wheel["name"] == TORCH]
    return is_same_machine(now) and recorded in ([], [torch.version])


def _stays_portable(now: Situation) -> bool:
    """Say whether nothing is decided here: by the wish, or because another machine will run it."""
    policy = now.config.when_no_accelerator
    by_signs = effect(now.hardware.signs)[0] if policy == "auto" else policy
    return PORTABLE in {now.wish.value, by_signs}


def _recorded(now: Situation) -> Iterator[Mapping[str, Any]]:
    record = (now.project.record if now.project else None) or {}
    for wheel in record.get("wheels") or ():
        if isinstance(wheel, dict) and isinstance(wheel.get("name"), str) and "version" in wheel:
            yield wheel


def _version(text: object) -> Version | None:
    try:
        return Version(str(text))
    except InvalidVersion:
        return None


def _other_file(one: Installed, wheel: Mapping[str, Any]) -> str | None:
    """Return where an installed wheel came from, if it is not the recorded one; by hash or name."""
    url, _, fragment = (one.direct_url or "").partition("#")
    recorded = wheel.get("url") or ""
    if not url or not recorded:
        return None
    installed_hash, recorded_hash = fragment.removeprefix("sha256="), wheel.get("sha256")
    if installed_hash and recorded_hash:
        return None if installed_hash == recorded_hash else f"{url}, with another hash"
    return None if _file(url) == _file(recorded) else url


def _file(url: str) -> str:
    return unquote(url.rpartition("/")[2])
