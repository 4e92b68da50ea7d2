"""URLs below a root, and the same files of a mirror."""

from __future__ import annotations

import pytest

from hatch_torch.lock.model import lengthened, shortened

PYTORCH = "https://download.pytorch.org/whl"
R2 = "https://download-r2.pytorch.org/whl/cu126/torch-2.whl"
MIRROR = "https://mirror.example.org/pytorch/whl/"


@pytest.mark.parametrize(
    ("url", "root", "expected"),
    [
        (f"{PYTORCH}/cu126/torch-2%2Bcu126.whl", PYTORCH, ("cu126/torch-2%2Bcu126.whl", None)),
        (f"{PYTORCH}/triton-3.whl", f"{PYTORCH}/", ("triton-3.whl", None)),
        (R2, PYTORCH, ("cu126/torch-2.whl", "download-r2.pytorch.org")),
        (R2, MIRROR, ("/whl/cu126/torch-2.whl", "download-r2.pytorch.org")),
        (f"{MIRROR}cpu/torch-2.whl", MIRROR, ("cpu/torch-2.whl", None)),
        ("https://mirror.example.org/+f/1/torch-2.whl", MIRROR, ("../../+f/1/torch-2.whl", None)),
        ("https://f.example.org/a/t.whl", MIRROR, ("/a/t.whl", "f.example.org")),
    ],
)
def test_there_and_back(url: str, root: str, expected: tuple[str, str | None]) -> None:
    """A path is short, and leads back to the same file."""
    found = shortened(url, root, {"f.example.org"})
    assert found == expected
    assert lengthened(*found, root) == url


def test_a_private_host_is_not_named() -> None:
    """A host that nothing public names stays out of a lock."""
    assert shortened("https://secret.example.org/x/t.whl", MIRROR)[1] is None


def test_a_mirror_applies() -> None:
    """What PyTorch's own hosts have is fetched from a mirror where that is the root."""
    path, host = shortened(R2, PYTORCH)
    assert lengthened(path, host, MIRROR) == f"{MIRROR}cu126/torch-2.whl"
    assert lengthened(path, host, MIRROR.rstrip("/")) == f"{MIRROR}cu126/torch-2.whl"
