"""A lock in the checkout: the same torch for everybody, the variant per machine, no network."""

from __future__ import annotations

import sys
import tarfile
from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import serve
from hatch_torch.frontend.uv_cache import STAMP
from hatch_torch.lock import LOCK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

EXCLUDE = '[tool.hatch.build.targets.sdist]\nexclude = ["/notes.txt"]\n'


def hatch_torch(sandbox: Sandbox, *arguments: str, fails: bool = False) -> str:
    """Run `hatch-torch` in the checkout."""
    return sandbox.run(sys.executable, "-m", "hatch_torch", *arguments, fails=fails)


def pages(sandbox: Sandbox) -> list[str]:
    """Return the paths of PyTorch's index that were asked for and are no wheels."""
    paths = [path for _, path in sandbox.index.requests if path.startswith("/whl/")]
    return [path for path in paths if not path.endswith(".whl")]


@pytest.fixture
def locked(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox whose checkout was locked over an index that is closed since."""
    with serve() as elsewhere:
        hatch_torch(sandbox.over(elsewhere), "lock")
    assert "127.0.0.1" not in (sandbox.project / LOCK).read_text(encoding="utf-8")
    return sandbox.on(
        TORCH_VARIANT_OFFLINE="1", TORCH_VARIANT_CACHE_DIR=str(sandbox.folder / "empty")
    )


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize(("machine", "local"), [("rtx-4090", "cu126"), ("none", "cpu")])
def test_the_same_torch_for_everybody(locked: Sandbox, tool: str, machine: str, local: str) -> None:
    """Two machines get the same release, each its own wheel, and no page of an index is read."""
    here = locked.on(machine)

    output = hatch_torch(here.on(COLUMNS="200"), "explain")
    here.install(tool)

    assert here.exact() == {"torch": f"2.14.1+{local}", "torchvision": f"0.29.2+{local}"}
    assert f"torch-2.14.1%2B{local}-" in output
    assert any(LOCK in warning for warning in here.record()["warnings"])
    assert [path for path in pages(here) if not path.endswith(".metadata")] == []


def test_what_is_installed_gives_way_to_the_lock(locked: Sandbox) -> None:
    """A torch that is right, but not the one that is locked, is replaced; the locked one stays."""
    online = locked.on(TORCH_VARIANT_OFFLINE="0")
    content = (locked.project / LOCK).read_bytes()
    (locked.project / LOCK).unlink()
    online.write("full", ("torch>=2.3,<2.15", "torch>=2.3,<2.14"))
    online.install("pip")
    assert online.exact()["torch"] == "2.13.0+cpu"
    online.write("full")
    (locked.project / LOCK).write_bytes(content)

    locked.install("pip")
    assert locked.exact()["torch"] == "2.14.1+cpu"

    locked.index.forget()
    locked.install("pip")
    assert locked.requirements()[0] == "torch==2.14.1+cpu"
    assert locked.fetched() == set()


def test_stale(locked: Sandbox) -> None:
    """Edited requirements fail the install, with the command that renews the lock."""
    locked.write("full", ("torch>=2.3,<2.15", "torch>=2.4,<2.15"))

    output = locked.refusal("pip")

    assert f"{LOCK} is out of date: made for torch<2.15,>=2.3" in output
    assert "hint: run `hatch-torch lock`" in output
    assert "is out of date" in hatch_torch(locked, "lock", "--check", fails=True)
    hatch_torch(locked.on(TORCH_VARIANT_OFFLINE="0"), "lock")
    hatch_torch(locked, "lock", "--check")


def test_portable_builds_ignore_it(sandbox: Sandbox, tmp_path: Path) -> None:
    """A wheel and an sdist are made whatever the lock is like, and hold neither it nor a stamp."""
    sandbox.write("full", more=EXCLUDE)
    sandbox.add(LOCK, "<<<<<<< ours\n")
    sandbox.add(".gitignore", "")
    sandbox.add(STAMP, "of a run of uv\n")
    sandbox.add("notes.txt", "mine")

    sandbox.run(sys.executable, "-m", "hatchling", "build", "--directory", tmp_path / "out")

    with tarfile.open(tmp_path / "out" / "my_app-1.0.tar.gz") as sdist:
        names = sdist.getnames()
    assert "my_app-1.0/my_app.py" in names
    assert not [name for name in names if name.endswith((LOCK, STAMP, "notes.txt"))]


def test_a_wheelhouse_has_the_locked_files(locked: Sandbox) -> None:
    """Where there is no index at all, the locked files come out of a folder, by their versions."""
    wheels = locked.folder / "wheels"
    locked.pip("download", "-q", "-d", wheels, "hatchling", "hatch-torch", "editables", "numpy")
    for family in (("torch==2.14.1", "torchvision==0.29.2"), ("torch==2.14.0", "torchvision")):
        index = f"{locked.index.torch_index}/cpu"
        locked.pip("download", "-q", "-d", wheels, "--index-url", index, *family)
    locked.index.forget()

    locked.install("pip", "--no-index", "--find-links", wheels)

    assert locked.requirements()[:2] == ["torch==2.14.1+cpu", "torchvision==0.29.2+cpu"]
    assert locked.versions()["torch"] == "2.14.1+cpu"
    assert locked.index.requests == []
