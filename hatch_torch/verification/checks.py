"""The checks of `hatch-torch status`: an environment against its record, project and machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from packaging.version import InvalidVersion, Version

from hatch_torch.catalog.releases import TORCH, is_built_alike, required_torch
from hatch_torch.compatibility.known_bad import AVOID, EXCLUDE, NOTE, Release, find_known_bad
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.config.backend_request import PORTABLE
from hatch_torch.config.requirements import find_pinned_release
from hatch_torch.lock import LOCK
from hatch_torch.resolution.strategies import VENDORS, evaluate_backends, interpret_hints
from hatch_torch.verification.snapshot import describe_machine_changes, is_same_machine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from hatch_torch.environment.packages import FamilyPackage, InstalledRequirement
    from hatch_torch.verification.snapshot import Snapshot

SCHEMA = 1
SYNC = "hatch-torch sync"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with an environment."""

    reason: str
    fix: str = SYNC
    """A command line that fixes it, or what to do where no command can."""

    def to_json(self) -> dict[str, str]:
        """Return the finding as `--json` prints it."""
        return {"why": self.reason, "mend": self.fix}


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return the JSON object that `status --json` prints.

    `backend` is that of the installed torch, null where its files do not tell. `created`,
    `decided_by` and `recorded` (a backend) come from the record, null without one, and so do the
    `bounds`, which packages put on torch. `packages` maps
    every package to its version; `changed` lists what changed on this machine since the install.
    """
    torch = snapshot.find_package(TORCH)
    return {
        "schema": SCHEMA,
        "project": snapshot.config.name or None,
        "backend": torch.backend.name if torch and torch.backend else None,
        "recorded": snapshot.record.get("backend"),
        "decided_by": snapshot.record.get("decided_by"),
        "created": snapshot.record.get("created"),
        "python": snapshot.target.environment["python_full_version"],
        "family": [
            {
                "name": package.name,
                "version": str(package.version),
                "backend": package.backend.name if package.backend else None,
                "builder": package.built_by,
                "url": package.direct_url,
            }
            for package in snapshot.installed
        ],
        "packages": dict(snapshot.versions or {}),
        "bounds": list(_recorded_bounds(snapshot)),
        "changed": list(describe_machine_changes(snapshot)),
        "findings": [finding.to_json() for finding in collect_findings(snapshot)],
        "notes": list(collect_notes(snapshot)),
    }


def collect_findings(snapshot: Snapshot) -> tuple[Finding, ...]:
    """Return the findings of all checks, each once, in the order of CHECKS."""
    return tuple(dict.fromkeys(finding for check in CHECKS for finding in check(snapshot)))


def collect_notes(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what is worth knowing but needs no fix."""
    faults = describe_known_faults(snapshot, (EXCLUDE, AVOID, NOTE))
    notes = (*snapshot.request.notes, *faults)
    if snapshot.project and snapshot.project.record is None:
        name = snapshot.config.name
        reason = "it was installed without the build hook, or by uv sync"
        return (*notes, f"{name} has no record: {reason}")
    warnings = snapshot.record.get("warnings")
    recorded = map(str, warnings) if isinstance(warnings, list) else ()
    return tuple(dict.fromkeys((*notes, *recorded)))


def describe_known_faults(snapshot: Snapshot, effects: Collection[str]) -> Iterator[str]:
    """Yield what is known upstream to be wrong with each installed package of the family here."""
    for package in snapshot.installed:
        release = Release(package.version, package.backend, package.name)
        for fault in find_known_bad(
            release,
            snapshot.hardware,
            snapshot.target,
            effects=effects,
            installed=snapshot.versions,
        ):
            yield f"{describe_package(package)}: {fault}"


def describe_package(package: FamilyPackage) -> str:
    """Return the name, version and backend of a package: ``torch 2.8.0 (cu128)``."""
    # A local version (`2.8.0+cu128`) already names the backend.
    backend = None if package.version.local else package.backend
    return f"{package.name} {package.version}" + (f" ({backend})" if backend else "")


