"""An installed torch stays where it is in range, of one family, and runs here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend

if TYPE_CHECKING:
    from hatch_torch.environment.packages import FamilyPackage
    from tests.resolution.conftest import Workbench

BOTH = ("torch", "torchvision")
NEWEST = "2.15.0+cu126"


@pytest.fixture
def cu124(bench: Workbench) -> tuple[FamilyPackage, ...]:
    """Return a family that is right for the RTX 4090 on driver 550."""
    return bench.put("torch", "2.6.0+cu124"), bench.put("torchvision", "0.21.0+cu124")


def _torch(bench: Workbench, *installed: FamilyPackage, **case: object) -> str:
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=installed, **case)
    return str(decision.pins[0].version)


def test_by_version(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Under pip each member is added as its exact version, and no index is asked."""
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=cu124, index=bench.silent())
    lines = [one.requires_dist for one in decision.injected]
    assert lines == ["torch==2.6.0+cu124", "torchvision==0.21.0+cu124"]


def test_by_url(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Under uv each member is added by its URL, that of the index where none is recorded."""
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=cu124, by_version=False)
    lines = [one.requires_dist for one in decision.injected]
    assert [line.partition(" @ ")[0] for line in lines] == ["torch", "torchvision"]
    assert all("/whl/cu124/" in line and "#sha256=" in line for line in lines)


def test_by_its_own_url(bench: Workbench) -> None:
    """A recorded URL is used again, with its hash, and no index is asked."""
    url = "https://wheels.example.org/torch-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"
    kept = bench.put("torch", "2.6.0+cu124", direct_url=f"{url}#sha256=ab12")
    decision = bench.decide(
        "rtx-4090-on-550", "torch", installed=(kept,), by_version=False, index=bench.silent()
    )
    assert [one.requires_dist for one in decision.injected] == [f"torch @ {url}#sha256=ab12"]


def test_silent_index_under_uv(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Where no URL can be found the version will do, for it is installed."""
    decision = bench.decide(
        "rtx-4090-on-550", *BOTH, installed=cu124, by_version=False, index=bench.silent()
    )
    assert [one.requires_dist for one in decision.injected] == [
        "torch==2.6.0+cu124",
        "torchvision==0.21.0+cu124",
    ]
    assert "switched off" in decision.warnings[0]


def test_silent_index_and_a_member_missing(
    bench: Workbench, cu124: tuple[FamilyPackage, ...]
) -> None:
    """What is not installed cannot be kept: PyPI's plain wheels stand in."""
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=cu124[:1], index=bench.silent())
    assert str(decision.pins[0].version) == "2.10.0"


@pytest.mark.parametrize("by_version", [True, False])
def test_plain_wheel_of_pypi(bench: Workbench, by_version: bool) -> None:  # noqa: FBT001 (a parameter)
    """PyPI's plain wheel is kept by its version, for every installer."""
    plain = bench.put("torch", "2.6.0", backend=Backend.parse("cu124"))
    decision = bench.decide("rtx-4090-on-550", "torch", installed=(plain,), by_version=by_version)
    assert [one.requires_dist for one in decision.injected] == ["torch==2.6.0"]


def test_plain_wheel_of_pypi_and_a_member(bench: Workbench) -> None:
    """A member beside PyPI's plain wheel comes from the backend that this wheel is."""
    plain = bench.put("torch", "2.6.0", backend=Backend.parse("cu124"))
    decision = bench.decide("rtx-4090-on-550", *BOTH, installed=(plain,))
    lines = [one.requires_dist for one in decision.injected]
    assert lines[0] == "torch==2.6.0"
    assert "torchvision-0.21.0%2Bcu124" in lines[1]


