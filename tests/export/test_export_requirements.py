"""The formats `requirements` and `constraints`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.export.formats import constraints, requirements

if TYPE_CHECKING:
    from tests.export.conftest import Make

HEADER = "# hatch-torch export: cu126 (detection) for linux_x86_64, Python 3.12"
PORTABLE = "# hatch-torch export: portable; no accelerator was found"
TORCH = (
    "torch @ https://download.pytorch.org/whl/cu126/"
    "torch-2.14.1%2Bcu126-cp312-cp312-linux_x86_64.whl#sha256=00000000torch"
)
VISION = (
    "torchvision @ https://download.pytorch.org/whl/cu126/"
    "torchvision-0.29.2%2Bcu126-cp312-cp312-linux_x86_64.whl#sha256=00000000torchvision"
)
CU126 = {"backend": "cu126", "pins": ("torch 2.14.1+cu126", "torchvision 0.29.2+cu126")}


def test_project(make: Make) -> None:
    """The family stands in its place as exact wheels, with its markers; the rest as written."""
    subject = make("numpy", "torch>=2.3 ; sys_platform == 'linux'", "torchvision", **CU126)

    lines = [HEADER, "numpy", f'{TORCH} ; sys_platform == "linux"', VISION]
    assert "\n".join((*lines, "")) == requirements(subject)


def test_torch_in_front(make: Make) -> None:
    """Where only torchvision is named, torch stands in front of all."""
    expected = f"{HEADER}\n{TORCH}\ntimm\n{VISION}\n"
    assert expected == requirements(make("timm", "torchvision", **CU126))


def test_extras_of_a_member_stay(make: Make) -> None:
    """An extra of torch's own is asked for of its wheel too."""
    written = requirements(make("torch[opt-einsum,fused]", **CU126))
    assert TORCH.replace("torch @", "torch[fused,opt-einsum] @", 1) in written.splitlines()


def test_what_does_not_hold_here_stays(make: Make) -> None:
    """A line for another platform, and one with a URL of its own, are not touched."""
    other = 'torch==2.2.2; sys_platform == "darwin"'
    own = "torchvision@ https://example.org/torchvision-0.29.2-cp312-cp312-linux_x86_64.whl"
    lines = requirements(make(other, own, **CU126)).splitlines()
    assert {other, own.replace("@ ", " @ ", 1)} == {*lines} - {HEADER, TORCH, VISION}


def test_portable(make: Make) -> None:
    """Without a backend the requirements are as written, and a comment says why."""
    subject = make("torch>=2.3", "numpy", warnings=("ignored", "no accelerator\n was found"))
    assert f"{PORTABLE}\ntorch>=2.3\nnumpy\n" == requirements(subject)
    asked = "# hatch-torch export: portable; detection asks for it\n"
    assert asked == requirements(make())


def test_kept_by_version(make: Make) -> None:
    """What is kept and comes from no index is named by its version."""
    subject = make("torch", backend="cu126", pins=("torch 2.6.0a0+nv24.12",), by_url=False)
    assert f"{HEADER}\ntorch==2.6.0a0+nv24.12\n" == requirements(subject)
    assert requirements(subject) == constraints(subject)


def test_constraints(make: Make) -> None:
    """Every pin is a constraint, without a marker; without a backend there is none."""
    subject = make("torchvision ; sys_platform == 'linux'", **CU126)
    assert f"{HEADER}\n{TORCH}\n{VISION}\n" == constraints(subject)
    assert f"{PORTABLE}\n" == constraints(make("torch", warnings=("no accelerator was found",)))
