"""Several machines as one: what a wheel has to run on so that it runs on each of them.

Several machines at once: one decision that runs on every node, or why there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import Version

from hatch_torch.catalog.releases import TORCH
from hatch_torch.catalog.target import platform_of
from hatch_torch.compatibility.ranking import most_capable
from hatch_torch.compatibility.support import why_not
from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.model import Hardware, Nvidia, Rocm, Source
from hatch_torch.resolution.model import Node
from hatch_torch.resolution.strategies import verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.backend_request import Wish
    from hatch_torch.hardware.model import Hardware
    from hatch_torch.resolution.model import Case, Decision, Profile
    from hatch_torch.resolution.strategies import Fits


def together(machines: Sequence[Hardware]) -> Hardware:
    """Merge machines: their accelerators, the oldest driver, ROCm and C library.

    Only a vendor that all of them have counts; where there is none, the CPU alone fits them all.
    Expects at least one machine; the other facts about the system are the first one's.
    """
    first = machines[0]._replace(libc=_libc(machine.libc for machine in machines))
    vendors = [{one.vendor for one in machine.accelerators} for machine in machines]
    shared = set.intersection(*vendors)
    if any(vendors) and not shared:
        note = Source("profiles", "absent", "the profiles have no vendor in common")
        return first._replace(accelerators=(), nvidia=None, rocm=None, sources=(note,), signs=())
    found = (one for machine in machines for one in machine.accelerators if one.vendor in shared)
    return first._replace(
        accelerators=tuple(dict.fromkeys(found)),
        nvidia=_nvidia([machine.nvidia for machine in machines if machine.nvidia]),
        rocm=_rocm([machine.rocm for machine in machines if machine.rocm]),
    )


def _nvidia(found: Sequence[Nvidia]) -> Nvidia | None:
    if not found:
        return None
    return Nvidia(_oldest(one.driver for one in found), _oldest(one.cuda for one in found))


def _rocm(found: Sequence[Rocm]) -> Rocm | None:
    return Rocm(_oldest(one.version for one in found)) if found else None


def _libc(found: Iterable[str | None]) -> str | None:
    """Return the oldest glibc, or musl where there is one: no wheel of PyTorch runs on that."""
    return min(
        filter(None, found),
        key=lambda libc: (not libc.startswith("musl"), _numbers(libc)),
        default=None,
    )


def _oldest(versions: Iterable[str | None]) -> str | None:
    return min(filter(None, versions), key=_numbers, default=None)


def _numbers(version: str) -> list[int]:
    """Return a version's numbers: a profile may hold what no package version looks like."""
    return [int(number) for number in re.findall(r"[0-9]+", version)]


_MOST_NAMES = 6
_PLAIN = {"cpu", "mps"}
_ADVICE = "  decide for each kind of node by itself, or ask for one backend by its name"


def judged(case: Case, wish: Wish) -> tuple[Node, ...]:
    """Judge the case's profiles one by one; none where there are none.

    Raises NoAnswerError where those with an accelerator have no backend in common.
    """
    nodes = tuple(_node(case, wish, *profile) for profile in case.profiles)
    accelerated = [set(one.usable) for one in nodes if one.usable]
    if accelerated and not set.intersection(*accelerated):
        raise NoAnswerError(_told("the nodes have no backend in common:", nodes))
    return nodes


def on_all(case: Case, wish: Wish, decision: Decision) -> Decision:
    """Return the decision with a look at each node; what was asked for by name is obeyed there too.

    Raises NoAnswerError where what was found for all of them runs on some alone.
    """
    torch = next((pin for pin in decision.pins if pin.name == TORCH), None)
    if decision.backend is None or torch is None:
        return decision
    release = Version(torch.version.public)
    nodes = tuple(_on_one(case, one, decision.backend, release) for one in decision.nodes)
    if not wish.explicit and any(one.refusal for one in nodes):
        raise NoAnswerError(_told("no torch in range runs on every node:", nodes))
    return decision._replace(nodes=nodes).noting(*_idle(nodes, decision.backend))


def fits_all(case: Case) -> Fits:
    """Return what says why a release does not run on every node of a case, or None."""
    nodes = [Node(*profile, usable=()) for profile in case.profiles]

    def fits(backend: Backend, release: Version) -> str | None:
        looked_at = (_on_one(case, one, backend, release) for one in nodes)
        return next((one.refusal for one in looked_at if one.refusal), None)

    return fits


def common_platform(profiles: Iterable[Profile]) -> str | None:
    """Return the one platform that the profiles tell of, or None where they tell of none.

    Raises NoAnswerError where they tell of several: no wheel is for two.
    """
    found: dict[str, list[str]] = {}
    for name, hardware in profiles:
        if hardware.system:
            platform = platform_of(hardware.system, hardware.machine or "")
            found.setdefault(platform, []).append(name)
    if len(found) > 1:
        told = "; ".join(f"{platform} ({_listed(names)})" for platform, names in found.items())
        raise NoAnswerError(f"the nodes have no platform in common: {told}; name one by --platform")
    return next(iter(found), None)


def _node(case: Case, wish: Wish, name: str, hardware: Hardware) -> Node:
    for stage in _stages(hardware.presumed()):
        every = verdicts(case.config, wish, stage, case.target)
        usable = (one.backend for one in every if one.usable)
        if fast := tuple(one for one in usable if one.family not in _PLAIN):
            return Node(name, hardware, fast)
    return Node(name, hardware, ())


def _on_one(case: Case, node: Node, backend: Backend, release: Version) -> Node:
    """Look whether a release runs on a node; a GPU that holds back its own node does not count."""
    extra = case.config.extra_of(backend)
    foreign = bool(extra and extra.index_url)
    reasons = [
        why_not(backend, release, stage, case.target, foreign=foreign)
        for stage in _stages(node.hardware.presumed())
    ]
    return node._replace(refusal=None if None in reasons else reasons[0])


def _stages(hardware: Hardware) -> Iterator[Hardware]:
    """Yield a machine, then what is left of it without the GPUs that hold back its best."""
    yield hardware
    while reduced := most_capable(hardware):
        hardware, _ = reduced
        yield hardware


def _idle(nodes: Iterable[Node], backend: Backend) -> Iterator[str]:
    """Say whose accelerators nobody uses, because another node has none."""
    lacking = [one.name for one in nodes if not one.usable]
    idle = [one.name for one in nodes if one.usable]
    if backend.family in _PLAIN and lacking and idle:
        yield f"{_listed(lacking)} can use the plain wheel alone, which leaves {_listed(idle)} idle"


def _told(start: str, nodes: Iterable[Node]) -> str:
    """Tell what runs where, once for nodes that are alike."""
    alike: dict[str, list[str]] = {}
    for one in nodes:
        runs = one.refusal or _listed(list(map(str, one.usable))) or "the plain wheel alone"
        alike.setdefault(f"({one.accelerators}): {runs}", []).append(one.name)
    lines = [f"  {_listed(names)} {told}" for told, names in alike.items()]
    return "\n".join([start, *lines, _ADVICE])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
