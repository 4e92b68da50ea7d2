"""Keep what is right: nothing moves without a reason, and what is wrong is swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from hatch_torch.demo.server import serve
from hatch_torch.environment.prefix import find_site_packages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

OLD = {"torch": "2.13.0+cu126", "torchvision": "0.28.0+cu126"}
NEW = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
ON_CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.2+cpu"}


@pytest.fixture
def earlier(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Make a sandbox with torch 2.13 on an RTX 4090, before the releases that come later."""
    with serve(newest=Version("2.13.0")) as index:
        yield sandbox.on("rtx-4090").over(index)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_newer_release_moves_nothing(earlier: Sandbox, tool: str) -> None:
    """Again, unchanged, opens no page of the index, though a newer torch is on it; -U takes it."""
    earlier.install(tool)
    assert earlier.exact() == OLD
    (sound,) = (line for line in earlier.requirements() if line.startswith("torchaudio @"))
    earlier.index.newest = None
    earlier.index.forget()

    earlier.on(TORCH_VARIANT_CACHE_DIR=str(earlier.folder / "new")).install(tool)

    assert earlier.versions() == OLD
    assert set() == earlier.fetched()
    assert [
        path
        for _, path in earlier.index.requests
        if path.startswith("/whl/") and path.endswith("/")
    ] == []
    assert sound in earlier.requirements()

    earlier.on(TORCH_VARIANT_CACHE_DIR=str(earlier.folder / "newer")).install(tool, "-U")

    assert earlier.exact() == NEW
    assert earlier.present() >= earlier.fetched()


def test_upgrade_by_variable(earlier: Sandbox) -> None:
    """TORCH_VARIANT_UPGRADE=1 takes the newer release, too."""
    earlier.install("uv")
    earlier.index.newest = None

    caches = ("TORCH_VARIANT_CACHE_DIR", "UV_CACHE_DIR")
    later = earlier.on(**{name: str(earlier.folder / "later" / name) for name in caches})
    later.on(TORCH_VARIANT_UPGRADE="1").install("uv")

    assert earlier.exact() == NEW


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_changed_hardware(sandbox: Sandbox, tool: str) -> None:
    """A CPU's torch is not kept where an accelerator can be used, nor CUDA's without one."""
    states = []
    for machine in ("none", "rtx-4090", "none"):
        sandbox.on(machine).install(tool)
        states.append(sandbox.exact())

    assert states == [ON_CPU, NEW, ON_CPU]


def test_plain_torch(sandbox: Sandbox) -> None:
    """A plain torch of the default index is kept where it runs, and swapped where it doesn't."""
    plain = {"torch": "2.8.0", "torchvision": "0.23.0"}
    sandbox.uv("pip", "install", *(f"{name}=={version}" for name, version in plain.items()))
    sandbox.index.forget()

    sandbox.on("rtx-4090").install("pip")

    assert sandbox.versions() == plain
    assert sandbox.fetched() == set()
    assert sandbox.record()["backend"] == "cu128"

    sandbox.on("mi300x").install("uv")

    assert sandbox.exact() == {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}


def test_force_reinstall(earlier: Sandbox) -> None:
    """With --force-reinstall nothing is kept, and the same release comes from its URL anew."""
    earlier.install("uv")

    earlier.install("pip", "--force-reinstall")

    assert earlier.exact() == OLD
    assert all(" @ http" in line for line in earlier.requirements()[:2])


def test_a_vendors_torch(sandbox: Sandbox) -> None:
    """A vendor's torch is kept and pinned; where no torchvision goes with it, that is said."""
    vendors = "2.8.0a0+5228986c39.nv25.5"
    only_torch = ('"torch>=2.3,<2.15", "torchvision", "numpy"', '"torch>=2.3,<2.15", "numpy"')
    sandbox.write("full", only_torch)
    write_torch(sandbox, vendors)

    sandbox.on("rtx-4090").install("pip")

    assert sandbox.versions() == {"torch": vendors}
    assert sandbox.requirements()[0] == f"torch=={vendors}"
    assert sandbox.fetched() == set()

    sandbox.write("full")

    output = sandbox.on("rtx-4090").refusal("pip")

    assert sandbox.versions() == {"torch": vendors}
    assert (
        f"torchvision: not installed, and no wheel goes with the installed torch {vendors}"
        in output
    )


def write_torch(sandbox: Sandbox, version: str) -> None:
    """Put a torch into the environment as a vendor's image has it."""
    (folder,) = find_site_packages(sandbox.python.parents[1])
    info = folder / f"torch-{version}.dist-info"
    texts = {
        info / "METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n",
        info / "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
        info / "INSTALLER": "pip\n",
        info / "RECORD": f"torch/version.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n",
        folder / "torch" / "version.py": f"__version__ = '{version}'\ncuda = '12.9'\nhip = None\n",
    }
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
