"""Injected requirements: the pins under each requirement's marker and extra."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.config.requirements import FamilyRequirement
from hatch_torch.resolution.injection import UNSATISFIABLE, inject
from hatch_torch.resolution.model import InjectedRequirement, Pin

FAMILY = {"torch", "torchvision", "torchaudio"}
_INDEX = "https://download.pytorch.org/whl/rocm6.4"
TORCH = Pin("torch", Version("2.9.1+rocm6.4"), f"{_INDEX}/torch-2.9.1%2Brocm6.4.whl", "ab" * 32)
VISION = Pin("torchvision", Version("0.24.1+rocm6.4"), f"{_INDEX}/torchvision.whl")
TRITON = Pin("triton-rocm", Version("3.5.1"), by_version=True)
PINS = (TORCH, VISION, TRITON)


def line(text: str, extra: str | None = None) -> FamilyRequirement:
    """Return a requirement of the dependencies, or of an extra."""
    return FamilyRequirement(Requirement(text), extra)


def test_torch_alone() -> None:
    """A requirement on torch injects torch's pin and the companions."""
    found = inject([line("torch>=2.3")], PINS, FAMILY)
    assert [
        InjectedRequirement(TORCH.requirement),
        InjectedRequirement(TRITON.requirement),
    ] == found


def test_member() -> None:
    """A requirement on a member injects torch's pin before the member's."""
    found = inject([line("torchvision")], PINS, FAMILY)
    assert [InjectedRequirement(one.requirement) for one in PINS] == found


def test_each_once() -> None:
    """A pin is injected once for several requirements."""
    found = inject([line("torch"), line("torchvision"), line("Torch>=2")], PINS, FAMILY)
    assert len(found) == len(PINS)
    assert {*found} == {InjectedRequirement(one.requirement) for one in PINS}


def test_required_by_url() -> None:
    """A member required by URL is not pinned, but its companions are."""
    found = inject([line("torch @ https://wheels.example.org/torch.whl")], PINS, FAMILY)
    assert [InjectedRequirement(TRITON.requirement)] == found


def test_marker_and_extra() -> None:
    """Pins get the requirement's own marker and extra."""
    found = inject([line("torch; os_name == 'nt'", "train")], [TORCH], FAMILY)
    assert [InjectedRequirement(f'{TORCH.requirement} ; os_name == "nt"', "train")] == found


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        (InjectedRequirement("torch==2.6.0"), "torch==2.6.0"),
        (InjectedRequirement(UNSATISFIABLE, "cpu"), 'torch<0 ; extra == "cpu"'),
        (
            InjectedRequirement('torch==2.6.0 ; os_name == "nt" or os_name == "java"', "cpu"),
            'torch==2.6.0 ; (os_name == "nt" or os_name == "java") and extra == "cpu"',
        ),
    ],
)
def test_requires_dist(addition: InjectedRequirement, expected: str) -> None:
    """In `Requires-Dist` the extra becomes part of the marker."""
    assert expected == addition.requires_dist


def test_name() -> None:
    """The name of the required package is normalized."""
    assert (
        InjectedRequirement(f"Torch_Vision @ {_INDEX}/a.whl ; os_name == 'nt'").name
        == "torch-vision"
    )


_MARKERS = st.recursive(
    st.builds(
        "{} {} {!r}".format,
        st.sampled_from(["sys_platform", "os_name", "platform_version"]),
        st.sampled_from(["==", "!=", "in", "not in"]),
        st.text(alphabet="az;@ #=1.()", max_size=8),
    ),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=4,
)
_LINES = st.builds(
    lambda name, marker, extra: line(name + (f" ; {marker}" if marker else ""), extra),
    st.sampled_from(["torch", "Torch[opt-einsum]>=2.3", "torchvision", "torchaudio!=2.4"]),
    st.none() | _MARKERS,
    st.none() | st.sampled_from(["train", "Cu-124", "rocm7.0", "a_b"]),
)
_ENVIRONMENTS = st.fixed_dictionaries(
    {
        name: st.sampled_from(["", "a", "z1", "a;z", "linux"])
        for name in ("sys_platform", "os_name", "platform_version")
    }
)


@settings(max_examples=100, deadline=None)
@given(_LINES, _ENVIRONMENTS)
def test_every_addition_is_a_requirement(
    wanted: FamilyRequirement, environment: dict[str, str]
) -> None:
    """Every result can be parsed, and applies exactly where the requirement does."""
    own = wanted.requirement.marker
    asked = {**environment, "extra": wanted.extra or ""}
    holds = own is None or own.evaluate(asked)
    found = inject([wanted], PINS, FAMILY)
    assert found
    for addition in found:
        parsed = Requirement(addition.requires_dist)
        (pin,) = [one for one in PINS if one.name == parsed.name]
        assert Requirement(pin.requirement).url == parsed.url
        assert holds == (parsed.marker is None or parsed.marker.evaluate(asked))
        if wanted.extra:
            assert isinstance(parsed.marker, Marker)
            assert not parsed.marker.evaluate({**asked, "extra": "another"})
