"""The formats `requirements` and `constraints`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.export.formats import render_constraints, render_requirements

if TYPE_CHECKING:
    from tests.export.conftest import MakeContext

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


def test_requirements(make_context: MakeContext) -> None:
    """The family is replaced by exact wheels, with its markers; the rest is unchanged."""
    context = make_context("numpy", "torch>=2.3 ; sys_platform == 'linux'", "torchvision", **CU126)

    lines = [HEADER, "numpy", f'{TORCH} ; sys_platform == "linux"', VISION]
    assert "\n".join((*lines, "")) == render_requirements(context)


def test_torch_comes_first(make_context: MakeContext) -> None:
    """If only torchvision is named, torch is added as the first line."""
    expected = f"{HEADER}\n{TORCH}\ntimm\n{VISION}\n"
    assert expected == render_requirements(make_context("timm", "torchvision", **CU126))


def test_extras_are_kept(make_context: MakeContext) -> None:
    """The extras of torch itself are requested from its wheel too."""
    text = render_requirements(make_context("torch[opt-einsum,fused]", **CU126))
    assert TORCH.replace("torch @", "torch[fused,opt-einsum] @", 1) in text.splitlines()


def test_other_lines_are_kept(make_context: MakeContext) -> None:
    """A requirement for another platform, and one with a URL, are unchanged."""
    other = 'torch==2.2.2; sys_platform == "darwin"'
    own = "torchvision@ https://example.org/torchvision-0.29.2-cp312-cp312-linux_x86_64.whl"
    lines = render_requirements(make_context(other, own, **CU126)).splitlines()
    assert {other, own.replace("@ ", " @ ", 1)} == {*lines} - {HEADER, TORCH, VISION}


def test_portable(make_context: MakeContext) -> None:
    """Without a backend the requirements are unchanged, and a comment says why."""
    context = make_context(
        "torch>=2.3", "numpy", warnings=("ignored", "no accelerator\n was found")
    )
    assert f"{PORTABLE}\ntorch>=2.3\nnumpy\n" == render_requirements(context)
    requested = "# hatch-torch export: portable; requested by detection\n"
    assert requested == render_requirements(make_context())


def test_pinned_by_version(make_context: MakeContext) -> None:
    """A kept package that is from no index is pinned by version."""
    context = make_context("torch", backend="cu126", pins=("torch 2.6.0a0+nv24.12",), by_url=False)
    assert f"{HEADER}\ntorch==2.6.0a0+nv24.12\n" == render_requirements(context)
    assert render_requirements(context) == render_constraints(context)


def test_constraints(make_context: MakeContext) -> None:
    """Every pin is a constraint, without a marker; without a backend there are none."""
    context = make_context("torchvision ; sys_platform == 'linux'", **CU126)
    assert f"{HEADER}\n{TORCH}\n{VISION}\n" == render_constraints(context)
    assert f"{PORTABLE}\n" == render_constraints(
        make_context("torch", warnings=("no accelerator was found",))
    )
