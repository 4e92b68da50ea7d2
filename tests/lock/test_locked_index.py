"""A lock, asked like an index."""

from __future__ import annotations

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.lock import LOCK
from hatch_torch.lock.model import Lock, LockedIndex, LockedWheel, Part

CPU, ROCM = Backend("cpu"), Backend("rocm", (6, 4))
ROOT = "https://mirror.example.org/whl"


@pytest.fixture
def index(lock: Lock) -> LockedIndex:
    """Return the lock as an index, below a mirror's root that has a user."""
    return LockedIndex(lock, ROOT.replace("//", "//me:secret@"))


def test_wheels(index: LockedIndex) -> None:
    """Wheels come with their URL below the root, and with their hash."""
    (torch,) = index.wheels(CPU, "Torch")
    assert torch.url == f"{ROOT}/cpu/torch-2.9.1%2Bcpu-cp312-cp312-manylinux_2_28_x86_64.whl"
    assert torch.sha256 == "0123456789abcdef" * 4
    assert index.pages([(CPU, "torch"), (CPU, "torchvision")]) == {
        (CPU, "torch"): (torch,),
        (CPU, "torchvision"): (),
    }
    assert index.wheels(Backend("xpu"), "torch") == ()


def test_backends(index: LockedIndex) -> None:
    """The backends are those that are locked."""
    assert index.backends() == (ROCM, CPU)


def test_requires(index: LockedIndex) -> None:
    """What only the backend's index serves is known of a wheel."""
    (torch,) = index.wheels(ROCM, "torch")
    assert [one.name for one in index.requires(torch)] == ["pytorch-triton-rocm"]


def test_notes(index: LockedIndex) -> None:
    """The record says that a lock decided, and which wheels have no hash."""
    decided, unhashed = index.notes
    assert decided == f"{LOCK} decided the versions; no index was asked"
    assert "no hash of pytorch_triton_rocm-3.5.1" in unhashed


def test_a_folder_of_its_own(lock: Lock) -> None:
    """A backend with an index of its own has its paths below that."""
    own = LockedIndex(lock, ROOT, folders={ROCM: "https://rocm.example.org/6.4/"})
    assert [own.has_own_folder(one) for one in (CPU, ROCM)] == [False, True]
    (triton,) = own.wheels(ROCM, "pytorch-triton-rocm")
    assert triton.url.startswith("https://rocm.example.org/6.4/pytorch_triton_rocm-3.5.1")


def test_what_is_at_hand_gets_no_url(lock: Lock) -> None:
    """A file of a wheelhouse is named by its version."""
    (plain,) = LockedIndex(lock, ROOT).wheels(CPU, "torch")
    (found,) = LockedIndex(lock, ROOT, at_hand={plain.filename}).wheels(CPU, "torch")
    assert found == plain._replace(url="")


@pytest.mark.parametrize(
    ("path", "host", "root"),
    [
        ("//evil.example.org/", None, ROOT),
        ("https://evil.example.org/", None, ROOT),
        ("/x/", "evil.example.org", ROOT),
        ("cpu/", None, "http://mirror.example.org/whl"),
    ],
)
def test_other_hosts_are_refused(lock: Lock, path: str, host: str | None, root: str) -> None:
    """A lock leads to no host that the project does not name, and to none without https."""
    torch = lock.parts[CPU].wheels[0]
    led = LockedWheel(torch.name, torch.version, f"{path}{torch.filename}", host=host)
    part = Part(lock.parts[CPU].torch, (led,))
    index = LockedIndex(lock._replace(parts={CPU: part}), root)
    assert index.wheels(CPU, "torch") == ()
    assert "refused" in index.notes[1]
