"""The formats `uv` and `poetry`: tables to paste into a pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.config.config import Config
from hatch_torch.export.formats import FORMATS
from hatch_torch.export.tool_tables import render_poetry, render_uv

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.export.conftest import MakeContext

    Extras = Callable[..., tuple[object, ...]]

UV = """\
# hatch-torch export: the project's backends

[tool.uv]
conflicts = [[
  { extra = "cu126" },
  { extra = "cpu" },
]]

[[tool.uv.index]]
name = "pytorch-cu126"
url = "https://download.pytorch.org/whl/cu126"
explicit = true

[[tool.uv.index]]
name = "pytorch-cpu"
url = "https://download.pytorch.org/whl/cpu"
explicit = true

[tool.uv.sources]
torch = [
  { index = "pytorch-cu126", extra = "cu126", \
marker = "sys_platform == 'linux' or sys_platform == 'win32'" },
  { index = "pytorch-cpu", extra = "cpu" },
]
"""
UV_ALONE = """\
# hatch-torch export: rocm7.0 (detection) for linux_x86_64, Python 3.12
# uv applies a source only to a package that is required by name, and a source for an extra only
# where that extra requires the package. Add these, or uv takes them from the default index:
#   dependencies: torch, triton-rocm

[[tool.uv.index]]
name = "pytorch-rocm70"
url = "https://download.pytorch.org/whl/rocm7.0"
explicit = true

[tool.uv.sources]
torch = [{ index = "pytorch-rocm70", marker = "sys_platform == 'linux'" }]
torchvision = [{ index = "pytorch-rocm70", marker = "sys_platform == 'linux'" }]
triton-rocm = [{ index = "pytorch-rocm70", marker = "sys_platform == 'linux'" }]
"""
POETRY = """\
# hatch-torch export: rocm7.0 (detection) for linux_x86_64, Python 3.12
# If [project] has dependencies, add these there too: torch, triton-rocm

[[tool.poetry.source]]
name = "pytorch-rocm70"
url = "https://download.pytorch.org/whl/rocm7.0"
priority = "explicit"

[tool.poetry.dependencies]
torch = { version = "*", source = "pytorch-rocm70" }
torchvision = { version = ">=0.20", source = "pytorch-rocm70" }
triton-rocm = { version = "*", source = "pytorch-rocm70" }
"""
PINS = ("torch 2.10.0+rocm7.0", "torchvision 0.25.0+rocm7.0", "triton-rocm 3.6.0")


def missing(text: str) -> list[str]:
    """Return the lines of the comment that say what to add."""
    return [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]


def test_uv(make_context: MakeContext, make_extras: Extras) -> None:
    """Every backend has an index, and each package a source for each backend's extra."""
    assert render_uv(make_context("torch", "numpy", extras=make_extras("cu126", "cpu"))) == UV


def test_uv_without_extras(make_context: MakeContext) -> None:
    """Every install uses the decided backend; a comment says what to require by name."""
    assert render_uv(make_context("torchvision", backend="rocm7.0", pins=PINS)) == UV_ALONE
    named = make_context("torch", "torchvision", "triton-rocm", backend="rocm7.0", pins=PINS)
    assert missing(render_uv(named)) == []


def test_uv_needs_names_in_each_extra(make_context: MakeContext, make_extras: Extras) -> None:
    """What only an ordinary extra requires, and a triton, are missing in a backend's extra."""
    sound = {"sound": (Requirement("torchaudio"),)}
    own = make_extras("cpu", rocm70="triton-rocm", xpu="torchaudio")
    text = render_uv(make_context("torchvision", optional_dependencies=sound, extras=own))
    path = "[tool.torch-variant.extras.{}] dependencies"
    triton = "triton-xpu ; sys_platform == 'linux' or sys_platform == 'win32'"
    assert missing(text) == [
        f"{path.format('cpu')}: torch, torchaudio",
        f"{path.format('rocm70')}: torch, torchaudio",
        f"{path.format('xpu')}: torch, {triton} (before torch 2.10: pytorch-triton-xpu)",
    ]
    assert 'torchaudio = [{ index = "pytorch-xpu", extra = "xpu", marker =' in text


def test_one_extra_has_no_conflict(make_context: MakeContext, make_extras: Extras) -> None:
    """A conflict takes two."""
    assert "conflicts" not in render_uv(make_context("torch", extras=make_extras("cpu")))


def test_unknown_backend(make_context: MakeContext) -> None:
    """It is not for macOS, and no triton is assumed for it."""
    text = render_uv(make_context("torch", backend="cu199", pins=("torch 3.0.0+cu199",)))
    assert """torch = [{ index = "pytorch-cu199", marker = "sys_platform != 'darwin'" }]""" in text


def test_poetry(make_context: MakeContext) -> None:
    """There is an explicit source, and each package has the project's specifier."""
    requirements = ("torchvision>=0.20", "torchvision<0.9 ; sys_platform == 'win32'")
    assert render_poetry(make_context(*requirements, backend="rocm7.0", pins=PINS)) == POETRY
    named = make_context("torch", backend="cpu", pins=("torch 2.10.0+cpu",))
    assert "# If" not in render_poetry(named)


def test_portable_tables(make_context: MakeContext) -> None:
    """Without a backend a comment says why."""
    header = "# hatch-torch export: portable; why\n"
    assert render_poetry(make_context("torch", warnings=("why",))) == header
    assert render_uv(make_context("torch", warnings=("why",))) == header


def test_formats() -> None:
    """The formats have a fixed order, and all need a decision in a project without backends."""
    names = ["requirements", "constraints", "command", "pylock", "uv", "poetry", "extra"]
    assert names == [form.name for form in FORMATS]
    assert all(form.needs_decision(Config()) for form in FORMATS)
