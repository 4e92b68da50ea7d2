"""A lock as a wheel source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.lock import LOCK
from hatch_torch.lock.source import LockedSource, LockedWheel

if TYPE_CHECKING:
    from hatch_torch.lock.model import Lock

CPU, ROCM = Backend("cpu"), Backend("rocm", (6, 4))
ROOT = "https://mirror.example.org/whl"


@pytest.fixture
def source(lock: Lock) -> LockedSource:
    """Return the lock as a source, below a mirror's root with credentials."""
    return LockedSource(lock.wheels, ROOT.replace("//", "//me:secret@"))


def test_wheels(source: LockedSource) -> None:
    """Wheels have a URL below the root, without its credentials, and their hash."""
    (torch,) = source.get_wheels(CPU, "Torch")
    assert torch.url == f"{ROOT}/cpu/torch-2.9.1%2Bcpu-cp312-cp312-manylinux_2_28_x86_64.whl"
    assert torch.sha256 == "0123456789abcdef" * 4
    assert source.load_pages([(CPU, "torch"), (CPU, "torchvision")]) == {
        (CPU, "torch"): (torch,),
        (CPU, "torchvision"): (),
    }
    assert source.get_wheels(Backend("xpu"), "torch") == ()


def test_backends(source: LockedSource) -> None:
    """The backends are the locked ones."""
    assert source.list_backends() == (ROCM, CPU)


def test_requirements(source: LockedSource) -> None:
    """A wheel has the requirements that only its backend's index serves."""
    (torch,) = source.get_wheels(ROCM, "torch")
    assert [requirement.name for requirement in source.read_requirements(torch)] == [
        "pytorch-triton-rocm"
    ]


def test_notes(source: LockedSource) -> None:
    """Notes say that a lock decided, and which wheels have no hash."""
    decided, unhashed = source.notes
    assert decided == f"{LOCK} decided the versions; no index was asked"
    assert "no hash of pytorch_triton_rocm-3.5.1" in unhashed


def test_own_folder(lock: Lock) -> None:
    """The paths of a backend with an index of its own are relative to that."""
    source = LockedSource(lock.wheels, ROOT, folders={ROCM: "https://rocm.example.org/6.4/"})
    assert [source.has_own_folder(backend) for backend in (CPU, ROCM)] == [False, True]
    (triton,) = source.get_wheels(ROCM, "pytorch-triton-rocm")
    assert triton.url.startswith("https://rocm.example.org/6.4/pytorch_triton_rocm-3.5.1")


def test_local_files_have_no_url(lock: Lock) -> None:
    """A file in a find-links folder is left to the installer to find."""
    (remote,) = LockedSource(lock.wheels, ROOT).get_wheels(CPU, "torch")
    (local,) = LockedSource(lock.wheels, ROOT, local_files={remote.filename}).get_wheels(
        CPU, "torch"
    )
    assert local == remote._replace(url="")


@pytest.mark.parametrize(
    ("path", "host", "root"),
    [
        ("//evil.example.org/", None, ROOT),
        ("https://evil.example.org/", None, ROOT),
        ("/x/", "evil.example.org", ROOT),
        ("cpu/", None, "http://mirror.example.org/whl"),
    ],
)
def test_rejects_other_hosts(lock: Lock, path: str, host: str | None, root: str) -> None:
    """A lock leads to no host that the project does not name, nor to one without https."""
    torch = lock.backends[CPU].wheels[0]
    redirected = LockedWheel(torch.name, torch.version, f"{path}{torch.filename}", host=host)
    source = LockedSource({CPU: [redirected]}, root)
    assert source.get_wheels(CPU, "torch") == ()
    assert "refused" in source.notes[1]
