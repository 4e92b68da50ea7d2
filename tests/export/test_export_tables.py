"""The formats `uv` and `poetry`: tables to be pasted into a pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from hatch_torch.config.config import Config
from hatch_torch.export.formats import FORMATS
from hatch_torch.export.tool_tables import inline, poetry, uv

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.export.conftest import Make

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
# uv takes a source only for what is required by name, and one for an extra only where that extra
# requires it. Still missing, so that uv would look for it on the default index:
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
# Where [project] has dependencies, name these there too: torch, triton-rocm

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
    """Return the lines of the comment on what is missing."""
    return [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]


def test_uv(make: Make, extras: Extras) -> None:
    """Every backend has an index, and each member a source for each backend's extra."""
    assert uv(make("torch", "numpy", extras=extras("cu126", "cpu"))) == UV


def test_uv_without_extras(make: Make) -> None:
    """The decided backend is for everybody; what must be required by name is told."""
    assert uv(make("torchvision", backend="rocm7.0", pins=PINS)) == UV_ALONE
    named = make("torch", "torchvision", "triton-rocm", backend="rocm7.0", pins=PINS)
    assert missing(uv(named)) == []


def test_uv_wants_names_in_each_extra(make: Make, extras: Extras) -> None:
    """A member that only an ordinary extra has, and a triton, are missing in a backend's extra."""
    sound = {"sound": (Requirement("torchaudio"),)}
    own = extras("cpu", rocm70="triton-rocm", xpu="torchaudio")
    text = uv(make("torchvision", optional_dependencies=sound, extras=own))
    path = "[tool.torch-variant.extras.{}] dependencies"
    triton = "triton-xpu ; sys_platform == 'linux' or sys_platform == 'win32'"
    assert missing(text) == [
        f"{path.format('cpu')}: torch, torchaudio",
        f"{path.format('rocm70')}: torch, torchaudio",
        f"{path.format('xpu')}: torch, {triton} (before torch 2.10: pytorch-triton-xpu)",
    ]
    assert 'torchaudio = [{ index = "pytorch-xpu", extra = "xpu", marker =' in text


def test_one_extra_has_no_conflict(make: Make, extras: Extras) -> None:
    """A conflict takes two."""
    assert "conflicts" not in uv(make("torch", extras=extras("cpu")))


def test_a_backend_that_no_table_knows(make: Make) -> None:
    """It is not for macOS, and has no triton where it is not said which."""
    text = uv(make("torch", backend="cu199", pins=("torch 3.0.0+cu199",)))
    assert """torch = [{ index = "pytorch-cu199", marker = "sys_platform != 'darwin'" }]""" in text


def test_poetry(make: Make) -> None:
    """An explicit source, and each package of it with the range that the project writes."""
    written = ("torchvision>=0.20", "torchvision<0.9 ; sys_platform == 'win32'")
    assert poetry(make(*written, backend="rocm7.0", pins=PINS)) == POETRY
    named = make("torch", backend="cpu", pins=("torch 2.10.0+cpu",))
    assert "# Where" not in poetry(named)


def test_portable_tables(make: Make) -> None:
    """Without a backend there is a comment that says why."""
    header = "# hatch-torch export: portable; why\n"
    assert poetry(make("torch", warnings=("why",))) == header
    assert uv(make("torch", warnings=("why",))) == header


@pytest.mark.parametrize(
    ("value", "text"), [('a"\\\n', r'"a\"\\\n"'), (["é", {"k": "v"}], '["é", { k = "v" }]')]
)
def test_toml(value: object, text: str) -> None:
    """Strings are escaped, arrays and tables stand on one line."""
    assert inline(value) == text  # type: ignore[arg-type] # the parameters are of several kinds


def test_formats() -> None:
    """The formats have a fixed order, and each can be decided for a project without backends."""
    names = ["requirements", "constraints", "command", "pylock", "uv", "poetry", "extra"]
    assert names == [one.name for one in FORMATS]
    assert all(one.needs_decision(Config()) for one in FORMATS)
