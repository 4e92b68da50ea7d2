"""A torch that PyTorch did not build stays, unless somebody says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from hatch_torch.environment.packages import FamilyPackage
    from tests.resolution.conftest import Workbench


@pytest.fixture
def vendors(bench: Workbench) -> FamilyPackage:
    """Return the torch of one of NVIDIA's containers."""
    return bench.put("torch", "2.6.0a0+ecf3bae40a.nv25.1", "vendor")


def test_kept(bench: Workbench, vendors: FamilyPackage) -> None:
    """It is pinned to what it is, so that nothing else moves it."""
    member = bench.put("torchvision", "0.20.0a0", "vendor")
    decision = bench.decide(
        "h200-on-615", "torch", "torchvision", installed=(vendors, member), index=bench.silent()
    )
    assert [one.requires_dist for one in decision.injected] == [
        "torch==2.6.0a0+ecf3bae40a.nv25.1",
        "torchvision==0.20.0a0",
    ]
    assert "kept the installed torch 2.6.0a0" in decision.warnings[0]


def test_missing_member(bench: Workbench, vendors: FamilyPackage) -> None:
    """A member that is missing, and of which none goes with it, is named."""
    with pytest.raises(
        NoAnswerError, match=r"(?s)torchaudio, torchvision: not installed.*existing"
    ):
        bench.decide("h200-on-615", "torch", "torchvision", "torchaudio", installed=(vendors,))


def test_missing_member_and_a_silent_index(bench: Workbench) -> None:
    """A member that cannot be looked for is named, with the reason."""
    built = bench.put("torch", "2.6.0", "source", backend=Backend.parse("cu124"))
    with pytest.raises(NoAnswerError, match=r"torchvision: not installed beside.*switched off"):
        bench.decide(
            "h200-on-615", "torch", "torchvision", installed=(built,), index=bench.silent()
        )


def test_member_that_matches(bench: Workbench) -> None:
    """A torch from the sources with PyTorch's own version takes PyTorch's members."""
    built = bench.put("torch", "2.6.0", "source", backend=Backend.parse("cu124"))
    decision = bench.decide("rtx-4090-on-550", "torch", "torchvision", installed=(built,))
    lines = [one.requires_dist for one in decision.injected]
    assert lines[0] == "torch==2.6.0"
    assert "torchvision-0.21.0%2Bcu124" in lines[1]


def test_unseen_in_a_vendors_image(bench: Workbench) -> None:
    """Where it may be, but can't be seen, nothing is guessed."""
    hardware = bench.machines["h200-on-615"]._replace(environment_hints=("vendor-image",))
    with pytest.raises(
        NoAnswerError, match="the environment to install into is unknown\nhint: name"
    ):
        bench.decide(hardware, "torch", sees_environment=False)
    assert bench.decide(hardware, "torch").backend
    config = bench.config(existing="replace")
    assert bench.decide(hardware, "torch", sees_environment=False, config=config).backend


def test_out_of_range(bench: Workbench, vendors: FamilyPackage) -> None:
    """One that is out of range is an error that says how to replace it."""
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
    bench: Workbench,
    vendors: FamilyPackage,
    existing: str,
    environ: dict[str, str],
    kept: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """It gives way to a request by name, or where the project says so."""
    config = bench.config(existing=existing)
    decision = bench.decide(
        "h200-on-615", "torch", installed=(vendors,), config=config, environ=environ
    )
    assert (decision.pins[0].version == vendors.version) is kept


def test_own_build_is_not_foreign(bench: Workbench) -> None:
    """PyTorch's own build is none of these."""
    own = bench.put("torch", "2.6.0+cu124")
    decision = bench.decide("rtx-4090-on-550", "torch", installed=(own,))
    assert decision.warnings == ()