def test_missing_member(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """What is missing is found for the torch that is kept."""
    decision = bench.decide("rtx-4090-on-550", *BOTH, "torchaudio", installed=cu124)
    lines = [one.requires_dist.partition(" @ ")[0] for one in decision.injected]
    assert lines == ["torch==2.6.0+cu124", "torchvision==0.21.0+cu124", "torchaudio"]


def test_companions(bench: Workbench) -> None:
    """What came with torch from its index is kept with it."""
    requires = (
        "pytorch-triton-rocm==3.2.0 ; platform_system == 'Linux'",
        "triton ; extra == 'x'",
        "numpy",
    )
    kept = (
        bench.put("torch", "2.6.0+rocm6.2.4", requires=requires),
        bench.put("pytorch-triton-rocm", "3.2.0"),
    )
    decision = bench.decide("mi300-rocm-6.4", "torch", installed=kept, index=bench.silent())
    assert [one.requires_dist for one in decision.injected] == [
        "torch==2.6.0+rocm6.2.4",
        "pytorch-triton-rocm==3.2.0",
    ]


def test_companions_beside_a_missing_member(bench: Workbench) -> None:
    """A companion that is there is not named by a URL, which would be fetched again."""
    requires = ("pytorch-triton-rocm==3.2.0 ; platform_system == 'Linux'",)
    kept = (
        bench.put("torch", "2.6.0+rocm6.2.4", requires=requires),
        bench.put("pytorch-triton-rocm", "3.2.0"),
    )
    decision = bench.decide("mi300-rocm-6.4", *BOTH, installed=kept)
    lines = [one.requires_dist.partition(" @ ")[0] for one in decision.injected]
    assert lines == ["torch==2.6.0+rocm6.2.4", "pytorch-triton-rocm==3.2.0", "torchvision"]


def test_broken_companion(bench: Workbench) -> None:
    """A companion of another version than the kept torch needs is replaced."""
    requires = ("pytorch-triton-rocm==3.2.0",)
    kept = (
        bench.put("torch", "2.6.0+rocm6.2.4", requires=requires),
        bench.put("pytorch-triton-rocm", "3.0.0"),
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
def test_replaced(bench: Workbench, versions: tuple[str, str], reason: str) -> None:
    """What is not right is replaced by the newest."""
    installed = (bench.put(*pair) for pair in zip(BOTH, versions, strict=True))
    assert _torch(bench, *installed) == NEWEST, reason


def test_no_machine_code(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """What is installed but has no machine code for the GPU is replaced."""
    decision = bench.decide("rtx-5090-on-580", *BOTH, installed=cu124)
    assert str(decision.backend) == "cu130"


def test_backend_that_runs_with_a_newer_release(bench: Workbench) -> None:
    """A backend may be usable, and yet what is installed of it has no code for the GPU."""
    old = bench.put("torch", "2.7.1+cu128")
    decision = bench.decide("v100-on-580", "torch<2.11", installed=(old,))
    assert str(decision.pins[0].version) == "2.10.0+cu129"


def test_upgrade(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Who asks for an upgrade gets the newest."""
    assert _torch(bench, *cu124, upgrade=True) == NEWEST


def test_out_of_range(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """What is not in range is not kept."""
    decision = bench.decide("rtx-4090-on-550", "torch<2.6", installed=cu124)
    assert str(decision.pins[0].version) == "2.5.1+cu124"


def test_another_backend_asked_for(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Who asks for another backend gets it."""
    assert _torch(bench, *cu124, environ={"TORCH_VARIANT": "cu121"}) == "2.5.1+cu121"


def test_same_backend_asked_for(bench: Workbench, cu124: tuple[FamilyPackage, ...]) -> None:
    """Who asks for what is installed keeps it."""
    assert _torch(bench, *cu124, environ={"TORCH_VARIANT": "cu124"}) == "2.6.0+cu124"


def test_member_without_a_match(bench: Workbench) -> None:
    """Where a torch that is right has no member in range, both are chosen anew."""
    kept = bench.put("torch", "2.6.0+cu124")
    decision = bench.decide("rtx-4090-on-550", "torch", "torchvision>=0.22", installed=(kept,))
    assert str(decision.pins[0].version) == NEWEST