def check_installed(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding where a project with our hook is not installed."""
    name = snapshot.config.name
    if name and snapshot.project is None and snapshot.config.build_system.injects:
        yield Finding(f"{name} is not installed in this environment")


def check_replaced(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare versions and files with the record: a later install may have replaced them."""
    for wheel in _recorded_wheels(snapshot):
        package = snapshot.find_package(wheel["name"])
        version = _parse_version(wheel["version"])
        if package is None or version is None:
            continue
        installed = describe_package(package)
        if package.version != version:
            yield Finding(f"a later install replaced {package.name} {version} by {installed}")
        elif origin := _other_origin(package, wheel):
            yield Finding(f"{installed} is not the file that was recorded; it is from {origin}")


def check_out_of_range(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare the versions with the project's current specifiers."""
    for name, specifier in (snapshot.specifiers or {}).items():
        package = snapshot.find_package(name)
        if package is None and snapshot.project:
            yield Finding(f"{name} is required but not installed")
        elif package and not specifier.contains(package.version, prereleases=True):
            installed = describe_package(package)
            yield Finding(
                f"{installed} does not satisfy the project's requirement {name}{specifier}"
            )


def check_lock_mismatch(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare with the lock, which decides where the project has one."""
    if snapshot.staleness:
        yield Finding(snapshot.staleness, "hatch-torch lock")
    for package in snapshot.installed:
        if package.name in snapshot.unlocked:
            yield Finding(f"{describe_package(package)} is not in {LOCK}")


def check_mixed_backends(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare the family with its torch: all must be built for one backend and one release."""
    torch = snapshot.find_package(TORCH)
    for package in snapshot.installed:
        if torch is None or package is torch:
            continue
        name, torch_name = describe_package(package), describe_package(torch)
        required = required_torch(package.name, Version(package.version.public))
        built = package.backend
        if (
            built
            and torch.backend
            and not is_built_alike(package.name, package.version, built, torch.backend)
        ):
            built_for = f"{name} is built for {package.backend}"
            yield Finding(f"{built_for}, but {torch_name} for {torch.backend}")
        elif required is not None and not required.contains(torch.version, prereleases=True):
            yield Finding(f"{name} requires torch{required}, but {torch_name} is installed")


def check_wrong_backend(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare torch's backend with the one that an extra, a variable or the table requests."""
    torch, request = snapshot.find_package(TORCH), snapshot.request
    if torch is None or torch.built_by != "pytorch" or not (torch.backend and request.family):
        return
    matches = (
        torch.backend == request.backend
        if request.backend
        else torch.backend.family == request.family
    )
    if not matches:
        requested = f"{request.decided_by} requests {request.value}"
        yield Finding(f"{requested}, but {describe_package(torch)} is built for {torch.backend}")


def check_incompatible(snapshot: Snapshot) -> Iterator[Finding]:
    """Check that torch runs on this machine, whose driver or GPU may have changed."""
    torch = snapshot.find_package(TORCH)
    if torch is None or torch.backend is None or torch.built_by != "pytorch":
        return
    reason = installed_incompatibility(snapshot, torch)
    if reason is None or _is_as_decided(snapshot, torch):
        return
    source = snapshot.request.backend and snapshot.request.decided_by
    fix = f"update the driver, or change what requests {torch.backend}: {source}"
    yield Finding(
        f"{describe_package(torch)} cannot run on this machine: {reason}", fix if source else SYNC
    )


def check_idle_gpu(snapshot: Snapshot) -> Iterator[Finding]:
    """Check that a CPU build of torch does not leave a usable accelerator idle."""
    torch = snapshot.find_package(TORCH)
    if torch is None or torch.built_by != "pytorch" or snapshot.request.backend:
        return
    if torch.backend is None or torch.backend.family != "cpu" or is_same_machine(snapshot):
        return
    verdicts = evaluate_backends(
        snapshot.config,
        snapshot.request,
        snapshot.hardware,
        snapshot.target,
        _find_pinned_torch(snapshot),
    )
    usable = (
        verdict.backend
        for verdict in verdicts
        if verdict.is_compatible and verdict.backend.family in VENDORS
    )
    if backend := next(usable, None):
        names = ", ".join(accelerator.name for accelerator in snapshot.hardware.accelerators)
        yield Finding(f"{describe_package(torch)} leaves {names} idle; {backend} runs on it")


def check_dependents(snapshot: Snapshot) -> Iterator[Finding]:
    """Compare the family with what other installed packages require of it."""
    for dependent in snapshot.dependents:
        package, specifier = snapshot.find_package(dependent.name), dependent.requirement.specifier
        if _is_in_catalog(dependent):
            continue
        if package and specifier.contains(package.version, prereleases=True):
            continue
        installed = (
            f"{describe_package(package)} is installed" if package else "it is not installed"
        )
        by, required = dependent.package, f"{dependent.name}{specifier}"
        reason = f"{by.name} {by.version} requires {required}, but {installed}"
        yield Finding(reason, f"hatch-torch install '{required}'")


CHECKS = (
    check_installed,
    check_replaced,
    check_out_of_range,
    check_lock_mismatch,
    check_mixed_backends,
    check_wrong_backend,
    check_incompatible,
    check_idle_gpu,
    check_dependents,
)
"""In the order of `status`, the most telling first."""


def installed_incompatibility(snapshot: Snapshot, torch: FamilyPackage) -> str | None:
    """Return why an installed torch cannot run on this machine, or None.

    For a backend from an index of the project's own only the driver counts: the catalog does not
    know what such wheels contain.
    """
    if torch.backend is None:
        return None  # its files do not tell, so nothing speaks against it
    extra = snapshot.config.find_extra(torch.backend)
    foreign = torch.built_by != "pytorch" or bool(extra and extra.index_url)
    release = Version(torch.version.public)
    return incompatibility(
        torch.backend,
        release,
        snapshot.hardware,
        snapshot.target,
        foreign=foreign,
        pinned=_find_pinned_torch(snapshot),
    )


def _find_pinned_torch(snapshot: Snapshot) -> Version | None:
    """Return the release of torch that the project pins, or None."""
    specifier = (snapshot.specifiers or {}).get(TORCH)
    return find_pinned_release(specifier) if specifier else None


def _is_in_catalog(dependent: InstalledRequirement) -> bool:
    """Return whether the catalog knows which torch a family package requires.

    Then `check_mixed_backends` has reported it.
    """
    version = _parse_version(dependent.package.version)
    return bool(version and required_torch(dependent.package.name, Version(version.public)))


def _is_as_decided(snapshot: Snapshot, torch: FamilyPackage) -> bool:
    """Return whether torch was chosen by name, or for this very machine.

    Such a torch may be incompatible with a GPU: where no wheel runs on every GPU of a machine,
    the decision leaves out the weaker ones.
    """
    vendor = VENDORS.get(torch.backend.family, "") if torch.backend else ""
    has_device = bool(snapshot.hardware.of_vendor(vendor))
    if not has_device and (snapshot.request.backend or _stays_portable(snapshot)):
        return True
    recorded = [
        _parse_version(wheel["version"])
        for wheel in _recorded_wheels(snapshot)
        if wheel["name"] == TORCH
    ]
    return is_same_machine(snapshot) and recorded in ([], [torch.version])


def _stays_portable(snapshot: Snapshot) -> bool:
    """Return whether an install would inject nothing here: by request, or by the hints."""
    policy = snapshot.config.when_no_accelerator
    if policy == "auto":
        policy = interpret_hints(snapshot.hardware.environment_hints)[0]
    return PORTABLE in {snapshot.request.value, policy}


def _recorded_wheels(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    for wheel in snapshot.record.get("wheels") or ():
        if isinstance(wheel, dict) and isinstance(wheel.get("name"), str) and "version" in wheel:
            yield wheel


def _recorded_bounds(snapshot: Snapshot) -> Iterator[Mapping[str, Any]]:
    for bound in snapshot.record.get("bounds") or ():
        if isinstance(bound, dict) and {"requirement", "stated_by"} <= bound.keys():
            yield bound


def describe_recorded_bounds(snapshot: Snapshot) -> Iterator[str]:
    """Yield what bounded torch when it was installed: `torch <2.12: lerobot 0.6.1, …`."""
    for bound in _recorded_bounds(snapshot):
        by = f", required by {bound['required_by']}" if bound.get("required_by") else ""
        requirement = re.sub(r"^([\w.-]+)(?:\[.*?\])?", r"\1 ", str(bound["requirement"]))
        yield f"{requirement}: {bound['stated_by']}{by}"


def _parse_version(text: object) -> Version | None:
    try:
        return Version(str(text))
    except InvalidVersion:
        return None


def _other_origin(package: FamilyPackage, wheel: Mapping[str, Any]) -> str | None:
    """Return where a package came from unless that is the recorded wheel, by hash or file name."""
    url, _, fragment = (package.direct_url or "").partition("#")
    recorded = wheel.get("url") or ""
    if not url or not recorded:
        return None
    installed_hash, recorded_hash = fragment.removeprefix("sha256="), wheel.get("sha256")
    if installed_hash and recorded_hash:
        return None if installed_hash == recorded_hash else f"{url}, with another hash"
    return None if _file_name(url) == _file_name(recorded) else url


def _file_name(url: str) -> str:
    return unquote(url.rpartition("/")[2])
