"""An installed torch that is in range, consistent and runs here is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend

if TYPE_CHECKING:
    from hatch_torch.environment.packages import FamilyPackage
    from tests.resolution.conftest import DecisionBench

BOTH = ("torch", "torchvision")
NEWEST = "2.15.0+cu126"


@pytest.fixture
def cu124(bench: DecisionBench) -> tuple[FamilyPackage, ...]:
    """Return a family that fits the RTX 4090 on driver 550."""
    return bench.installed_package("torch", "2.6.0+cu124"), bench.installed_package(
        "torchvision", "0.21.0+cu124"
    )


def _torch(bench: DecisionBench, *installed: FamilyPackage, **case: object) -> str:
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=installed, **case)
    return str(decision.pins[0].version)


def test_by_version(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Under pip members are pinned by version, without the index."""
    decision = bench.decide(
        "rtx-4090-on-550", *BOTH, installed=cu124, index=bench.unreachable_index()
    )
    lines = bench.list_injected(decision)
    assert lines == ["torch==2.6.0+cu124", "torchvision==0.21.0+cu124"]


def test_by_url(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Under uv members are pinned by URL, the index's where none is recorded."""
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=cu124, allows_version_pins=False)
    lines = bench.list_injected(decision)
    assert [line.partition(" @ ")[0] for line in lines] == ["torch", "torchvision"]
    assert all("/whl/cu124/" in line and "#sha256=" in line for line in lines)


def test_by_its_own_url(bench: DecisionBench) -> None:
    """A recorded URL is used again, with its hash and without the index."""
    url = "https://wheels.example.org/torch-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"
    kept = bench.installed_package("torch", "2.6.0+cu124", direct_url=f"{url}#sha256=ab12")
    decision = bench.decide(
        "rtx-4090-on-550",
        "torch",
        installed=(kept,),
        allows_version_pins=False,
        index=bench.unreachable_index(),
    )
    assert bench.list_injected(decision) == [f"torch @ {url}#sha256=ab12"]


def test_under_uv_without_index(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Under uv, without the index, installed members are pinned by version."""
    decision = bench.decide(
        "rtx-4090-on-550",
        *BOTH,
        installed=cu124,
        allows_version_pins=False,
        index=bench.unreachable_index(),
    )
    assert bench.list_injected(decision) == [
        "torch==2.6.0+cu124",
        "torchvision==0.21.0+cu124",
    ]
    assert "switched off" in decision.warnings[0]


def test_missing_member_without_index(
    bench: DecisionBench, cu124: tuple[FamilyPackage, ...]
) -> None:
    """Where a member is missing and the index does not answer, PyPI's default wheels are taken."""
    decision = bench.decide(
        "rtx-4090-on-550", *BOTH, installed=cu124[:1], index=bench.unreachable_index()
    )
    assert str(decision.pins[0].version) == "2.10.0"


@pytest.mark.parametrize("allows_version_pins", [True, False])
def test_default_wheel_of_pypi(bench: DecisionBench, allows_version_pins: bool) -> None:  # noqa: FBT001 (a parameter)
    """PyPI's default wheel is pinned by version for every installer."""
    plain = bench.installed_package("torch", "2.6.0", backend=Backend.parse("cu124"))
    decision = bench.decide(
        "rtx-4090-on-550", "torch", installed=(plain,), allows_version_pins=allows_version_pins
    )
    assert bench.list_injected(decision) == ["torch==2.6.0"]


def test_default_wheel_and_a_member(bench: DecisionBench) -> None:
    """A member beside PyPI's default wheel is of that wheel's backend."""
    plain = bench.installed_package("torch", "2.6.0", backend=Backend.parse("cu124"))
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=(plain,))
    lines = bench.list_injected(decision)
    assert lines[0] == "torch==2.6.0"
    assert "torchvision-0.21.0%2Bcu124" in lines[1]


