"""Decisions compared with an exhaustive search over the tables and the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings, strategies as st
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.releases import required_torch
from hatch_torch.catalog.target import PLATFORMS, Target
from hatch_torch.compatibility.ranking import iter_gpu_subsets, rank_backends
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.demo.catalog import list_files
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm
from hatch_torch.resolution.strategies import get_cpu_backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from hatch_torch.catalog.backend import Backend
    from tests.resolution.conftest import DecisionBench

FAMILIES = ("cuda", "rocm", "xpu", "mps")
DRIVERS = [None, "450.80.02", "470.82", "525.60.13", "550.54.14", "570.86", "580.95.05", "615.1"]
CAPABILITIES = [None, 37, 61, 70, 75, 86, 87, 89, 90, 100, 103, 110, 120, 121]
TARGETS = [None, "gfx803", "gfx900", "gfx90a", "gfx942", "gfx1030", "gfx1036", "gfx1100", "gfx1201"]
MEMBERS = {
    "torchvision": ["", "==0.21.*", ">=0.20", "<0.25,>=0.18"],
    "torchaudio": ["", "<2.9", ">=2.5", "==2.11.0"],
}
RANGES = ["", ">=2.3", ">=2.4,<2.7", "==2.6.*", "<2.10", ">=2.8", "!=2.15.0", "~=2.11.0", "<2.5"]

gpus = st.one_of(
    st.tuples(
        st.just("nvidia"),
        st.sampled_from(CAPABILITIES).map(lambda one: f"sm_{one}" if one else None),
    ),
    st.tuples(st.just("amd"), st.sampled_from(TARGETS)),
    st.tuples(st.just("intel"), st.sampled_from(["gen9", "xe2"])),
).map(lambda told: Accelerator(told[0], architecture=told[1]))
machines = st.builds(
    Hardware,
    accelerators=st.lists(gpus, max_size=3).map(tuple),
    nvidia=st.sampled_from(DRIVERS).map(lambda one: Nvidia(one) if one else None),
    rocm=st.sampled_from([None, "5.7.1", "6.2.4", "6.5.0", "7.0.2", "7.14"]).map(
        lambda one: Rocm(one) if one else None
    ),
    environment_hints=st.sampled_from([(), ("jetson",)]),
)
projects = st.tuples(
    st.sampled_from(RANGES).map(lambda range_: f"torch{range_}"),
    *(
        st.none() | st.sampled_from([f"{name}{one}" for one in ranges])
        for name, ranges in MEMBERS.items()
    ),
).map(lambda lines: [line for line in lines if line])


@dataclass(frozen=True)
class Found:
    """A backend and the versions of a whole family."""

    backend: Backend
    versions: tuple[Version, ...]


@cache
def _versions(backend: Backend, name: str, target: _Key) -> tuple[Version, ...]:
    """Return what the catalog has of a package for a target, the newest first."""
    found = set()
    for file in list_files("stable", backend.folder, name):
        _, version, _, tags = parse_wheel_filename(file.name)
        on_a_mac = backend.family == "mps" or target.platform == "macos_x86_64"
        if not target.tags.isdisjoint(tags) and version.local in {None, backend.name} - (
            {backend.name} if on_a_mac else set()
        ):
            found.add(version)
    return tuple(sorted(found, reverse=True))


@dataclass(frozen=True)
class _Key:
    """A target that can be compared."""

    python: str
    platform: str

    @property
    def tags(self) -> frozenset[object]:
        """Every tag that fits."""
        return frozenset(_target(self.python, self.platform).ranks)


@cache
def _target(python: str, platform: str) -> Target:
    return targets.foreign_interpreter(python, platform)


def _families(
    backend: Backend, wants: dict[str, SpecifierSet], key: _Key
) -> Iterator[tuple[Version, ...]]:
    """Yield every family of a backend that is in range and consistent, the newest first."""
    every = [
        [one for one in _versions(backend, name, key) if versions.contains(one)]
        for name, versions in wants.items()
    ]
    for torch, *members in product(*every):
        pairs = zip(list(wants)[1:], members, strict=True)
        pins = [required_torch(name, version) for name, version in pairs]
        if all(pin is None or pin.contains(torch.public) for pin in pins):
            yield (torch, *members)


def _best(wants: dict[str, SpecifierSet], hardware: Hardware, key: _Key) -> Found | None:
    """Return the best family: vendor by vendor, with all GPUs or some, every release."""
    target = _target(key.python, key.platform)
    stages = [(hardware, frozenset[str]())]
    for part, dropped in iter_gpu_subsets(hardware):
        stages.append((part, frozenset(one.vendor for one in dropped)))
    vendors = dict(zip(FAMILIES, ("nvidia", "amd", "intel", "apple"), strict=True))
    for family in FAMILIES:
        for doubtful, (machine, left_out) in product((False, True), stages):
            if left_out <= {vendors[family]}:
                ranked = [
                    one.backend
                    for one in rank_backends(machine, target)
                    if one.is_doubtful == doubtful and (one.is_compatible or doubtful)
                ]
                ours = [one for one in ranked if one.family == family]
                if found := _highest(ours, wants, machine, key):
                    return found
    return _highest([get_cpu_backend(target)], wants, Hardware(), key)


def _highest(
    ranked: list[Backend], wants: dict[str, SpecifierSet], machine: Hardware, key: _Key
) -> Found | None:
    target = _target(key.python, key.platform)
    every = [
        (versions[0].release, -place, versions[1:], backend, versions)
        for place, backend in enumerate(ranked)
        for versions in _families(backend, wants, key)
        if incompatibility(backend, versions[0], machine, target) is None
    ]
    best = max(every, key=lambda one: one[:3], default=None)
    return Found(best[3], best[4]) if best else None


@given(
    machines,
    projects,
    st.sampled_from(["3.10", "3.12", "3.13", "3.13t", "3.14"]),
    st.sampled_from(["linux_x86_64", *PLATFORMS]),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_better_choice_exists(
    bench: DecisionBench, hardware: Hardware, project: list[str], python: str, platform: str
) -> None:
    """The decision runs on every GPU that counts, is consistent, and none is better."""
    wants = {one.name: one.specifier for one in map(Requirement, project)}
    expected = _best(wants, hardware.infer_gpus(), _Key(python, platform))
    decided = bench.try_decide(hardware, *project, python=python, platform=platform)
    if expected is None or decided is None:
        assert (decided, expected) == (None, None)
        return
    assert decided.backend == expected.backend
    versions = {pin.name: pin.version for pin in decided.pins}
    assert tuple(versions[name] for name in wants) == expected.versions
    assert decided == bench.try_decide(hardware, *project, python=python, platform=platform)
