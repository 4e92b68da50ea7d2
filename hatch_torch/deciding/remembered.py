"""What the last install found for an extra that nobody asks for: it stands while its torch does.

Else each install of a checkout would open the index for wheels that it does not install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from hatch_torch.companions import index_only
from hatch_torch.deciding.pins import Pin
from hatch_torch.index.hosts import PYTORCH_HOSTS, host_of
from hatch_torch.markers import holds
from hatch_torch.project.wants import parsed_constraints, versions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.requirements import Requirement

    from hatch_torch.deciding.answer import Answer
    from hatch_torch.deciding.case import Case
    from hatch_torch.deciding.offers import Wants


def remembered(case: Case, answer: Answer, wants: Wants, extra: str) -> tuple[Pin, ...] | None:
    """Return the answer's pins with those of an extra that the project's METADATA has, or None.

    That is stale where torch (or another pin of the answer) is not the one that it names, where a
    member is missing or out of its range, and where a wheel does not lie on the index that is
    asked now. What came out since is no reason, as for what is installed.
    `wants` are the ranges of the extra's members, torch among them.
    """
    found = {pin.name: pin for pin in reversed([*_pins(case, extra)])}
    fixed = {pin.name: pin for pin in answer.pins}
    further = [pin for name, pin in found.items() if name not in fixed]
    moved = any(found[name].version != fixed[name].version for name in found.keys() & fixed.keys())
    in_range = all(
        name in found and versions.contains(found[name].version, prereleases=True)
        for name, versions in wants.items()
    )
    if moved or not in_range or not _may_come(case, answer, further):
        return None
    return (*answer.pins, *further)


def _pins(case: Case, extra: str) -> Iterator[Pin]:
    """Yield what the metadata pins of the family under an extra, what was added in front."""
    target = case.target
    for one in parsed_constraints(line for line in case.earlier() if "extra" in line):
        name, version = canonicalize_name(one.name), _exactly(one)
        ours = name in case.family or index_only(name, target.platform, one.specifier)
        here, elsewhere = (holds(one.marker, target.environment, of) for of in (extra, ""))
        if version and ours and here and not elsewhere:
            yield Pin.at(name, version, one.url)


def _exactly(requirement: Requirement) -> Version | None:
    """Return the one version that a requirement admits, or None where that is open."""
    for one in versions_of(requirement):
        if one.operator == "==" and not one.version.endswith("*"):
            return Version(one.version)
    return None


def _may_come(case: Case, answer: Answer, pins: Iterable[Pin]) -> bool:
    """Say whether wheels lie below the root that is asked now, or both at PyTorch's hosts."""
    origin = case.origin()
    if origin is None:
        return False
    folder = origin.folders.get(answer.backend, origin.root).rstrip("/") + "/"
    return all(
        pin.url is not None
        and (pin.sha256 or not case.config.require_hashes)
        and (pin.url.startswith(folder) or {host_of(folder), host_of(pin.url)} <= PYTORCH_HOSTS)
        for pin in pins
    )
