"""Properties of every machine."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from hatch_torch.catalog.backend import FAMILIES, Backend
from hatch_torch.catalog.releases import known_backends, published_releases, torch_releases
from hatch_torch.catalog.target import PLATFORMS, Target
from hatch_torch.compatibility.ranking import iter_gpu_subsets, rank_backends
from hatch_torch.compatibility.support import incompatibility
from hatch_torch.compatibility.wheel_builds import parse_version_numbers
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm

CAPABILITIES = [37, 50, 52, 61, 70, 75, 80, 86, 87, 89, 90, 100, 103, 110, 120, 121, 130]
TARGETS = ["gfx803", "gfx900", "gfx90a", "gfx1010", "gfx1030", "gfx1036", "gfx1100", "gfx1201"]
DRIVERS = ["N/A", "390.46", "450.80.02", "470.82", "525.60.13", "550.54.14", "580.65.06", "615.1"]
CUDAS = ["11.4", "12.1", "12.4", "12.8", "13.0", "13.2", "14.0"]
ROCMS = ["5.7", "6.2.4", "6.5.0", "7.0", "7.2.1", "7.14"]
FUTURE = [Backend.parse(name) for name in ("cu136", "cu140", "rocm6.5", "rocm10.0")]

gpus = st.one_of(
    st.tuples(
        st.just("nvidia"), st.sampled_from([None, *(f"sm_{number}" for number in CAPABILITIES)])
    ),
    st.tuples(st.just("amd"), st.sampled_from([None, *TARGETS])),
    st.tuples(st.just("intel"), st.sampled_from([None, "xe-lp", "xe-hpg"])),
).map(lambda pair: Accelerator(pair[0], architecture=pair[1]))
machines = st.builds(
    Hardware,
    libc=st.sampled_from([None, "glibc 2.36", "musl 1.2"]),
    accelerators=st.lists(gpus, max_size=4).map(tuple),
    nvidia=st.none()
    | st.builds(Nvidia, st.none() | st.sampled_from(DRIVERS), st.none() | st.sampled_from(CUDAS)),
    rocm=st.none() | st.builds(Rocm, st.none() | st.sampled_from(ROCMS)),
    environment_hints=st.sampled_from([(), ("jetson",)]),
)
targets = st.builds(
    Target, st.just("3.12"), st.sampled_from([*PLATFORMS, "linux_s390x"]), st.just({}), st.just({})
)
allowances = st.none() | st.sets(st.sampled_from([*known_backends(), *FUTURE]))
quick = settings(max_examples=80, deadline=None)


@given(machines, targets, allowances)
@quick
def test_every_backend_has_one_verdict(
    hardware: Hardware, target: Target, allowed: set[Backend] | None
) -> None:
    """Each known and each allowed backend has one verdict, in the order of the families."""
    verdicts = rank_backends(hardware, target, allowed)
    backends = [verdict.backend for verdict in verdicts]
    assert len(backends) == len(set(backends))
    assert set(backends) == {*known_backends(), *(allowed or ())}
    families = [FAMILIES.index(backend.family) for backend in backends]
    assert families == sorted(families)
    assert all(verdict.reason and not verdict.reason.endswith(".") for verdict in verdicts)
    assert verdicts == rank_backends(hardware, target, allowed)


@given(machines, targets, allowances)
@quick
def test_compatible_means_that_some_release_runs(
    hardware: Hardware, target: Target, allowed: set[Backend] | None
) -> None:
    """Exactly the compatible backends have a release that runs, but for those that are excluded."""
    for verdict in rank_backends(hardware, target, allowed):
        backend = verdict.backend
        releases = published_releases(backend, target.platform) or torch_releases()[-1:]
        reasons = [incompatibility(backend, release, hardware, target) for release in releases]
        is_excluded = "extras" in verdict.reason or "unverified" in verdict.reason
        assert is_excluded or verdict.is_compatible == (None in reasons)
        assert not verdict.is_compatible or allowed is None or backend in allowed


@given(machines, targets)
@quick
def test_a_better_gpu_list_never_has_less(hardware: Hardware, target: Target) -> None:
    """A wheel that runs on all of NVIDIA's GPUs runs on each of them alone."""
    for backend in known_backends():
        if backend.family != "cuda":
            continue
        for release in published_releases(backend, target.platform)[-2:]:
            if incompatibility(backend, release, hardware, target) is None:
                for gpu in hardware.of_vendor("nvidia"):
                    alone = hardware._replace(accelerators=(gpu,))
                    assert incompatibility(backend, release, alone, target) is None


@given(machines, targets, st.sampled_from(DRIVERS), st.sampled_from(DRIVERS))
@quick
def test_a_newer_driver_never_has_less(
    hardware: Hardware, target: Target, driver: str, other: str
) -> None:
    """A driver runs everything that older drivers run."""
    older, newer = sorted((driver, other), key=parse_version_numbers)
    for backend in known_backends():
        for release in published_releases(backend, target.platform)[-1:]:
            old = incompatibility(backend, release, hardware._replace(nvidia=Nvidia(older)), target)
            new = incompatibility(backend, release, hardware._replace(nvidia=Nvidia(newer)), target)
            assert old is not None or new is None or not parse_version_numbers(older)


@given(machines)
@quick
def test_subsets_lose_no_gpu(hardware: Hardware) -> None:
    """A GPU is kept or dropped, never both, and each kind of NVIDIA's is once alone."""
    subsets = [*iter_gpu_subsets(hardware)]
    for part, dropped in subsets:
        assert dropped
        assert len({gpu.vendor for gpu in dropped}) == 1
        assert sorted(map(repr, (*part.accelerators, *dropped))) == sorted(
            map(repr, hardware.accelerators)
        )
    assert len({part.accelerators for part, _ in subsets}) == len(subsets)
    kinds = {gpu.architecture for gpu in hardware.of_vendor("nvidia")}
    alone = [{gpu.architecture for gpu in part.of_vendor("nvidia")} for part, _ in subsets]
    assert len(kinds) <= 1 or all({kind} in alone for kind in kinds)


@given(st.text())
@quick
def test_numbers_of_any_text(text: str) -> None:
    """No version makes the parser raise."""
    assert all(number >= 0 for number in parse_version_numbers(text))