def test_missing_member(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """A missing member is found for the kept torch."""
    decision = bench.decide("rtx-4090-on-550", *BOTH, "torchaudio", installed=cu124)
    lines = [one.requires_dist.partition(" @ ")[0] for one in decision.injected]
    assert lines == ["torch==2.6.0+cu124", "torchvision==0.21.0+cu124", "torchaudio"]


def test_companions(bench: DecisionBench) -> None:
    """Companions that came from torch's index are kept with it."""
    requires = (
        "pytorch-triton-rocm==3.2.0 ; platform_system == 'Linux'",
        "triton ; extra == 'x'",
        "numpy",
    )
    kept = (
        bench.installed_package("torch", "2.6.0+rocm6.2.4", requires=requires),
        bench.installed_package("pytorch-triton-rocm", "3.2.0"),
    )
    decision = bench.decide(
        "mi300-rocm-6.4", "torch", installed=kept, index=bench.unreachable_index()
    )
    assert bench.list_injected(decision) == [
        "torch==2.6.0+rocm6.2.4",
        "pytorch-triton-rocm==3.2.0",
    ]


def test_companions_beside_a_missing_member(bench: DecisionBench) -> None:
    """An installed companion is pinned by version, so that it is not fetched again."""
    requires = ("pytorch-triton-rocm==3.2.0 ; platform_system == 'Linux'",)
    kept = (
        bench.installed_package("torch", "2.6.0+rocm6.2.4", requires=requires),
        bench.installed_package("pytorch-triton-rocm", "3.2.0"),
    )
    decision = bench.decide("mi300-rocm-6.4", *BOTH, installed=kept)
    lines = [one.requires_dist.partition(" @ ")[0] for one in decision.injected]
    assert lines == ["torch==2.6.0+rocm6.2.4", "pytorch-triton-rocm==3.2.0", "torchvision"]


def test_broken_companion(bench: DecisionBench) -> None:
    """A companion of another version than the kept torch needs is replaced."""
    requires = ("pytorch-triton-rocm==3.2.0",)
    kept = (
        bench.installed_package("torch", "2.6.0+rocm6.2.4", requires=requires),
        bench.installed_package("pytorch-triton-rocm", "3.0.0"),
    )
    decision = bench.decide("mi300-rocm-6.4", *BOTH, installed=kept)
    versions = {pin.name: str(pin.version) for pin in decision.pins}
    assert versions["pytorch-triton-rocm"] == "3.2.0"


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        (("2.6.0+cpu", "0.21.0+cpu"), "an accelerator is usable"),
        (("2.6.0+cu124", "0.20.1+cu124"), "the members are not of one family"),
        (("2.6.0+cu124", "0.21.0+cpu"), "the members are of two backends"),
        (("2.14.1+cu130", "0.29.1+cu130"), "the driver is too old for it"),
        (("2.6.0+rocm6.2.4", "0.21.0+rocm6.2.4"), "there is no such GPU"),
        (("2.16.0", "0.30.0"), "nobody knows its backend"),
    ],
)
def test_replaced(bench: DecisionBench, versions: tuple[str, str], reason: str) -> None:
    """What does not fit is replaced by the newest."""
    installed = (bench.installed_package(*pair) for pair in zip(BOTH, versions, strict=True))
    assert _torch(bench, *installed) == NEWEST, reason


def test_no_machine_code(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """A torch without machine code for the GPU is replaced."""
    decision = bench.decide("rtx-5090-on-580", *BOTH, installed=cu124)
    assert str(decision.backend) == "cu130"


def test_backend_that_runs_with_a_newer_release(bench: DecisionBench) -> None:
    """An older release without code for the GPU is replaced though its backend is compatible."""
    old = bench.installed_package("torch", "2.7.1+cu128")
    decision = bench.decide("v100-on-580", "torch<2.11", installed=(old,))
    assert str(decision.pins[0].version) == "2.10.0+cu129"


def test_upgrade(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """An upgrade ignores what is installed."""
    assert _torch(bench, *cu124, upgrade=True) == NEWEST


def test_out_of_range(bench: DecisionBench, cu124: tuple[FamilyPackage, ...]) -> None:
    """A torch out of range is not kept."""
    decision = bench.decide("rtx-4090-on-550", "torch<2.6", installed=cu124)
    assert str(decision.pins[0].version) == "2.5.1+cu124"


def test_request_for_another_backend(
    bench: DecisionBench, cu124: tuple[FamilyPackage, ...]
) -> None:
    """A request for another backend replaces the installed one."""
    assert _torch(bench, *cu124, environ={"TORCH_VARIANT": "cu121"}) == "2.5.1+cu121"


def test_request_for_the_installed_backend(
    bench: DecisionBench, cu124: tuple[FamilyPackage, ...]
) -> None:
    """A request for the installed backend keeps it."""
    assert _torch(bench, *cu124, environ={"TORCH_VARIANT": "cu124"}) == "2.6.0+cu124"


def test_member_without_a_match(bench: DecisionBench) -> None:
    """Where no member in range fits the installed torch, both are replaced."""
    kept = bench.installed_package("torch", "2.6.0+cu124")
    decision = bench.decide("rtx-4090-on-550", "torch", "torchvision>=0.22", installed=(kept,))
    assert str(decision.pins[0].version) == NEWEST
