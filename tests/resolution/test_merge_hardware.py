"""Several machines as one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, ProbeReport, Rocm
from hatch_torch.resolution.multi_host import merge_hardware

H200 = Accelerator("nvidia", "NVIDIA H200", "sm_90")
PASCAL = Accelerator("nvidia", "NVIDIA GeForce GTX 1080", "sm_61")
RADEON = Accelerator("amd", "Radeon RX 7900 XTX", "gfx1100")
ARC = Accelerator("intel", "Intel Arc A770", "xe-hpg")

_ACCELERATORS = st.lists(st.sampled_from([H200, PASCAL, RADEON, ARC]), max_size=3).map(tuple)
_VERSIONS = st.none() | st.text(alphabet="0159.-rc", max_size=6)
_MACHINES = st.builds(
    lambda system, accelerators, nvidia, rocm: Hardware(
        system=system, accelerators=accelerators, nvidia=nvidia, rocm=rocm
    ),
    system=st.sampled_from(["Linux", "Windows"]),
    accelerators=_ACCELERATORS,
    nvidia=st.none() | st.builds(Nvidia, _VERSIONS, _VERSIONS),
    rocm=st.none() | st.builds(Rocm, _VERSIONS),
)


def test_one_vendor() -> None:
    """A wheel for all has to run on every GPU, under the oldest driver."""
    new = Hardware(accelerators=(H200,), nvidia=Nvidia("580.65.06", "13.0"), system="Linux")
    old = Hardware(accelerators=(PASCAL, H200), nvidia=Nvidia("550.54.15", "12.4"))
    expected = Hardware(
        system="Linux", accelerators=(H200, PASCAL), nvidia=Nvidia("550.54.15", "12.4")
    )
    assert expected == merge_hardware([new, old])


def test_versions_are_numbers() -> None:
    """ROCm 7.14 is newer than 7.2, and a version that nobody knows does not count."""
    machines = [
        Hardware(accelerators=(RADEON,), rocm=rocm)
        for rocm in (Rocm("7.14"), Rocm(None), Rocm("7.2"), None)
    ]
    assert merge_hardware(machines).rocm == Rocm("7.2")


@pytest.mark.parametrize(
    ("libcs", "oldest"),
    [
        (("glibc 2.36", None, "glibc 2.9"), "glibc 2.9"),
        (("glibc 2.9", "musl 1.2"), "musl 1.2"),
        ((None, None), None),
    ],
)
def test_the_oldest_libc(libcs: tuple[str | None, ...], oldest: str | None) -> None:
    """A wheel has to fit the oldest C library, and PyTorch's fit no musl."""
    assert merge_hardware([Hardware(libc=libc) for libc in libcs]).libc == oldest


def test_odd_version() -> None:
    """A profile may hold what no version looks like."""
    machines = [
        Hardware(accelerators=(H200,), nvidia=Nvidia(driver))
        for driver in ("550.x (git)", "unknown")
    ]
    assert merge_hardware(machines).nvidia == Nvidia("unknown")


def test_vendor_that_all_have() -> None:
    """What one machine has beside the common vendor does not count."""
    machines = [Hardware(accelerators=(H200,)), Hardware(accelerators=(RADEON, PASCAL))]
    assert merge_hardware(machines).accelerators == (H200, PASCAL)


def test_nothing_in_common() -> None:
    """Only the CPU fits machines of different vendors, and the note says why."""
    machines = [
        Hardware(
            accelerators=(H200,), nvidia=Nvidia("580"), environment_hints=("ci",), system="Linux"
        ),
        Hardware(accelerators=(RADEON,), rocm=Rocm("6.4")),
    ]
    note = ProbeReport("profiles", "absent", "the profiles have no vendor in common")
    assert Hardware(system="Linux", probe_reports=(note,)) == merge_hardware(machines)


def test_one_without() -> None:
    """A machine without an accelerator leaves the CPU alone."""
    assert merge_hardware([Hardware(accelerators=(H200,)), Hardware()]).accelerators == ()


def test_none_at_all() -> None:
    """Machines without accelerators stay as they are."""
    plain = Hardware(system="Linux", environment_hints=("ci",))
    assert plain == merge_hardware([plain, Hardware()])


@settings(max_examples=80, deadline=None)
@given(st.lists(_MACHINES, min_size=1, max_size=4))
def test_any_machines(machines: list[Hardware]) -> None:
    """A vendor counts exactly where every machine has it, and no GPU of it is forgotten."""
    found = merge_hardware(machines)
    shared = set.intersection(*({one.vendor for one in of.accelerators} for of in machines))
    every = {one for of in machines for one in of.accelerators if one.vendor in shared}
    assert every == {*found.accelerators}
    assert found.system == machines[0].system
