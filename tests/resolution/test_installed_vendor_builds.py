"""A torch that PyTorch did not build is kept, unless configured otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from hatch_torch.environment.packages import FamilyPackage
    from tests.resolution.conftest import DecisionBench


@pytest.fixture
def vendors(bench: DecisionBench) -> FamilyPackage:
    """Return the torch of one of NVIDIA's containers."""
    return bench.installed_package("torch", "2.6.0a0+ecf3bae40a.nv25.1", "vendor")


def test_kept(bench: DecisionBench, vendors: FamilyPackage) -> None:
    """It is pinned to its version, so that nothing replaces it."""
    member = bench.installed_package("torchvision", "0.20.0a0", "vendor")
    decision = bench.decide(
        "h200-on-615",
        "torch",
        "torchvision",
        installed=(vendors, member),
        index=bench.unreachable_index(),
    )
    assert bench.list_injected(decision) == [
        "torch==2.6.0a0+ecf3bae40a.nv25.1",
        "torchvision==0.20.0a0",
    ]
    assert "kept the installed torch 2.6.0a0" in decision.warnings[0]


def test_missing_member(bench: DecisionBench, vendors: FamilyPackage) -> None:
    """The error names the missing members where none fits."""
    with pytest.raises(
        NoAnswerError, match=r"(?s)torchaudio, torchvision: not installed.*existing"
    ):
        bench.decide("h200-on-615", "torch", "torchvision", "torchaudio", installed=(vendors,))


def test_missing_member_without_index(bench: DecisionBench) -> None:
    """Where the index does not answer, the error names the missing member and the reason."""
    built = bench.installed_package("torch", "2.6.0", "source", backend=Backend.parse("cu124"))
    with pytest.raises(NoAnswerError, match=r"torchvision: not installed beside.*switched off"):
        bench.decide(
            "h200-on-615",
            "torch",
            "torchvision",
            installed=(built,),
            index=bench.unreachable_index(),
        )


def test_member_that_matches(bench: DecisionBench) -> None:
    """PyTorch's members fit a source build of PyTorch's version."""
    built = bench.installed_package("torch", "2.6.0", "source", backend=Backend.parse("cu124"))
    decision = bench.decide("rtx-4090-on-550", "torch", "torchvision", installed=(built,))
    lines = bench.list_injected(decision)
    assert lines[0] == "torch==2.6.0"
    assert "torchvision-0.21.0%2Bcu124" in lines[1]


def test_unseen_in_a_vendors_image(bench: DecisionBench) -> None:
    """In a vendor's image an unknown environment is an error."""
    hardware = bench.machines["h200-on-615"]._replace(environment_hints=("vendor-image",))
    with pytest.raises(
        NoAnswerError, match="the environment to install into is unknown\nhint: name"
    ):
        bench.decide(hardware, "torch", sees_environment=False)
    assert bench.decide(hardware, "torch").backend
    config = bench.make_config(existing="replace")
    assert bench.decide(hardware, "torch", sees_environment=False, config=config).backend


def test_out_of_range(bench: DecisionBench, vendors: FamilyPackage) -> None:
    """The error about a build out of range says how to replace it."""
    with pytest.raises(
        NoAnswerError, match=r'not in the range torch>=2\.7\nhint: set existing = "repl'
    ):
        bench.decide("h200-on-615", "torch>=2.7", installed=(vendors,))


@pytest.mark.parametrize(
    ("existing", "environ", "kept"),
    [
        ("auto", {}, True),
        ("auto", {"TORCH_VARIANT": "cu134"}, False),
        ("keep", {"TORCH_VARIANT": "cu134"}, True),
        ("replace", {}, False),
    ],
)
def test_policy(
    bench: DecisionBench,
    vendors: FamilyPackage,
    existing: str,
    environ: dict[str, str],
    kept: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """A request by name, or `existing`, replaces it."""
    config = bench.make_config(existing=existing)
    decision = bench.decide(
        "h200-on-615", "torch", installed=(vendors,), config=config, environ=environ
    )
    assert (decision.pins[0].version == vendors.version) is kept


def test_own_build_is_no_vendor_build(bench: DecisionBench) -> None:
    """PyTorch's own build is kept without a warning."""
    own = bench.installed_package("torch", "2.6.0+cu124")
    decision = bench.decide("rtx-4090-on-550", "torch", installed=(own,))
    assert decision.warnings == ()
